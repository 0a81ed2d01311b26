//! The estimators, unit by unit.
//!
//! With `w` the policy's share of the channel that was taken divided by the probability with which the log took it,
//! `r` the success and `q` the modelled chance:
//!
//! - IPS: mean of `w·r`; unbiased, restless.
//! - SNIPS: sum of `w·r` over sum of `w`.
//! - Doubly robust: mean of `Σ share·q + w·(r − q)`: the model, corrected by what was seen.
//!
//! A purchase is the same over its tries: `w` is the product over the tries made, `r` is whether it was collected at
//! all, and the doubly robust sum runs over the tries. Whether a purchase goes on after a failure is part of what a
//! channel does: people may come back more often after one than after another.

use super::choice::{Policy, Shares};
use super::context::{Actions, Contexts, FOLDS, fold_of};
use super::outcome::Outcomes;
use super::propensity::Propensities;
use crate::replay::log::Log;

/// Below this share in the log a channel counts as unused in a context.
const UNUSED: f32 = 0.01;
/// Tries of a purchase that are told apart.
const MAX_TRIES: usize = 12;

/// What the estimates rest on.
pub(crate) struct Ground<'a> {
    pub(crate) log: &'a Log,
    pub(crate) contexts: &'a Contexts,
    pub(crate) actions: &'a Actions,
    pub(crate) shares: &'a Propensities,
    pub(crate) chances: &'a Outcomes,
    pub(crate) seed: u64,
    /// Largest weight of an attempt.
    pub(crate) clip: f64,
    /// Chance that a purchase goes on after its n-th try failed, by try and channel, from the log.
    pub(crate) goes_on: Vec<Vec<f64>>,
}

/// One attempt or purchase: what it adds to the sums.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Unit {
    pub(crate) weight: f64,
    pub(crate) weighted: f64,
    pub(crate) doubly: f64,
    pub(crate) weighted_cost: f64,
    /// The weight before it was clipped.
    pub(crate) raw_weight: f64,
}

/// What the policy does with one attempt, by the figures.
struct Step {
    ratio: f64,
    /// Chance of the channel taken: to succeed, or with `later` to succeed now or later.
    taken: f64,
    /// The same under the policy.
    expected: f64,
}

