//! The chance that an attempt moves the money: recent outcomes, each counting less as it ages.

use super::policy::HealthPolicy;
use crate::time::Timestamp;

/// One outcome's weight.
const UNIT: u64 = 1 << 20;
/// Outcomes held back before they are believed for good: those of a trouble are dropped when it is found, so that a
/// channel that has healed isn't shunned for what is over.
const PENDING: u32 = 32;
const MILLION: u64 = 1_000_000;

/// Outcomes of one scope.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Estimate {
    good: u64,
    all: u64,
    pending: u32,
    held: u32,
    at: Option<Timestamp>,
}

/// A chance and how much it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    /// In millionths.
    pub(super) chance_ppm: u64,
    /// Outcomes it rests on, in 1/2²⁰.
    pub(super) weight: u64,
}

impl Estimate {
    pub(super) fn record(&mut self, good: bool, now: Timestamp, policy: &HealthPolicy) {
        self.age(now, policy);
        if self.held == PENDING {
            self.settle(self.pending >> (PENDING - 1) & 1 == 1, policy);
            self.held -= 1;
        }
        self.pending = self.pending << 1 | u32::from(good);
        self.held += 1;
    }

    fn settle(&mut self, good: bool, policy: &HealthPolicy) {
        let most = u64::from(policy.memory) * UNIT;
        if self.all >= most {
            self.good -= self.good / u64::from(policy.memory);
            self.all -= self.all / u64::from(policy.memory);
        }
        self.good += if good { UNIT } else { 0 };
        self.all += UNIT;
    }

    /// Drops what came in lately.
    pub(super) fn drop_pending(&mut self) {
        self.pending = 0;
        self.held = 0;
    }

    fn age(&mut self, now: Timestamp, policy: &HealthPolicy) {
        if let Some(at) = self.at {
            self.good = faded(self.good, now.since(at), policy);
            self.all = faded(self.all, now.since(at), policy);
        }
        self.at = Some(now);
    }

    /// Good outcomes and all of them, as they count now.
    fn counts(&self, now: Timestamp, policy: &HealthPolicy) -> (u64, u64) {
        let since = self.at.map_or(std::time::Duration::ZERO, |at| now.since(at));
        let mask = if self.held >= PENDING { u32::MAX } else { (1 << self.held) - 1 };
        let fresh = u64::from((self.pending & mask).count_ones()) * UNIT;
        let good = self.good + fresh;
        let all = self.all + u64::from(self.held) * UNIT;
        (faded(good, since, policy), faded(all, since, policy))
    }

    /// The chance, pulled towards `mean_ppm` as if that rested on `weight` outcomes.
    pub(super) fn guess(&self, mean_ppm: u64, weight: u64, now: Timestamp, policy: &HealthPolicy) -> Guess {
        let (good, all) = self.counts(now, policy);
        let pull = weight * UNIT;
        let chance_ppm = (good * MILLION + pull * mean_ppm) / (all + pull).max(1);
        Guess { chance_ppm, weight: all }
    }
}

/// What is left after a time: half after each half-life, and a straight line in between.
fn faded(amount: u64, age: std::time::Duration, policy: &HealthPolicy) -> u64 {
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let half_ms = policy.half_life_s.saturating_mul(1000).max(1);
    let halved = amount.checked_shr(u32::try_from(age_ms / half_ms).unwrap_or(u32::MAX)).unwrap_or(0);
    let rest = u128::from(halved) * u128::from(age_ms % half_ms) / (2 * u128::from(half_ms));
    halved - u64::try_from(rest).unwrap_or(0)
}
