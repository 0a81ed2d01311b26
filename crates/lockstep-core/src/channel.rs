//! What a channel can do, when, and within which limits: data, never code. What a channel can't do is absent.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::binding::InstrumentKind;
use crate::catalogue::Scheme;
use crate::money::Money;
use crate::time::{Day, Timestamp, Zone};

/// A channel's name in configuration, routes and tables, e.g. `unionpay`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelId(String);

impl ChannelId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChannelId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (2..=32).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text))
        } else {
            Err("a channel name has 2 to 32 characters of a-z, 0-9 and _")
        }
    }
}

impl TryFrom<&str> for ChannelId {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::try_from(text.to_owned())
    }
}

impl From<ChannelId> for String {
    fn from(id: ChannelId) -> Self {
        id.0
    }
}

impl std::fmt::Display for ChannelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether money comes to the lender or goes to the borrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A debit of the borrower's instrument (repayment, purchase).
    Collect,
    /// A credit to the borrower's instrument (disbursement, micro-deposit, refund).
    PayOut,
}

/// Over which time an amount is limited: a calendar day or month of the channel's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first to the last day.
    Month,
}

/// Everything the rules know about a channel. Loaded from configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name here.
    pub id: ChannelId,
    /// What people call it.
    pub name: ChannelName,
    /// Which code table its answers use.
    pub scheme: Scheme,
    /// Debits, if it can.
    pub collect: Option<AmountLimits>,
    /// Credits, if it can.
    pub pay_out: Option<AmountLimits>,
    /// Signing mandates, if it can.
    pub sign: Option<SignRules>,
    /// Giving back what it debited, if it can. Elsewhere money goes back as a credit.
    #[serde(default)]
    pub refund: Option<RefundRules>,
    /// Asking for the outcome of a payment, if it can.
    pub query: Option<QueryRules>,
    /// Undoing a debit of which nobody knows whether it happened, if it can (ISO 8583 0400 and the like).
    #[serde(default)]
    pub reversal: Option<ReversalRules>,
    /// Its own record of each day, if it gives one.
    #[serde(default)]
    pub statement: Option<StatementRules>,
    /// Whether it sends notices about payments by itself.
    pub notices: bool,
    /// When it takes payments.
    pub hours: Hours,
    /// Longest time after which a request that got no answer may still be executed. "Not found" is no proof
    /// of anything before this has passed.
    pub late_execution_window_s: u64,
    /// Longest wait for an answer to one call.
    pub call_timeout_ms: u64,
    /// An unknown that lives longer raises an alarm.
    pub unknown_deadline_s: u64,
    /// How many calls may be under way at once; the rest wait without taking others' places.
    pub max_in_flight: usize,
    /// Health calls or questions without risk, if it takes any: how it is found out whether it has recovered.
    #[serde(default)]
    pub probe: Option<ProbeRules>,
    /// Price of one successful debit in 1/1000 of a minor unit, for ranking.
    #[serde(default)]
    pub cost_milli_minor: u64,
}

/// A channel's name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelName {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

/// Limits of payments through a channel, in minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountLimits {
    /// The only currency it moves.
    pub currency: crate::money::Currency,
    /// Smallest amount of one payment.
    pub min_minor: i64,
    /// Largest amount of one payment.
    pub max_minor: i64,
    /// Most that may be debited from one instrument in a day of the channel's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_minor: Option<i64>,
    /// Most that may be debited from one instrument in a calendar month of the channel's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_minor: Option<i64>,
    /// Limits of single banks on this channel, by their code (`ICBC`); the lower one holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub issuers: BTreeMap<String, IssuerLimits>,
}

/// What one bank allows on a channel, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerLimits {
    /// Largest amount of one payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_minor: Option<i64>,
    /// Most in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_minor: Option<i64>,
    /// Most in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_minor: Option<i64>,
}

/// The least of several limits, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// Largest amount of one payment.
    pub single_minor: i64,
    /// Most in a day, if it is limited.
    pub daily_minor: Option<i64>,
    /// Most in a month, if it is limited.
    pub monthly_minor: Option<i64>,
}

/// How a channel signs mandates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRules {
    /// The bank texts a code to the reserved phone and checks it.
    pub sms_code: Option<CodeRules>,
    /// Accepts an account proven by micro-deposit, without a code.
    pub micro_deposit: bool,
}

