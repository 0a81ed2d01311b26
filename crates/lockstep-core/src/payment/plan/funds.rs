//! When money arrives on accounts that were empty: what was believed at first, corrected by what was seen.
//!
//! Every try of an account that was empty at an earlier try tells whether money came in between and was still there.
//! The chance of that is a product of three things, each learned on its own: the hour of the day, the days since
//! the payment began, and the day of the month. For each, successes are counted next to how many would have been
//! expected without it; their ratio corrects the belief. Successes are shared among the hours in which the money
//! may have come. What is old counts half.

use std::time::Duration;

use super::FundsPolicy;
use super::hours::{self, Hour};
use crate::catalogue::Reason;
use crate::decision::Slice;
use crate::payment::{Attempt, AttemptState, Payment, RetryPolicy};
use crate::time::Timestamp;

/// One success, in the units in which successes are counted.
const ONE: u64 = 1_000_000;
/// So many successes have to contradict a belief before they weigh as much as it does.
const BELIEF: u64 = 2 * ONE;
/// After this much time, or this many successes, what was seen counts half.
const HALF_LIFE: Duration = Duration::from_secs(14 * 86_400);
const MOST_SEEN: u64 = 4_000 * ONE;
/// A correction is at most so many times, either way.
const MOST_TIMES: u64 = 20;
const DAYS: usize = 16;
/// A look over more hours than this saw every hour of the day: it says nothing about which one it was. One over a
/// few less says which ones it wasn't.
const TELLS_HOUR: usize = 23;
/// No hour fills more than half of the empty accounts, in thousandths of a millionth.
const MOST_CHANCE: u64 = 500_000_000;

/// What was learned about one lender's borrowers. A new one believes the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FundsClock {
    by_hour: Seen<24>,
    by_day: Seen<DAYS>,
    by_day_of_month: Seen<32>,
    aged_at: Option<Timestamp>,
}

/// Successes seen and successes expected without this correction, in millionths, by place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen<const N: usize>([(u64, u64); N]);

impl<const N: usize> Default for Seen<N> {
    fn default() -> Self {
        Self([(0, 0); N])
    }
}

impl<const N: usize> Seen<N> {
    /// The correction, in millionths.
    fn ppm(&self, place: usize) -> u64 {
        let (seen, expected) = self.0[place.min(N - 1)];
        let ppm = (BELIEF + seen) * ONE / (BELIEF + expected);
        ppm.clamp(ONE / MOST_TIMES, ONE * MOST_TIMES)
    }

    fn add(&mut self, place: usize, seen: u64, expected: u64) {
        let (had, awaited) = &mut self.0[place.min(N - 1)];
        *had = had.saturating_add(seen);
        *awaited = awaited.saturating_add(expected);
    }

    fn halve(&mut self) {
        for (seen, expected) in &mut self.0 {
            *seen /= 2;
            *expected /= 2;
        }
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|(seen, expected)| (*seen).max(*expected)).sum()
    }
}

/// A second look at an account that had been empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When the payment began.
    pub began: Timestamp,
    /// When the account was last known to be empty.
    pub empty_at: Timestamp,
    /// When it was tried again.
    pub tried_at: Timestamp,
    /// Whether the money was there.
    pub funded: bool,
}

impl Look {
    /// What a change that was committed tells: an attempt has ended, and an earlier one had found no funds.
    pub fn of(before: &Slice, after: &Slice) -> Option<Self> {
        let (old, payment) = (before.payment.as_ref()?, after.payment.as_ref()?);
        let ended =
            |attempt: &&Attempt| old.attempt(attempt.number).is_none_or(|known| known.could_move_money());
        let attempt =
            payment.attempts.iter().rev().filter(ended).find(|attempt| !attempt.could_move_money())?;
        let funded = match &attempt.state {
            AttemptState::Succeeded { .. } => true,
            AttemptState::Failed { reason: Reason::InsufficientFunds, .. } => false,
            AttemptState::Failed { .. } | AttemptState::Sending | AttemptState::Unknown { .. } => {
                return None;
            }
        };
        let empty_at = last_empty(payment, attempt.number)?;
        let began = payment.attempts.first()?.opened_at;
        Some(Self { began, empty_at, tried_at: attempt.opened_at, funded })
    }
}

/// When an attempt before this one found the account empty, for the last time.
fn last_empty(payment: &Payment, number: u16) -> Option<Timestamp> {
    let earlier = payment.attempts.iter().filter(|attempt| attempt.number < number);
    earlier.rev().find_map(|attempt| match attempt.failure() {
        Some((Reason::InsufficientFunds, _)) => Some(attempt.opened_at),
        Some(_) | None => None,
    })
}