impl Ground<'_> {
    pub(crate) fn goes_on(log: &Log, actions: &Actions) -> Vec<Vec<f64>> {
        let zeros = || vec![vec![0.0_f64; actions.len()]; MAX_TRIES];
        let (mut failed, mut went_on) = (zeros(), zeros());
        for order in &log.orders {
            for (place, index) in order.iter().enumerate() {
                if log.attempts[*index as usize].succeeded() {
                    break;
                }
                let (at, action) = (place.min(MAX_TRIES - 1), usize::from(actions.of_row[*index as usize]));
                failed[at][action] += 1.0;
                went_on[at][action] += f64::from(u8::from(place + 1 < order.len()));
            }
        }
        // Late tries on rare channels are few: they are pulled towards the try as a whole.
        let pulled = |(on, all): (&Vec<f64>, &Vec<f64>)| {
            let usual = (on.iter().sum::<f64>() + 0.5) / (all.iter().sum::<f64>() + 1.0);
            on.iter().zip(all).map(|(on, all)| (on + 20.0 * usual) / (all + 20.0)).collect()
        };
        went_on.iter().zip(&failed).map(pulled).collect()
    }

    /// The probability with which the log took what it took.
    fn logged(&self, row: usize, fold: usize) -> f64 {
        let attempt = &self.log.attempts[row];
        if self.log.has_propensities && attempt.propensity.is_finite() {
            return f64::from(attempt.propensity);
        }
        let shares = self.shares.of(fold, self.contexts.of_row[row]);
        f64::from(shares[usize::from(self.actions.of_row[row])]).max(1e-6)
    }

    /// `later` is the chance, by channel, that a purchase which failed there is collected later.
    fn step(&self, policy: &Policy, row: usize, later: Option<&[f64]>) -> Step {
        let context = self.contexts.of_row[row];
        let action = usize::from(self.actions.of_row[row]);
        let fold = usize::from(fold_of(self.log.attempts[row].cluster, self.seed));
        let chances = self.chances.of(fold, context);
        let ahead = |at: usize| {
            let now = f64::from(chances[at]);
            later.map_or(now, |later| now + (1.0 - now) * later[at])
        };
        let over = |shares: &[f32]| {
            let used = shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
            used.map(|(at, share)| f64::from(*share) * ahead(at)).sum()
        };
        match policy.shares(row, context) {
            Shares::AsLogged => {
                Step { ratio: 1.0, taken: ahead(action), expected: over(self.shares.of(fold, context)) }
            }
            Shares::Fixed(shares) => {
                let share = f64::from(shares[action]);
                let ratio = if share > 0.0 { share / self.logged(row, fold) } else { 0.0 };
                Step { ratio, taken: ahead(action), expected: over(shares) }
            }
        }
    }

    pub(crate) fn attempt(&self, policy: &Policy, row: usize) -> Unit {
        let attempt = &self.log.attempts[row];
        let step = self.step(policy, row, None);
        let (weight, good) = (step.ratio.min(self.clip), f64::from(u8::from(attempt.succeeded())));
        Unit {
            weight,
            weighted: weight * good,
            doubly: step.expected + weight * (good - step.taken),
            weighted_cost: if attempt.cost.is_finite() { weight * f64::from(attempt.cost) } else { 0.0 },
            raw_weight: step.ratio,
        }
    }

    /// Chance of being collected from the n-th try on, under a policy, for an average purchase. The model behind the
    /// doubly robust sum; what it gets wrong is corrected there.
    pub(crate) fn outlook(&self, policy: &Policy, rows: impl Iterator<Item = usize>) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; MAX_TRIES], vec![0.0; MAX_TRIES]);
        let mut spread = vec![0.0_f64; self.actions.len()];
        let (mut sum, mut count) = (0.0, 0.0_f64);
        for row in rows {
            let expected = self.step(policy, row, None).expected;
            let at = usize::from(self.log.attempts[row].number).clamp(1, MAX_TRIES) - 1;
            sums[at] += expected;
            counts[at] += 1.0;
            sum += expected;
            count += 1.0;
            self.spread(policy, row, &mut spread);
        }
        let overall = sum / count.max(1.0);
        let mut outlook = vec![0.0; MAX_TRIES + 1];
        for at in (0..MAX_TRIES).rev() {
            // Late tries are few: they are pulled towards the average try.
            let chance = (sums[at] + 20.0 * overall) / (counts[at] + 20.0);
            let on: f64 =
                spread.iter().zip(&self.goes_on[at]).map(|(share, on)| share / count.max(1.0) * on).sum();
            outlook[at] = chance + (1.0 - chance) * on * outlook[at + 1];
        }
        outlook
    }

    pub(crate) fn order(&self, policy: &Policy, order: &[u32], outlook: &[f64]) -> Unit {
        let clip = self.clip * 4.0;
        let (mut weight, mut doubly, mut raw) = (1.0_f64, 0.0, 1.0);
        let (mut collected, mut cost) = (0.0, 0.0);
        let mut later = vec![0.0; self.actions.len()];
        for (place, index) in order.iter().enumerate() {
            let row = *index as usize;
            let attempt = &self.log.attempts[row];
            let at = place.min(MAX_TRIES - 1);
            for (later, on) in later.iter_mut().zip(&self.goes_on[at]) {
                *later = on * outlook[at + 1];
            }
            let step = self.step(policy, row, Some(&later));
            doubly += weight * step.expected;
            raw *= step.ratio;
            weight = (weight * step.ratio).min(clip);
            let good = f64::from(u8::from(attempt.succeeded()));
            doubly += weight * (good - step.taken);
            cost += if attempt.cost.is_finite() { f64::from(attempt.cost) } else { 0.0 };
            if attempt.succeeded() {
                collected = 1.0;
                break;
            }
        }
        Unit { weight, weighted: weight * collected, doubly, weighted_cost: weight * cost, raw_weight: raw }
    }

    /// Adds the shares that a policy gives to each channel, and returns how much of this attempt it would send where the
    /// log never went.
    pub(crate) fn spread(&self, policy: &Policy, row: usize, sums: &mut [f64]) -> f64 {
        let context = self.contexts.of_row[row];
        let used = self.shares.of(FOLDS, context);
        match policy.shares(row, context) {
            Shares::AsLogged => {
                sums[usize::from(self.actions.of_row[row])] += 1.0;
                0.0
            }
            Shares::Fixed(shares) => {
                let mut unused = 0.0;
                for (at, share) in shares.iter().enumerate() {
                    sums[at] += f64::from(*share);
                    if used[at] < UNUSED {
                        unused += f64::from(*share);
                    }
                }
                unused
            }
        }
    }
}
