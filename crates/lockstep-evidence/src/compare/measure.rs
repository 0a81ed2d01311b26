//! What is measured of a policy's run over one seed.

use std::collections::BTreeMap;

use super::DAY_MS;
use super::desk::{Asked, Log, Suspicion};
use super::policy::MAX_ATTEMPTS;
use super::stats::{median, percentile};
use super::truth::{Cause, Said, Trouble, TroubleKind, Truth};

/// How a row is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// A share between 0 and 1, in percent.
    Share,
    /// A difference of shares, in points.
    Points,
    /// A count or rate with one decimal.
    Number,
    /// Attempts and the like, with two decimals or more.
    Ratio,
    /// Seconds.
    Seconds,
    /// Minor units of CNY, shown in yuan.
    Money,
}

macro_rules! rows {
    ($($(#[$doc:meta])* $variant:ident = $key:literal, $shown:ident, $higher:literal, $en:literal, $zh:literal;)*) => {
        /// A row of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Row { $($(#[$doc])* $variant),* }

        /// All rows, in the table's order.
        pub const ROWS: &[Row] = &[$(Row::$variant),*];

        impl Row {
            /// Its name in JSON.
            pub const fn key(self) -> &'static str { match self { $(Self::$variant => $key),* } }
            /// How it is shown.
            pub const fn shown(self) -> Shown { match self { $(Self::$variant => Shown::$shown),* } }
            /// Whether more of it is better.
            pub const fn higher_is_better(self) -> bool { match self { $(Self::$variant => $higher),* } }
            /// Its name for people: English and Chinese.
            pub const fn label(self) -> (&'static str, &'static str) { match self { $(Self::$variant => ($en, $zh)),* } }
        }
    };
}

rows! {
    /// Collected within ten days of the due moment, in at most eight attempts.
    Collected10d = "collected_10d", Share, true, "collected in 10 days, ≤ 8 attempts", "十天内收回（至多八次）";
    /// Collected by the first attempt, made within an hour of the due moment.
    CollectedFirst = "collected_first", Share, true, "at the first attempt", "首次即收回";
    /// Collected before the due day ended.
    CollectedSameDay = "collected_same_day", Share, true, "the same day", "当日收回";
    /// Collected within five days.
    Collected5d = "collected_5d", Share, true, "in 5 days", "五天内收回";
    /// What the oracle collects in ten days and this policy doesn't.
    Regret = "regret", Points, false, "behind the oracle, points", "落后先知（百分点）";
    /// Debits beyond what was owed, per 100,000 orders.
    DoubleDebits = "double_debits_per_100k", Number, false, "double debits per 100,000", "重复扣款（每十万笔）";
    /// Attempts that reached a channel, per collected order.
    AttemptsPerSuccess = "attempts_per_success", Ratio, false, "attempts per success", "每笔收回的尝试次数";
    /// Most attempts of one order that reached a channel.
    MostAttempts = "most_attempts", Number, false, "most attempts of one order", "单笔最多尝试次数";
    /// Attempts the scheme's own rules forbid, per 100,000 orders.
    SchemeBreaches = "scheme_breaches_per_100k", Number, false, "against scheme rules per 100,000", "违反卡组织规则（每十万笔）";
    /// Payments sent to a channel in full outage, per 100,000 orders.
    SentToDead = "sent_to_dead_per_100k", Number, false, "sent to a dead channel per 100,000", "发往瘫痪渠道（每十万笔）";
    /// In a full outage: from the first to the last payment sent into it, median seconds.
    OutageLeftAfter = "outage_left_after_s", Seconds, false, "leaves a dead channel after, median", "离开瘫痪渠道用时（中位）";
    /// After a full outage: from the first payment to the first one on the healed channel, median seconds.
    HealedUsedAfter = "healed_used_after_s", Seconds, false, "uses a healed channel after, median", "恢复后再启用用时（中位）";
    /// After a full outage of an issuer: until an order that fell due in it, and could not be collected, is tried again,
    /// median seconds.
    IssuerTriedAfter = "issuer_tried_after_s", Seconds, false, "tries a healed issuer after, median", "银行恢复后重试用时（中位）";
    /// The same, of 99 in 100.
    IssuerTriedAfterP99 = "issuer_tried_after_p99_s", Seconds, false, "tries a healed issuer after, 99th percentile", "银行恢复后重试用时（99分位）";
    /// Attempts into an issuer's full outage, per order that fell due in it.
    IntoIssuerOutage = "attempts_into_issuer_outage", Ratio, false, "attempts into an issuer's outage, per order", "银行故障期间每笔尝试次数";
    /// Alarms about a healthy channel, per channel and 30 days.
    FalseAlarms = "false_alarms_per_channel_month", Ratio, false, "false alarms per channel and month", "误报（每渠道每月）";
    /// Status queries, per 100,000 orders.
    StatusQueries = "status_queries_per_100k", Number, false, "status queries per 100,000", "查询次数（每十万笔）";
    /// Status queries above a channel's cap, per 100,000 orders.
    StatusOverCap = "status_over_cap_per_100k", Number, false, "queries above a cap per 100,000", "超限查询（每十万笔）";
    /// Channel costs per collected order.
    CostPerSuccess = "cost_per_success_minor", Money, false, "channel cost per success, CNY", "每笔收回的渠道费（元）";
}

impl Row {
    /// Whether it tells how a policy finds out about outages.
    pub(crate) fn about_outages(self) -> bool {
        matches!(
            self,
            Self::SentToDead
                | Self::OutageLeftAfter
                | Self::HealedUsedAfter
                | Self::IssuerTriedAfter
                | Self::IssuerTriedAfterP99
                | Self::IntoIssuerOutage
        )
    }
}

/// One policy on one seed.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) rows: BTreeMap<Row, f64>,
    /// By channel.
    pub(crate) asked: Vec<Asked>,
    /// Share collected before the end of day 1, 2, … 10 after the due moment.
    pub(crate) curve: Vec<f64>,
}

/// What a run left behind.
pub(crate) struct Traces<'a> {
    pub(crate) logs: &'a [Log],
    pub(crate) sends: &'a [(i64, u8)],
    pub(crate) asked: &'a [Asked],
    /// `None` for a policy that doesn't judge channels.
    pub(crate) suspicions: Option<&'a [Suspicion]>,
}

