//! What to do after an attempt failed: when to try again, or why not. A plan by cause, within budgets.

pub(super) mod budget;
pub(crate) mod card_scheme;
mod funds;
mod hours;
mod instrument;
mod policy;
mod slots;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::budget::RetryBudget;
pub use self::card_scheme::{Cap, CardScheme, SchemeRule};
pub use self::funds::{FundsClock, Look};
pub use self::policy::{FundsPolicy, RetryPolicy, StormPolicy};

pub(super) use self::instrument::{deciding, says_about_instrument};

use self::card_scheme::Allowed;
use self::slots::Wanted;
use super::{Attempt, AttemptState, Payment, Stopped, excuse};
use crate::binding::Binding;
use crate::catalogue::{Reason, RetryRule};
use crate::decision::Facts;
use crate::id::Mint;
use crate::time::Timestamp;

/// Attempts that never left cost the bank nothing, but they end too.
const MAX_OPENED: usize = 60;
/// Longest pause between two tries after technical failures.
const LONGEST_PAUSE_S: u64 = 12 * 3600;
/// Declines without a reason that lie closer together are one moment of the bank's mind.
const SAME_MOMENT: Duration = Duration::from_secs(3600);
const A_DAY: Duration = Duration::from_secs(86_400);

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again at this moment.
    TryAt(Timestamp),
    /// Stop.
    Stop(Stopped),
}

/// Where a payment could go instead of the channel that has just failed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// A channel on which it did not fail of late takes it now.
    Now,
    /// Another instrument of the borrower may stand in now.
    StandIn,
    /// One opens at this moment.
    Later(Timestamp),
    /// Only to channels on which it failed of late.
    Again,
    /// None.
    Nowhere,
}

/// A payment whose latest attempt has just failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed<'a> {
    /// The payment, its failed attempt included.
    pub(super) payment: &'a Payment,
    /// The instrument.
    pub(super) binding: &'a Binding,
    /// Why it failed.
    pub(super) reason: Reason,
    /// Where else it could go.
    pub(super) elsewhere: Elsewhere,
    /// Whether it could be collected in smaller parts.
    pub(super) divisible: bool,
}

/// What comes after the latest attempt failed.
pub(super) fn after_failure(failed: &Failed<'_>, mint: &mut Mint, facts: &Facts<'_>) -> Next {
    let Failed { payment, binding, reason, .. } = *failed;
    let left = tries_left(payment, facts);
    if left == 0 {
        return Next::Stop(Stopped::AttemptsUsedUp);
    }
    if failed.elsewhere == Elsewhere::StandIn && says_about_instrument(reason) {
        let open = facts.now < payment.window_ends;
        return if open { Next::TryAt(facts.now) } else { Next::Stop(Stopped::WindowOver) };
    }
    let not_before = match scheme_allows(payment, binding, facts) {
        Allowed::Yes => facts.now,
        Allowed::From(at) => at,
        Allowed::Never => return Next::Stop(Stopped::Final),
    };
    let at = match by_cause(failed, left, mint, facts) {
        Ok(at) => at.max(not_before),
        Err(stopped) => return Next::Stop(stopped),
    };
    let at =
        if enough_today(binding, reason, at, facts) { morning(facts, next_day(facts), mint) } else { at };
    if at >= payment.window_ends { Next::Stop(Stopped::WindowOver) } else { Next::TryAt(at) }
}

/// Attempts that the payment may still make.
fn tries_left(payment: &Payment, facts: &Facts<'_>) -> usize {
    let counted = payment.attempts.iter().filter(|attempt| attempt.counts()).count();
    if payment.attempts.len() >= MAX_OPENED {
        return 0;
    }
    usize::from(facts.retry.max_attempts).saturating_sub(counted)
}

