//! Intervals by drawing borrowers (or orders) anew: what belongs together is drawn together.

use serde::Serialize;

use super::estimate::Unit;
use crate::replay::dice::{Dice, mix};
use crate::replay::statistics::quantile;

/// Blocks drawn at most; with more borrowers, several share a block by chance, which leaves the spread as it is.
const MAX_BLOCKS: usize = 10_000;

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// 2.5th percentile of the draws.
    pub low: f64,
    /// 97.5th percentile of the draws.
    pub high: f64,
}

impl Interval {
    /// Stretched on both sides of the estimate.
    pub(crate) fn stretched(self, factor: f64) -> Self {
        let (low, high) =
            (self.value - (self.value - self.low) * factor, self.value + (self.high - self.value) * factor);
        Self { value: self.value, low, high }
    }

    /// Kept to what a share can be: a doubly robust value may come out beyond all or below none.
    pub(crate) fn as_share(self) -> Self {
        let kept = |share: f64| share.clamp(0.0, 1.0);
        Self { value: kept(self.value), low: kept(self.low), high: kept(self.high) }
    }

    /// Kept to what can be gained over a logged share, or lost of it.
    pub(crate) fn as_gain_over(self, logged: f64) -> Self {
        let kept = |gain: f64| gain.max(-logged).min(1.0 - logged);
        Self { value: kept(self.value), low: kept(self.low), high: kept(self.high) }
    }
}

/// Which block each cluster belongs to.
pub(crate) struct Blocks {
    sorted: Vec<u64>,
    pub(crate) count: usize,
    seed: u64,
}

impl Blocks {
    pub(crate) fn new(clusters: impl Iterator<Item = u64>, seed: u64) -> Self {
        let mut sorted: Vec<u64> = clusters.collect();
        sorted.sort_unstable();
        sorted.dedup();
        let count = sorted.len().clamp(1, MAX_BLOCKS);
        Self { sorted, count, seed }
    }

    pub(crate) fn of(&self, cluster: u64) -> usize {
        let at = self.sorted.binary_search(&cluster).unwrap_or(0);
        if self.sorted.len() <= MAX_BLOCKS {
            at
        } else {
            (mix(at as u64 ^ mix(self.seed)) % MAX_BLOCKS as u64) as usize
        }
    }
}

/// Sums of one policy, by block.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    n: Vec<f64>,
    weight: Vec<f64>,
    weighted: Vec<f64>,
    doubly: Vec<f64>,
    cost: Vec<f64>,
    pub(crate) weight_squares: f64,
    pub(crate) largest: f64,
    raw: f64,
}

/// A policy's figures from one set of counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values {
    pub(crate) ips: f64,
    pub(crate) snips: f64,
    pub(crate) doubly: f64,
    pub(crate) cost_per_success: f64,
}

impl Sums {
    pub(crate) fn new(blocks: usize) -> Self {
        let zeros = || vec![0.0; blocks];
        Self {
            n: zeros(),
            weight: zeros(),
            weighted: zeros(),
            doubly: zeros(),
            cost: zeros(),
            weight_squares: 0.0,
            largest: 0.0,
            raw: 0.0,
        }
    }

    pub(crate) fn add(&mut self, block: usize, unit: Unit) {
        self.n[block] += 1.0;
        self.weight[block] += unit.weight;
        self.weighted[block] += unit.weighted;
        self.doubly[block] += unit.doubly;
        self.cost[block] += unit.weighted_cost;
        self.weight_squares += unit.weight * unit.weight;
        self.largest = self.largest.max(unit.weight);
        self.raw += unit.raw_weight;
    }

    /// Attempts that would tell as much, had the policy been followed.
    pub(crate) fn effective(&self) -> f64 {
        let weight: f64 = self.weight.iter().sum();
        if self.weight_squares > 0.0 { weight * weight / self.weight_squares } else { 0.0 }
    }