/// Measures a run.
pub(crate) fn figures(truth: &Truth<'_>, traces: &Traces<'_>) -> Figures {
    let orders = truth.orders.len() as f64;
    let mut rows = BTreeMap::new();
    let share = |test: &dyn Fn(usize) -> bool| {
        (0..truth.orders.len()).filter(|order| test(*order)).count() as f64 / orders
    };
    let within = |order: usize, ms: i64| collected(truth, traces.logs, order, ms);
    let successes = share(&|order| within(order, 10 * DAY_MS)) * orders;
    rows.insert(Row::Collected10d, successes / orders);
    rows.insert(Row::Collected5d, share(&|order| within(order, 5 * DAY_MS)));
    rows.insert(Row::CollectedSameDay, share(&|order| within(order, rest_of_day(truth, order))));
    rows.insert(Row::CollectedFirst, share(&|order| at_first(truth, traces.logs, order)));
    let curve = (1..=10).map(|day| share(&|order| within(order, day * DAY_MS))).collect();
    let attempts: usize = traces.logs.iter().map(reached).sum();
    let per_100k = |count: f64| count * 100_000.0 / orders;
    rows.insert(
        Row::DoubleDebits,
        per_100k((0..truth.orders.len()).map(|order| surplus(truth, traces.logs, order)).sum()),
    );
    rows.insert(Row::AttemptsPerSuccess, attempts as f64 / successes.max(1.0));
    rows.insert(Row::MostAttempts, traces.logs.iter().map(reached).max().unwrap_or(0) as f64);
    let sent = || traces.logs.iter().flat_map(|log| &log.sent);
    rows.insert(
        Row::SchemeBreaches,
        per_100k(traces.logs.iter().map(|log| breaches(truth, log)).sum::<usize>() as f64),
    );
    rows.insert(Row::SentToDead, per_100k(sent().filter(|sent| sent.outcome.dead).count() as f64));
    let cost: u64 = sent()
        .map(|sent| {
            let channel = &truth.world.channels[usize::from(sent.channel)];
            let paid = if sent.outcome.paid { channel.capability.cost_milli_minor } else { 0 };
            let tried = if sent.reached() { channel.given.per_attempt_milli_minor } else { 0 };
            paid + tried
        })
        .sum();
    rows.insert(Row::CostPerSuccess, cost as f64 / 1000.0 / successes.max(1.0));
    rows.insert(
        Row::StatusQueries,
        per_100k(traces.asked.iter().map(|asked| asked.queries).sum::<u64>() as f64),
    );
    rows.insert(
        Row::StatusOverCap,
        per_100k(traces.asked.iter().map(|asked| asked.over_cap).sum::<u64>() as f64),
    );
    let (left, used) = outages(truth, traces.sends);
    rows.extend(left.map(|seconds| (Row::OutageLeftAfter, seconds)));
    rows.extend(used.map(|seconds| (Row::HealedUsedAfter, seconds)));
    let issuers = issuer_outages(truth, traces.logs);
    rows.extend(median(issuers.tried_after_s.clone()).map(|seconds| (Row::IssuerTriedAfter, seconds)));
    rows.extend(percentile(issuers.tried_after_s, 99).map(|seconds| (Row::IssuerTriedAfterP99, seconds)));
    if issuers.orders > 0.0 {
        rows.insert(Row::IntoIssuerOutage, issuers.attempts / issuers.orders);
    }
    if let Some(suspicions) = traces.suspicions {
        let channel_months =
            (truth.end - truth.start) as f64 / (30 * DAY_MS) as f64 * truth.world.channels.len() as f64;
        let wrong = suspicions.iter().filter(|suspicion| healthy(truth, suspicion)).count();
        rows.insert(Row::FalseAlarms, wrong as f64 / channel_months);
    }
    Figures { rows, asked: traces.asked.to_vec(), curve }
}

