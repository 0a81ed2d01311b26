//! When nothing can be sent now: when to look again, or a last resort.

use std::time::Duration;

use super::super::Payment;
use super::look::{Seen, WHOLE_PPM};
use super::share::{period, place_of};
use super::{Finding, Route, sent};
use crate::catalogue::Reason;
use crate::decision::Facts;
use crate::id::Mint;
use crate::time::Timestamp;

/// Waits for the first that may be ready, or says why none ever will be.
pub(super) fn wait(seen: &[Seen<'_>], facts: &Facts<'_>) -> Route {
    let first = seen.iter().filter_map(|one| Some((look_again(one, facts)?, one))).min_by_key(|(at, _)| *at);
    match (first, seen.first()) {
        (Some((until, one)), _) => Route::Wait { until, reason: one.finding.reason() },
        (None, Some(best)) => Route::Nowhere { reason: best.finding.reason() },
        (None, None) => Route::Nowhere { reason: Reason::NoLiveMandate },
    }
}

/// When it is worth looking at one again. What waits for a breaker, open or half open, comes back soon at first,
/// later less and less often, and never all at once.
fn look_again(one: &Seen<'_>, facts: &Facts<'_>) -> Option<Timestamp> {
    let ready_at = one.ready_at?;
    let policy = &facts.retry.route;
    match one.finding {
        Finding::BreakerOpen { .. } | Finding::Ramping { .. } => {}
        Finding::Ready
        | Finding::FailedAlike
        | Finding::FailedJustNow
        | Finding::Closed { .. }
        | Finding::LimitUsedUp { .. }
        | Finding::AmountOutOfRange
        | Finding::OutsideMandate { .. }
        | Finding::InstrumentNotUsable { .. }
        | Finding::ExcludedByRule { .. }
        | Finding::NoMandate
        | Finding::Unable => return Some(ready_at),
    }
    let gated_for_s = one.gated_since.map_or(0, |since| facts.now.since(since).as_secs());
    let pause_s =
        (gated_for_s / 4).clamp(policy.recheck_min_s, policy.recheck_max_s.max(policy.recheck_min_s));
    let mut seed = facts.seed;
    seed[0] ^= 0x3d;
    let jitter_ms = Mint::new(one.binding.id.bucket(), facts.now, seed).below(pause_s * 1000 / 4 + 1);
    Some(facts.now.plus(Duration::from_secs(pause_s)).plus(Duration::from_millis(jitter_ms)))
}

/// When the breaker of every channel that could take the payment has been open for long, a share of the payments
/// is let through on the best of them: nobody would find out otherwise that it has healed. The share is drawn anew
/// in each period, so every payment gets its turn.
pub(super) fn last_resort(payment: &Payment, seen: &[Seen<'_>], facts: &Facts<'_>) -> Option<Route> {
    let policy = &facts.retry.route;
    let after = Duration::from_secs(policy.last_resort_after_s);
    if seen.iter().any(|one| matches!(one.finding, Finding::Ramping { .. })) {
        return None;
    }
    let shut = |one: &&Seen<'_>| matches!(one.finding, Finding::BreakerOpen { .. });
    let long_enough = seen.iter().filter(shut).all(|one| match one.finding {
        Finding::BreakerOpen { since, .. } => facts.now.since(since) > after,
        _ => false,
    });
    let tier = seen.iter().filter(shut).map(|one| one.tier).min().filter(|_| long_enough)?;
    let of_tier = |one: &Seen<'_>| shut(&one) && one.tier == tier;
    let best = seen.iter().filter(|one| of_tier(one)).map(Seen::chance_ppm).max()?;
    let chosen = seen.iter().position(|one| of_tier(one) && one.chance_ppm() == best)?;
    let period = period(facts, policy.last_resort_after_s);
    let draw = place_of(&format!("last resort\0{}\0{}\0{period}", payment.id, payment.attempts.len() + 1));
    if draw >= policy.last_resort_ppm {
        return None;
    }
    let mut shares = vec![0; seen.len()];
    shares[chosen] = WHOLE_PPM;
    Some(sent(chosen, seen, &shares))
}