/// Rules for codes sent by SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRules {
    /// How long a code may be used. OWASP ASVS 6.5.5 allows at most 10 minutes.
    pub ttl_s: u64,
    /// Wrong entries before the code dies. With 5 per code and 10 codes a day a guesser has 50 in 10⁶ a day.
    pub max_tries: u8,
    /// Shortest time between two codes to the same phone.
    pub resend_after_s: u64,
}

/// How a channel in trouble is probed: with a health call, or a question about an order that can't exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRules {
    /// Time between two probes.
    pub every_ms: u64,
    /// Good answers in a row before payments are let through again.
    pub successes: u8,
}

/// How a channel gives back what it debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRules {
    /// It refunds debits that are younger than this.
    pub max_age_days: u32,
    /// Whether it refunds a part, and more than once, as long as the sum stays within the debit.
    pub partial: bool,
}

/// How often a channel may be asked about one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryRules {
    /// Waiting times before the 1st, 2nd, … query; the last repeats.
    pub ladder_s: Vec<u64>,
}

impl QueryRules {
    /// Wait before query number `asked + 1`.
    pub fn wait(&self, asked: u16) -> Duration {
        let step = self.ladder_s.get(usize::from(asked)).or(self.ladder_s.last());
        Duration::from_secs(step.copied().unwrap_or(60))
    }
}

/// How a channel undoes a debit that may or may not have happened. The same reversal number gets the same answer
/// however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReversalRules {
    /// An unknown that has lived this long is reversed, in seconds from when it was noted.
    pub after_s: u64,
    /// Waiting times before the 2nd, 3rd, … sending of a reversal that got no answer; the last repeats.
    pub ladder_s: Vec<u64>,
    /// The channel remembers a reversal of an order it has not seen, and refuses the order if it comes later.
    /// Then "no such order" is a proof at once; otherwise only after the late-execution window.
    #[serde(default)]
    pub blocks_late_original: bool,
}

impl ReversalRules {
    /// Wait before the reversal is sent again after `sent` sendings.
    pub fn wait(&self, sent: u16) -> Duration {
        let step = self.ladder_s.get(usize::from(sent.saturating_sub(1))).or(self.ladder_s.last());
        Duration::from_secs(step.copied().unwrap_or(60))
    }
}

/// When a channel's statement of a day can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRules {
    /// The zone in which the channel counts its statement's day.
    pub zone: Zone,
    /// Minute of the following day at which a day's statement is ready, 0–1439.
    pub ready_minute: u16,
    /// Wait before a statement that was not ready is read again, in seconds.
    pub again_s: u64,
}

impl StatementRules {
    /// When the statement of a day is ready.
    pub fn ready(&self, day: Day) -> Timestamp {
        day.next().moment(&self.zone, self.ready_minute)
    }
}

/// Daily opening hours and announced maintenance, half-open intervals in the channel's own zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The zone in which the channel counts its day.
    pub zone: Zone,
    /// Opening minute of the day, 0–1439.
    #[serde(default)]
    pub opens_minute: u16,
    /// Closing minute of the day, 1–1440; must be after opening.
    #[serde(default = "whole_day")]
    pub closes_minute: u16,
    /// Announced closures, `[from, until)`.
    #[serde(default)]
    pub maintenance: Vec<Closure>,
}

const fn whole_day() -> u16 {
    1440
}

/// An announced closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// First closed moment.
    pub from: Timestamp,
    /// First open moment after it.
    pub until: Timestamp,
}

impl Hours {
    /// Open all day, every day.
    pub fn always(zone: Zone) -> Self {
        Self { zone, opens_minute: 0, closes_minute: 1440, maintenance: Vec::new() }
    }

    /// Whether the channel takes payments at this moment.
    pub fn open_at(&self, moment: Timestamp) -> bool {
        let minute = moment.minute_of_day(&self.zone);
        let in_day = (self.opens_minute..self.closes_minute).contains(&minute);
        in_day && !self.maintenance.iter().any(|closure| closure.from <= moment && moment < closure.until)
    }