fn scheme_allows(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Allowed {
    let answer = payment.last_attempt().and_then(|attempt| match &attempt.state {
        AttemptState::Failed { code: Some(code), .. } => {
            facts.channels.get(&attempt.channel).map(|channel| (channel, code.as_str()))
        }
        AttemptState::Failed { .. }
        | AttemptState::Sending
        | AttemptState::Unknown { .. }
        | AttemptState::Succeeded { .. } => None,
    });
    card_scheme::allowed(&facts.retry.card_schemes, binding, answer, facts.now)
}

fn by_cause(
    failed: &Failed<'_>,
    left: usize,
    mint: &mut Mint,
    facts: &Facts<'_>,
) -> Result<Timestamp, Stopped> {
    let Failed { payment, reason, elsewhere, .. } = *failed;
    let elsewhere = if elsewhere == Elsewhere::StandIn { Elsewhere::Now } else { elsewhere };
    let elsewhere_only = || match elsewhere {
        Elsewhere::Now | Elsewhere::StandIn => Ok(facts.now),
        Elsewhere::Later(at) => Ok(at),
        Elsewhere::Again | Elsewhere::Nowhere => Err(Stopped::Final),
    };
    match reason.entry().retry {
        RetryRule::Never | RetryRule::WhenBorrowerActs if concerns_one_mandate(reason) => elsewhere_only(),
        RetryRule::Never | RetryRule::WhenBorrowerActs => Err(Stopped::Final),
        RetryRule::OtherChannel if concerns_one_mandate(reason) => elsewhere_only(),
        RetryRule::OtherChannel if reason == Reason::SingleLimitExceeded => elsewhere_only(),
        RetryRule::OtherChannel if reason == Reason::LimitExceeded => {
            // Which limit isn't said: it may be today's.
            elsewhere_only().or_else(|_| tomorrow_once(failed, mint, facts))
        }
        RetryRule::OtherChannel if elsewhere == Elsewhere::Now => Ok(facts.now),
        RetryRule::OtherChannel => Ok(after_trouble(payment, 5, left, mint, facts)),
        RetryRule::AfterMinutes(_) if reason.entry().says_about_channel && elsewhere == Elsewhere::Now => {
            Ok(facts.now)
        }
        RetryRule::AfterMinutes(minutes) => Ok(after_trouble(payment, minutes, left, mint, facts)),
        RetryRule::NextDay if failed.divisible => tomorrow_once(failed, mint, facts),
        RetryRule::NextDay => Ok(morning(facts, next_day(facts), mint)),
        RetryRule::NextMonth => Ok(morning(facts, next_month(facts), mint)),
        RetryRule::WhenFundsCome => when_funds_come(payment, left, mint, facts),
        RetryRule::OtherChannelThenFunds => masked(&Failed { elsewhere, ..*failed }, left, mint, facts),
    }
}

/// Reasons that speak about one mandate only: another channel's may hold.
pub(super) fn concerns_one_mandate(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MandateMissing
            | Reason::MandateCancelled
            | Reason::MandateExpired
            | Reason::MandateVoidDetailsChanged
            | Reason::NotEnrolled
            | Reason::CardNotSupported
            | Reason::MerchantNotPermitted
    )
}

/// Whether another channel may succeed where one gave this reason.
pub(super) fn may_work_elsewhere(reason: Reason) -> bool {
    let by_rule = match reason.entry().retry {
        RetryRule::OtherChannel | RetryRule::OtherChannelThenFunds => true,
        RetryRule::Never
        | RetryRule::AfterMinutes(_)
        | RetryRule::NextDay
        | RetryRule::NextMonth
        | RetryRule::WhenFundsCome
        | RetryRule::WhenBorrowerActs => false,
    };
    by_rule || concerns_one_mandate(reason)
}

/// After a technical failure with nowhere else to go: 5, 10, 20 … minutes (or from the cause's own pause), at most
/// 12 hours. The last try is not spent on the same day's trouble.
fn after_trouble(
    payment: &Payment,
    minutes: u16,
    left: usize,
    mint: &mut Mint,
    facts: &Facts<'_>,
) -> Timestamp {
    let in_a_row = payment.attempts.iter().rev().take_while(|attempt| in_trouble(attempt)).count();
    let doublings = u32::try_from(in_a_row).unwrap_or(u32::MAX).clamp(1, 12) - 1;
    let pause_s = ((u64::from(minutes) * 60) << doublings).min(LONGEST_PAUSE_S);
    let most_ms = (pause_s * 100).min(facts.retry.spread_s.saturating_sub(1).saturating_mul(500));
    let jitter_ms = mint.below(most_ms.max(1));
    let at = facts.now.plus(Duration::from_secs(pause_s) + Duration::from_millis(jitter_ms));
    if left == 1 { at.max(morning(facts, next_day(facts), mint)) } else { at }
}

fn in_trouble(attempt: &Attempt) -> bool {
    attempt.failure().is_some_and(|(reason, _)| match reason.entry().retry {
        RetryRule::OtherChannel | RetryRule::AfterMinutes(_) => true,
        RetryRule::Never
        | RetryRule::NextDay
        | RetryRule::NextMonth
        | RetryRule::WhenFundsCome
        | RetryRule::OtherChannelThenFunds
        | RetryRule::WhenBorrowerActs => false,
    })
}

/// The next morning, unless a fresh day has not helped before.
fn tomorrow_once(failed: &Failed<'_>, mint: &mut Mint, facts: &Facts<'_>) -> Result<Timestamp, Stopped> {
    let zone = &facts.retry.zone;
    let today = facts.now.day_in(zone);
    let before = failed.payment.attempts.iter().filter_map(Attempt::failure);
    let in_vain = before.filter(|(reason, at)| *reason == failed.reason && at.day_in(zone) != today).count();
    if in_vain > 0 { Err(Stopped::Final) } else { Ok(morning(facts, next_day(facts), mint)) }
}