    /// The share of all weight that clipping took away.
    pub(crate) fn clipped(&self) -> f64 {
        let weight: f64 = self.weight.iter().sum();
        if self.raw > 0.0 { ((self.raw - weight) / self.raw).max(0.0) } else { 0.0 }
    }

    pub(crate) fn values(&self, counts: Option<&[f64]>) -> Values {
        let sum = |parts: &[f64]| match counts {
            Some(counts) => parts.iter().zip(counts).map(|(part, count)| part * count).sum::<f64>(),
            None => parts.iter().sum(),
        };
        let (n, weight, weighted) = (sum(&self.n), sum(&self.weight), sum(&self.weighted));
        Values {
            ips: weighted / n,
            snips: weighted / weight,
            doubly: sum(&self.doubly) / n,
            cost_per_success: sum(&self.cost) / weighted,
        }
    }
}

/// One policy's estimates with intervals; the gain is over the first policy, drawn together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimated {
    pub(crate) ips: f64,
    pub(crate) snips: Interval,
    pub(crate) doubly: Interval,
    pub(crate) gain: Interval,
    pub(crate) cost_per_success: Interval,
}

/// Draws blocks with replacement, the same draws for all policies. The first policy is what was logged: its doubly
/// robust value is the plain mean.
pub(crate) fn intervals(policies: &[Sums], draws: usize, seed: u64) -> Vec<Estimated> {
    let blocks = policies.first().map_or(0, |sums| sums.n.len());
    let mut dice = Dice::new(seed, 0xb007);
    let mut drawn: Vec<[Vec<f64>; 4]> =
        policies.iter().map(|_| std::array::from_fn(|_| Vec::with_capacity(draws))).collect();
    let mut counts = vec![0.0_f64; blocks];
    for _ in 0..draws {
        counts.fill(0.0);
        for _ in 0..blocks {
            counts[dice.below(blocks)] += 1.0;
        }
        let values: Vec<Values> = policies.iter().map(|sums| sums.values(Some(&counts))).collect();
        let logged = values.first().map_or(f64::NAN, |first| first.snips);
        for (kept, (index, value)) in drawn.iter_mut().zip(values.iter().enumerate()) {
            let gain = if index == 0 { 0.0 } else { value.doubly - logged };
            for (list, figure) in
                kept.iter_mut().zip([value.snips, value.doubly, gain, value.cost_per_success])
            {
                list.push(figure);
            }
        }
    }
    let points: Vec<Values> = policies.iter().map(|sums| sums.values(None)).collect();
    let logged = points.first().map_or(f64::NAN, |first| first.snips);
    let mut estimated = Vec::with_capacity(policies.len());
    for (index, (point, kept)) in points.iter().zip(drawn).enumerate() {
        let [snips, doubly, gain, cost] = kept.map(|mut list| {
            list.retain(|value| value.is_finite());
            list.sort_by(f64::total_cmp);
            list
        });
        let interval = |value: f64, sorted: &[f64]| Interval {
            value,
            low: quantile(sorted, 0.025),
            high: quantile(sorted, 0.975),
        };
        let snips = interval(point.snips, &snips);
        estimated.push(Estimated {
            ips: point.ips,
            snips,
            doubly: if index == 0 { snips } else { interval(point.doubly, &doubly) },
            gain: interval(if index == 0 { 0.0 } else { point.doubly - logged }, &gain),
            cost_per_success: interval(point.cost_per_success, &cost),
        });
    }
    estimated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_and_its_gain_stay_between_none_and_all() {
        let beyond = Interval { value: 1.003, low: -0.1, high: 1.2 };
        assert_eq!(beyond.as_share(), Interval { value: 1.0, low: 0.0, high: 1.0 });
        let gain = Interval { value: 0.5, low: -0.9, high: 0.6 }.as_gain_over(0.75);
        assert_eq!(gain, Interval { value: 0.25, low: -0.75, high: 0.25 });
    }
}
