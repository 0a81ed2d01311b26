//! What to do after an attempt failed: when to try again, or why not.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::route::RoutePolicy;
use super::{Payment, Stopped};
use crate::catalogue::{Layer, Reason, RetryRule};
use crate::decision::Facts;
use crate::id::Mint;
use crate::time::{Timestamp, Zone};

/// When and how often to try again. Configuration of the installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// Attempts of one payment that may reach a channel.
    pub max_attempts: u16,
    /// From the due moment (or acceptance, if later) to the last moment at which an attempt may open.
    pub window_s: u64,
    /// The zone of `day_starts_minute`.
    pub zone: Zone,
    /// Minute of the day at which tries planned for "the next day" begin; never in the night.
    pub day_starts_minute: u16,
    /// Such tries are spread over this many seconds.
    pub spread_s: u64,
    /// How channels are chosen where the rules leave a choice.
    pub route: RoutePolicy,
}

impl Default for RetryPolicy {
    /// Eight attempts in ten days, from 10:00 Shanghai time, spread over half an hour.
    fn default() -> Self {
        Self {
            max_attempts: 8,
            window_s: 10 * 86_400,
            zone: Zone::shanghai().clone(),
            day_starts_minute: 600,
            spread_s: 1800,
            route: RoutePolicy::default(),
        }
    }
}

/// Attempts that never left cost the bank nothing, but they end too.
const MAX_OPENED: usize = 60;

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
    /// One opens at this moment, or deserves another try then.
    Later(Timestamp),
    /// None.
    Nowhere,
}

/// What comes after the latest attempt failed for this reason.
pub(super) fn after_failure(
    payment: &Payment,
    reason: Reason,
    elsewhere: Elsewhere,
    mint: &mut Mint,
    facts: &Facts<'_>,
) -> Next {
    let counted = payment.attempts.iter().filter(|attempt| attempt.counts()).count();
    if counted >= usize::from(facts.retry.max_attempts) || payment.attempts.len() >= MAX_OPENED {
        return Next::Stop(Stopped::AttemptsUsedUp);
    }
    if elsewhere == Elsewhere::StandIn && says_about_instrument(reason) {
        return if facts.now >= payment.window_ends {
            Next::Stop(Stopped::WindowOver)
        } else {
            Next::TryAt(facts.now)
        };
    }
    let elsewhere = if elsewhere == Elsewhere::StandIn { Elsewhere::Now } else { elsewhere };
    let at = match reason.entry().retry {
        RetryRule::Never | RetryRule::WhenBorrowerActs => match elsewhere {
            Elsewhere::Now if concerns_one_mandate(reason) => facts.now,
            Elsewhere::Later(at) if concerns_one_mandate(reason) => at,
            Elsewhere::Now | Elsewhere::StandIn | Elsewhere::Later(_) | Elsewhere::Nowhere => {
                return Next::Stop(Stopped::Final);
            }
        },
        RetryRule::OtherChannel if elsewhere == Elsewhere::Now => facts.now,
        RetryRule::OtherChannel => facts.now.plus(backoff(payment)),
        RetryRule::AfterMinutes(minutes) => facts.now.plus(Duration::from_secs(u64::from(minutes) * 60)),
        RetryRule::NextDay => morning(facts, next_day(facts), mint),
        RetryRule::NextMonth => morning(facts, next_month(facts), mint),
    };
    if at >= payment.window_ends { Next::Stop(Stopped::WindowOver) } else { Next::TryAt(at) }
}

/// Reasons that another instrument of the same borrower doesn't share: its money, state and limits.
pub(super) fn says_about_instrument(reason: Reason) -> bool {
    let entry = reason.entry();
    match entry.layer {
        Layer::Borrower | Layer::Instrument => true,
        // An issuer that is down is no fault of the card.
        Layer::Issuer => !matches!(entry.retry, RetryRule::AfterMinutes(_)),
        Layer::Channel | Layer::Risk | Layer::Platform | Layer::Network | Layer::None => false,
    }
}

/// The reason that decides what comes next. When a stand-in failed by itself, that doesn't end the payment: its own
/// instrument decides, unless that is hopeless and the stand-in isn't.
pub(super) fn deciding(payment: &Payment, reason: Reason) -> Reason {
    let stand_in = payment.last_attempt().is_some_and(|attempt| attempt.binding.is_some());
    if !stand_in || !says_about_instrument(reason) {
        return reason;
    }
    let hopeless =
        |reason: Reason| matches!(reason.entry().retry, RetryRule::Never | RetryRule::WhenBorrowerActs);
    let own = payment.attempts.iter().rev().filter(|attempt| attempt.binding.is_none());
    match own.filter_map(super::Attempt::failure).map(|(reason, _)| reason).next() {
        Some(own) if hopeless(own) && !hopeless(reason) => reason,
        Some(own) => own,
        // It had no way at all then; it may have one later.
        None => Reason::ChannelUnavailable,
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

/// 5, 10, 20 … minutes, at most 4 hours, after failures in a row without another channel to go to.
pub(super) fn backoff(payment: &Payment) -> Duration {
    let failures = u32::try_from(payment.attempts.len()).unwrap_or(u32::MAX).clamp(1, 7);
    Duration::from_secs((300_u64 << (failures - 1)).min(4 * 3600))
}

fn next_day(facts: &Facts<'_>) -> jiff::civil::Date {
    facts.now.day_in(&facts.retry.zone).saturating_add(jiff::Span::new().days(1))
}

fn next_month(facts: &Facts<'_>) -> jiff::civil::Date {
    facts.now.day_in(&facts.retry.zone).last_of_month().saturating_add(jiff::Span::new().days(1))
}

fn morning(facts: &Facts<'_>, day: jiff::civil::Date, mint: &mut Mint) -> Timestamp {
    let spread = Duration::from_secs(mint.below(facts.retry.spread_s.max(1)));
    facts.retry.zone.moment(day, facts.retry.day_starts_minute).plus(spread)
}