/// Whether an order was collected in time and with at most eight attempts.
pub(crate) fn collected(truth: &Truth<'_>, logs: &[Log], order: usize, within_ms: i64) -> bool {
    let log = &logs[order];
    log.collected_at.is_some_and(|at| {
        let attempts = log.sent.iter().filter(|sent| sent.reached() && sent.at <= at).count();
        at < truth.orders[order].due + within_ms && attempts <= MAX_ATTEMPTS
    })
}

fn rest_of_day(truth: &Truth<'_>, order: usize) -> i64 {
    DAY_MS - (truth.orders[order].due - truth.start).rem_euclid(DAY_MS)
}

fn at_first(truth: &Truth<'_>, logs: &[Log], order: usize) -> bool {
    let first = logs[order].sent.iter().find(|sent| sent.reached());
    let within_the_hour = first.is_some_and(|first| {
        first.at < truth.orders[order].due + super::HOUR_MS && logs[order].collected_at == Some(first.at)
    });
    within_the_hour && first.is_some_and(|first| first.outcome.paid)
}

fn reached(log: &Log) -> usize {
    log.sent.iter().filter(|sent| sent.reached()).count()
}

/// Debits after everything owed had been moved.
fn surplus(truth: &Truth<'_>, logs: &[Log], order: usize) -> f64 {
    let (mut moved, mut surplus) = (0, 0);
    for sent in logs[order].sent.iter().filter(|sent| sent.outcome.paid) {
        surplus += u32::from(moved >= truth.orders[order].amount_minor);
        moved += sent.amount_minor;
    }
    f64::from(surplus)
}

/// Attempts that a scheme forbids: above its cap, or after a hard decline of the same instrument.
fn breaches(truth: &Truth<'_>, log: &Log) -> usize {
    let instrument = |channel: u8| truth.world.channels[usize::from(channel)].instrument;
    let again = |place: usize| {
        let sent = &log.sent[place];
        let hard = |before: &&super::desk::Sent| {
            matches!(before.outcome.said, Said::Stale | Said::AccountClosed)
                && instrument(before.channel) == instrument(sent.channel)
        };
        sent.outcome.cause == Cause::TooMany || log.sent[..place].iter().any(|before| hard(&before))
    };
    (0..log.sent.len()).filter(|place| log.sent[*place].reached() && again(*place)).count()
}