    /// The first open moment at or after `moment`. Looks at most a year ahead.
    pub fn next_open(&self, moment: Timestamp) -> Timestamp {
        let mut candidate = moment;
        for _ in 0..400 {
            if self.open_at(candidate) {
                return candidate;
            }
            candidate = self.next_edge(candidate);
        }
        candidate
    }

    fn next_edge(&self, moment: Timestamp) -> Timestamp {
        let today = moment.day_in(&self.zone);
        let opening = |day: Date| self.zone.moment(day, self.opens_minute);
        let mut edges = vec![opening(today), opening(today.saturating_add(jiff::Span::new().days(1)))];
        edges.extend(self.maintenance.iter().map(|closure| closure.until));
        edges.into_iter().filter(|edge| *edge > moment).min().unwrap_or(moment)
    }
}

impl Capability {
    /// The limits for a direction; `None` when the channel can't move money that way.
    pub fn limits(&self, direction: Direction) -> Option<&AmountLimits> {
        match direction {
            Direction::Collect => self.collect.as_ref(),
            Direction::PayOut => self.pay_out.as_ref(),
        }
    }

    /// Whether it signs mandates for this kind of instrument.
    pub fn signs(&self, kind: InstrumentKind) -> bool {
        self.sign.as_ref().is_some_and(|rules| match kind {
            InstrumentKind::DebitCard | InstrumentKind::CreditCard => rules.sms_code.is_some(),
            InstrumentKind::BankAccount => rules.micro_deposit,
        })
    }

    /// The late-execution window W.
    pub fn late_execution_window(&self) -> Duration {
        Duration::from_secs(self.late_execution_window_s)
    }

    /// Wrong or dangerous configuration, each as one sentence naming the field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |wrong: bool, text: &str| {
            if wrong {
                problems.push(format!("channel {}: {text}", self.id));
            }
        };
        check(
            self.hours.opens_minute >= self.hours.closes_minute,
            "hours.opens_minute must be before closes_minute",
        );
        check(self.hours.closes_minute > 1440, "hours.closes_minute is at most 1440");
        check(self.call_timeout_ms == 0, "call_timeout_ms must be greater than zero");
        check(self.max_in_flight == 0, "max_in_flight must be greater than zero");
        check(
            self.late_execution_window_s.saturating_mul(1000) < self.call_timeout_ms,
            "late_execution_window_s is shorter than call_timeout_ms: a request could be called dead while it runs",
        );
        check(
            self.query.is_none() && !self.notices && self.statement.is_none(),
            "has neither queries nor notices nor a statement: an unknown could never end",
        );
        check(
            self.refund.is_some_and(|refund| refund.max_age_days == 0),
            "refund.max_age_days must be greater than zero; leave [refund] out for a channel that can't refund",
        );
        check(self.query.as_ref().is_some_and(|query| query.ladder_s.is_empty()), "query.ladder_s is empty");
        check(
            self.reversal.as_ref().is_some_and(|reversal| reversal.ladder_s.is_empty()),
            "reversal.ladder_s is empty",
        );
        check(
            self.reversal.as_ref().is_some_and(|reversal| reversal.ladder_s.contains(&0)),
            "reversal.ladder_s: every wait must be greater than zero",
        );
        check(
            self.statement.as_ref().is_some_and(|statement| statement.ready_minute >= 1440),
            "statement.ready_minute is at most 1439",
        );
        check(
            self.statement.as_ref().is_some_and(|statement| statement.again_s == 0),
            "statement.again_s must be greater than zero",
        );
        check(
            self.probe.is_some_and(|probe| probe.every_ms < 100 || probe.successes == 0),
            "probe: need every_ms ≥ 100 and successes ≥ 1",
        );
        for limits in [&self.collect, &self.pay_out].into_iter().flatten() {
            check(
                limits.min_minor < 1 || limits.max_minor < limits.min_minor,
                "limits: need 1 ≤ min_minor ≤ max_minor",
            );
            let periodic = limits
                .issuers
                .values()
                .flat_map(|one| [one.single_minor, one.daily_minor, one.monthly_minor]);
            let periodic = periodic.chain([limits.daily_minor, limits.monthly_minor]).flatten();
            check(
                periodic.into_iter().any(|limit| limit < limits.min_minor),
                "limits: a limit (daily_minor, monthly_minor, issuers.*) is below min_minor: nothing could ever pass",
            );
        }
        problems
    }
}