impl FundsClock {
    /// The chances, in thousandths of a millionth, that money comes to an empty account in each of these hours and
    /// not before: what has come by then can't come any more.
    pub(super) fn first_comes(&self, hours: &[Hour], policy: &FundsPolicy) -> Vec<u64> {
        let mut empty = 1000 * ONE;
        let first = hours.iter().map(|hour| {
            let comes = self.chance(hour, policy) * empty / (1000 * ONE);
            empty -= comes;
            comes
        });
        first.collect()
    }

    /// The chance, in thousandths of a millionth, that money comes in this hour to an account that is empty before.
    fn chance(&self, hour: &Hour, policy: &FundsPolicy) -> u64 {
        let corrections = [
            self.by_hour.ppm(hour.of_day),
            self.by_day.ppm(hour.day),
            self.by_day_of_month.ppm(hour.of_month),
        ];
        let corrected = |chance: u64, ppm: u64| (chance * ppm / ONE).min(MOST_CHANCE);
        corrections.into_iter().fold(believed(hour, policy).min(MOST_CHANCE), corrected)
    }

    /// Learns from a second look. Looks of the same seconds teach nothing.
    pub fn learn(&mut self, look: &Look, policy: &RetryPolicy) {
        self.age(look.tried_at);
        let mut hours = hours::between(look.empty_at, look.tried_at, look.began, &policy.zone);
        // The hour of the try itself hasn't ended: it belongs to what was seen only if it is the only one.
        if hours.len() > 1 && hours.last().is_some_and(|hour| hour.ends > look.tried_at) {
            hours.pop();
        }
        let mut left = ONE;
        let mut weights = self.first_comes(&hours, &policy.no_funds);
        for weight in weights.iter_mut().rev() {
            *weight = *weight * left / ONE;
            left = keep(left, &policy.no_funds);
        }
        let whole = weights.iter().sum::<u64>().max(1);
        for (hour, weight) in hours.iter().zip(&weights) {
            let seen = if look.funded { weight * ONE / whole } else { 0 };
            self.credit(hour, seen, *weight, hours.len() <= TELLS_HOUR);
        }
    }

    fn credit(&mut self, hour: &Hour, seen: u64, weight: u64, tells_hour: bool) {
        // Expected without the own correction: what the others make of it, in millionths.
        let without = |ppm: u64| weight / 1000 * ONE / ppm;
        let (by_hour, by_day) = (self.by_hour.ppm(hour.of_day), self.by_day.ppm(hour.day));
        let by_day_of_month = self.by_day_of_month.ppm(hour.of_month);
        if tells_hour {
            self.by_hour.add(hour.of_day, seen, without(by_hour));
        }
        self.by_day.add(hour.day, seen, without(by_day));
        self.by_day_of_month.add(hour.of_month, seen, without(by_day_of_month));
    }

    fn age(&mut self, now: Timestamp) {
        let since = self.aged_at.get_or_insert(now);
        let old = now >= since.plus(HALF_LIFE);
        if old || self.by_hour.total() > MOST_SEEN {
            *since = now;
            self.by_hour.halve();
            self.by_day.halve();
            self.by_day_of_month.halve();
        }
    }
}

/// What is left of a sum of chances after an hour: money that came may have gone.
pub(super) fn keep(chance: u64, policy: &FundsPolicy) -> u64 {
    let stays_h = (policy.stays_s / 3600).max(1);
    chance * stays_h / (stays_h + 1)
}

/// What is believed before anything was seen. Half of the money comes evenly over the day, half in the hour before
/// a slot, most before the first. An account that is found empty is seldom filled the same day; from the second day
/// on the chance falls slowly, to a half in twelve days. (Home Credit's late instalments, lognormal with median 4
/// days and sigma 1.25, give 13, 18, 17, 15, 14 … 11 % of those still empty a day.)
fn believed(hour: &Hour, policy: &FundsPolicy) -> u64 {
    let slots = policy.slots_minute.len() as u64;
    let mut share_ppm = ONE / 2 / 24;
    for (place, minute) in policy.slots_minute.iter().enumerate() {
        if hours::of_minute(*minute) == hour.of_day {
            let weight = |place: u64| (slots - place) * (slots - place);
            share_ppm += ONE / 2 * weight(place as u64) / (0..slots).map(weight).sum::<u64>();
        }
    }
    let pay_day = policy.pay_days.iter().any(|day| usize::from(*day) == hour.of_month);
    let day_pct = if pay_day { u64::from(policy.pay_day_pct) } else { 100 };
    let by_day = match hour.day.min(1000) as u64 {
        0 => ONE * 7 / 10,
        day => 12 * ONE / (11 + day),
    };
    // In thousandths of a millionth: percent of a day is ten million of them.
    u64::from(policy.fills_per_day_pct) * 10_000_000 / ONE * share_ppm / 100 * day_pct / 1000 * by_day / 1000
}
