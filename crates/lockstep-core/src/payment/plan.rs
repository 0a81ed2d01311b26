//! What to do after an attempt failed: when to try again, or why not.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::route::RoutePolicy;
use super::{Payment, Stopped};
use crate::catalogue::{Reason, RetryRule};
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
    let at = match reason.entry().retry {
        RetryRule::Never | RetryRule::WhenBorrowerActs => match elsewhere {
            Elsewhere::Now if concerns_one_mandate(reason) => facts.now,
            Elsewhere::Later(at) if concerns_one_mandate(reason) => at,
            Elsewhere::Now | Elsewhere::Later(_) | Elsewhere::Nowhere => return Next::Stop(Stopped::Final),
        },
        RetryRule::OtherChannel if elsewhere == Elsewhere::Now => facts.now,
        RetryRule::OtherChannel => facts.now.plus(backoff(payment)),
        RetryRule::AfterMinutes(minutes) => facts.now.plus(Duration::from_secs(u64::from(minutes) * 60)),
        RetryRule::NextDay => morning(facts, next_day(facts), mint),
        RetryRule::NextMonth => morning(facts, next_month(facts), mint),
    };
    if at >= payment.window_ends { Next::Stop(Stopped::WindowOver) } else { Next::TryAt(at) }
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