impl AmountLimits {
    /// Whether the channel would take this amount in one payment.
    pub fn allow(&self, money: Money) -> bool {
        money.currency == self.currency && (self.min_minor..=self.max_minor).contains(&money.amount_minor)
    }

    /// The least of the channel's limits and those of the bank behind the instrument on it.
    pub fn ceilings(&self, issuer: Option<&str>) -> Ceilings {
        let own = issuer.and_then(|code| self.issuers.get(code)).copied().unwrap_or_default();
        let least = |one: Option<i64>, two: Option<i64>| one.into_iter().chain(two).min();
        Ceilings {
            single_minor: own.single_minor.map_or(self.max_minor, |single| single.min(self.max_minor)),
            daily_minor: least(self.daily_minor, own.daily_minor),
            monthly_minor: least(self.monthly_minor, own.monthly_minor),
        }
    }
}

/// All channels of this installation, by name. Ranked in name order unless the caller says otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChannelBook(BTreeMap<ChannelId, Capability>);

impl ChannelBook {
    /// The same channels as they are for somebody whose clock may go faster than time by so many millionths: their
    /// late-execution windows, in seconds by that clock, are longer by as much, so that none is over early.
    #[must_use]
    pub fn by_a_clock_fast_by(mut self, ppm: u32) -> Self {
        for capability in self.0.values_mut() {
            let window_s = capability.late_execution_window_s;
            let longer_s = window_s.saturating_mul(u64::from(ppm)).div_ceil(1_000_000);
            capability.late_execution_window_s = window_s.saturating_add(longer_s);
        }
        self
    }

    /// From a list; a later entry of the same name replaces an earlier one.
    pub fn new(channels: impl IntoIterator<Item = Capability>) -> Self {
        Self(channels.into_iter().map(|capability| (capability.id.clone(), capability)).collect())
    }

    /// One channel.
    pub fn get(&self, id: &ChannelId) -> Option<&Capability> {
        self.0.get(id)
    }

    /// All of them, in name order.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours() -> Hours {
        let at = |text| Timestamp::from_rfc3339(text).unwrap();
        Hours {
            zone: Zone::shanghai().clone(),
            opens_minute: 7 * 60,
            closes_minute: 22 * 60,
            maintenance: vec![Closure {
                from: at("2026-03-02T08:00:00+08:00"),
                until: at("2026-03-02T09:30:00+08:00"),
            }],
        }
    }

    #[test]
    fn a_window_is_not_over_early_by_a_clock_that_runs_fast() {
        let book = crate::scenario::channels::book();
        for capability in book.iter() {
            let window_s = capability.late_execution_window_s;
            let fast = book.clone().by_a_clock_fast_by(5_000);
            let by_it = fast.get(&capability.id).map_or(0, |one| one.late_execution_window_s);
            // Seconds by the fast clock, as time that really passed.
            assert!(by_it * 1_000_000 / 1_005_000 >= window_s && by_it <= window_s + window_s / 100 + 1);
            assert_eq!(book.clone().by_a_clock_fast_by(0).get(&capability.id), Some(capability));
        }
    }

    #[test]
    fn hours_are_half_open() {
        let cases = [
            ("2026-03-01T06:59:59.999+08:00", false),
            ("2026-03-01T07:00:00+08:00", true),
            ("2026-03-01T21:59:59.999+08:00", true),
            ("2026-03-01T22:00:00+08:00", false),
            ("2026-03-02T07:59:59.999+08:00", true),
            ("2026-03-02T08:00:00+08:00", false),
            ("2026-03-02T09:30:00+08:00", true),
        ];
        for (moment, open) in cases {
            assert_eq!(hours().open_at(Timestamp::from_rfc3339(moment).unwrap()), open, "{moment}");
        }
    }

    #[test]
    fn next_open_skips_night_and_maintenance() {
        let next = |text| hours().next_open(Timestamp::from_rfc3339(text).unwrap()).to_rfc3339();
        assert_eq!(next("2026-03-01T23:00:00+08:00"), "2026-03-01T23:00:00.000Z");
        assert_eq!(next("2026-03-02T08:10:00+08:00"), "2026-03-02T01:30:00.000Z");
        assert_eq!(next("2026-03-01T12:00:00+08:00"), "2026-03-01T04:00:00.000Z");
    }
}