/// A channel that carried at least this share of a policy's payments in the day before is one it relied on.
const RELIED_ON: f64 = 0.10;

/// Median seconds until full outages were left and healed channels used again, over the outages of channels that a policy
/// relied on and met. Both are counted from the first payment there was to send, so that a quiet night is not held against
/// anybody; and a channel that heals within its announced closing hours counts as healed when it opens.
fn outages(truth: &Truth<'_>, sends: &[(i64, u8)]) -> (Option<f64>, Option<f64>) {
    let (mut left, mut used) = (Vec::new(), Vec::new());
    let last_send = sends.last().map_or(truth.start, |(at, _)| *at);
    for (channel, troubles) in truth.troubles.iter().enumerate() {
        for (from, until) in dead_spans(troubles) {
            let first = sends.partition_point(|(at, _)| *at < from);
            let after = sends.partition_point(|(at, _)| *at < until);
            let here = |sent: &&(i64, u8)| usize::from(sent.1) == channel;
            let before = &sends[sends.partition_point(|(at, _)| *at < from - DAY_MS)..first];
            if (before.iter().filter(here).count() as f64) < RELIED_ON * before.len().max(1) as f64 {
                continue;
            }
            let inside: Vec<_> = sends[first..after].iter().filter(here).collect();
            let (Some((begins, _)), Some((ends, _))) = (inside.first(), inside.last()) else { continue };
            left.push((ends - begins) as f64 / 1000.0);
            let opens = truth.next_open(channel, until);
            let healed = after + sends[after..].partition_point(|(at, _)| *at < opens);
            let Some((next, _)) = sends.get(healed) else { continue };
            let again = sends[healed..].iter().find(here).map_or(last_send, |(at, _)| *at);
            used.push((again - next) as f64 / 1000.0);
        }
    }
    (median(left), median(used))
}

/// What a policy did about full outages of issuers.
#[derive(Default)]
struct IssuerOutages {
    /// Orders that fell due in one.
    orders: f64,
    /// Attempts of theirs that were sent into it.
    attempts: f64,
    /// From healing to the next attempt, of those that were not collected by then.
    tried_after_s: Vec<f64>,
}

fn issuer_outages(truth: &Truth<'_>, logs: &[Log]) -> IssuerOutages {
    let mut found = IssuerOutages::default();
    // An issuer's own outage is on every channel alike: the first one's list has them all.
    let own = |trouble: &&Trouble| trouble.kind == TroubleKind::Issuer && trouble.works == 0.0;
    for trouble in truth.troubles.first().into_iter().flatten().filter(own) {
        let met = truth.orders.iter().zip(logs).filter(|(order, _)| trouble.meets(order.issuer, order.due));
        for (_, log) in met {
            found.orders += 1.0;
            let inside = |sent: &&super::desk::Sent| sent.reached() && sent.at < trouble.until;
            found.attempts += log.sent.iter().filter(inside).count() as f64;
            let open = log.collected_at.is_none_or(|at| at >= trouble.until);
            let next = log.sent.iter().find(|sent| sent.at >= trouble.until).filter(|_| open);
            found.tried_after_s.extend(next.map(|sent| (sent.at - trouble.until) as f64 / 1000.0));
        }
    }
    found
}

/// Spans in which a channel is in full outage, merged.
fn dead_spans(troubles: &[Trouble]) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for trouble in troubles.iter().filter(|trouble| trouble.dead()) {
        match spans.last_mut() {
            Some(last) if trouble.from <= last.1 => last.1 = last.1.max(trouble.until),
            _ => spans.push((trouble.from, trouble.until)),
        }
    }
    spans
}

/// Whether the suspected channel had nothing wrong of its own, now or in the half hour before.
fn healthy(truth: &Truth<'_>, suspicion: &Suspicion) -> bool {
    let recent = suspicion.at - DAY_MS / 48;
    !truth.troubles[suspicion.channel].iter().any(|trouble| {
        matches!(trouble.kind, TroubleKind::Channel | TroubleKind::Drift)
            && trouble.from <= suspicion.at
            && recent < trouble.until
    })
}