/// The account was empty: the moments when money usually arrives.
fn when_funds_come(
    payment: &Payment,
    left: usize,
    mint: &mut Mint,
    facts: &Facts<'_>,
) -> Result<Timestamp, Stopped> {
    let began = payment.attempts.first().map_or(facts.now, |attempt| attempt.opened_at);
    let empty_at = payment.last_attempt().map_or(facts.now, |attempt| attempt.opened_at);
    let from = facts.now.plus(Duration::from_secs(facts.retry.no_funds.pause_s));
    let wanted = Wanted { began, empty_at, from, until: payment.window_ends, tries: left };
    let slot = slots::next(wanted, facts.funds, facts.retry, mint).ok_or(Stopped::WindowOver)?;
    let spread = Duration::from_secs(mint.below(facts.retry.spread_s.max(1)));
    // Not past the end of the window for the sake of the spread.
    Ok(if slot.plus(spread) < payment.window_ends { slot.plus(spread) } else { slot })
}

/// Declined without a reason. Many banks say so when the account is empty (Adyen: about half of code 05), some when
/// they are in a mood: another channel at once, the same day's next slot, then as if the account were empty.
fn masked(
    failed: &Failed<'_>,
    left: usize,
    mint: &mut Mint,
    facts: &Facts<'_>,
) -> Result<Timestamp, Stopped> {
    let failures: Vec<_> = failed.payment.attempts.iter().filter_map(Attempt::failure).collect();
    let known_empty = failures.iter().any(|(reason, _)| *reason == Reason::InsufficientFunds);
    let same = |reason: Reason| reason.entry().retry == RetryRule::OtherChannelThenFunds;
    let masked: Vec<_> = failures.iter().filter(|(reason, _)| same(*reason)).collect();
    // Two schemes that know nothing of each other hardly ever share a mood: what they share is the account.
    let known_empty = known_empty || schemes(failed.payment, same, facts) > 1;
    if masked.len() == 1 && !known_empty && failed.elsewhere == Elsewhere::Now {
        return Ok(facts.now);
    }
    let began = masked.first().map_or(facts.now, |(_, at)| *at);
    let pause = Duration::from_secs(facts.retry.no_funds.pause_s);
    let slot = match facts.now.since(began) {
        _ if known_empty => None,
        // Moods pass within hours …
        so_far if so_far < SAME_MOMENT => slot_from(facts.now.plus(pause), facts),
        // … and blocks of the bank's own mostly within a day.
        so_far if so_far < A_DAY => slot_from(began.plus(A_DAY).max(facts.now.plus(pause)), facts),
        _ => None,
    };
    match slot.filter(|slot| *slot < failed.payment.window_ends) {
        Some(slot) => Ok(slot.plus(Duration::from_secs(mint.below(facts.retry.spread_s.max(1))))),
        None => when_funds_come(failed.payment, left, mint, facts),
    }
}

/// How many different schemes a payment failed in for reasons such as these.
fn schemes(payment: &Payment, such: impl Fn(Reason) -> bool, facts: &Facts<'_>) -> usize {
    let failed = payment.attempts.iter().filter(|one| one.failure().is_some_and(|(reason, _)| such(reason)));
    let mut schemes: Vec<_> =
        failed.filter_map(|one| facts.channels.get(&one.channel)).map(|channel| channel.scheme).collect();
    schemes.sort_unstable();
    schemes.dedup();
    schemes.len()
}

/// The first slot of money at or after a moment, on that day or the next.
fn slot_from(from: Timestamp, facts: &Facts<'_>) -> Option<Timestamp> {
    let today = from.day_in(&facts.retry.zone);
    let tomorrow = today.saturating_add(jiff::Span::new().days(1));
    let minutes = &facts.retry.no_funds.slots_minute;
    let slots = [today, tomorrow]
        .into_iter()
        .flat_map(|day| minutes.iter().map(move |minute| facts.retry.zone.moment(day, *minute)));
    slots.filter(|slot| *slot >= from).min()
}

/// Whether the instrument has seen enough declined debits on the day of the planned try. A trouble of ours or the
/// channel's never reached it, so trying again after one is no burden.
fn enough_today(binding: &Binding, reason: Reason, at: Timestamp, facts: &Facts<'_>) -> bool {
    let zone = &facts.retry.zone;
    let today = facts.now.day_in(zone);
    let declines = binding.declines.iter().rev().take_while(|at| at.day_in(zone) == today).count();
    declines >= usize::from(facts.retry.declines_per_day)
        && at.day_in(zone) == today
        && !excuse::technical(reason)
}

fn next_day(facts: &Facts<'_>) -> jiff::civil::Date {
    facts.now.day_in(&facts.retry.zone).saturating_add(jiff::Span::new().days(1))
}

fn next_month(facts: &Facts<'_>) -> jiff::civil::Date {
    facts.now.day_in(&facts.retry.zone).last_of_month().saturating_add(jiff::Span::new().days(1))
}

/// The morning of a day, spread.
pub(super) fn morning(facts: &Facts<'_>, day: jiff::civil::Date, mint: &mut Mint) -> Timestamp {
    let spread = Duration::from_secs(mint.below(facts.retry.spread_s.max(1)));
    facts.retry.zone.moment(day, facts.retry.day_starts_minute).plus(spread)
}

/// The next morning, spread.
pub(super) fn next_morning(facts: &Facts<'_>, mint: &mut Mint) -> Timestamp {
    morning(facts, next_day(facts), mint)
}
