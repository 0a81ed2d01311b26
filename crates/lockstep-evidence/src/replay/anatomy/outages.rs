//! Stretches in which a channel worked far worse than usual, with a known rate of false alarms.
//!
//! A CUSUM over the channel's faults: it climbs with every fault and falls with every other answer, by how much more
//! likely the answer would be if only a quarter of the usual successes were left. A stretch counts if the sum climbs
//! higher than it does in 99 of 100 shufflings of the same answers: so a log without any outage shows a false one for
//! each channel with a chance of about one in a hundred.
//!
//! Where the codes say which layer failed, only the channel's own faults count (a declined card says nothing against a
//! channel). One order counts once per channel, because one person's retries fail together.

use std::collections::BTreeSet;

use lockstep_core::catalogue::Layer;
use serde::Serialize;

use crate::replay::dice::Dice;
use crate::replay::log::{Attempt, Log, Outcome};

/// Fewer answers show nothing.
const MIN_ANSWERS: usize = 100;
const SHUFFLES: usize = 300;
/// Steps of shuffling spent on one channel at most.
const MAX_WORK: usize = 60_000_000;

/// A stretch in which a channel worked far worse than usual.
#[derive(Debug, Clone, Serialize)]
pub struct Outage {
    /// The channel.
    pub channel: String,
    /// First fault, RFC 3339.
    pub from: String,
    /// Last fault, RFC 3339.
    pub to: String,
    /// The same in milliseconds of local wall time.
    pub local_ms: (i64, i64),
    /// Minutes between the two.
    pub minutes: i64,
    /// Orders that tried it in between.
    pub orders: u64,
    /// Of these, how many met a fault.
    pub faults: u64,
    /// Usual share of faults.
    pub usual: f64,
    /// Orders that would have fared better on a usual day.
    pub excess: f64,
}

pub(super) fn outages(log: &Log, seed: u64) -> Vec<Outage> {
    let layered = log.has_causes();
    let mut found: Vec<(i64, Outage)> = Vec::new();
    for channel in 0..log.channels.len() {
        let channel = u16::try_from(channel).unwrap_or(u16::MAX);
        let mut seen = BTreeSet::new();
        let answers: Vec<(&Attempt, bool)> = log
            .attempts
            .iter()
            .filter(|attempt| attempt.channel == channel && seen.insert(attempt.order))
            .map(|attempt| (attempt, is_fault(log, attempt, layered)))
            .collect();
        if answers.len() < MIN_ANSWERS {
            continue;
        }
        found.extend(of_channel(log, channel, &answers, seed));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, outage)| outage).collect()
}

fn is_fault(log: &Log, attempt: &Attempt, layered: bool) -> bool {
    match attempt.outcome {
        Outcome::Succeeded => false,
        Outcome::Unknown => true,
        Outcome::Failed if !layered => true,
        Outcome::Failed => {
            let layer = log.code(attempt.code).and_then(crate::replay::code::Code::layer);
            matches!(layer, Some(Layer::Channel | Layer::Network))
        }
    }
}

/// What a fault adds to the sum, and what another answer takes from it.
struct Weights {
    usual: f64,
    fault: f64,
    other: f64,
}

impl Weights {
    fn of(answers: &[bool]) -> Self {
        let faults = answers.iter().filter(|fault| **fault).count() as f64;
        let usual = (faults + 0.5) / (answers.len() as f64 + 1.0);
        let bad = 1.0 - (1.0 - usual) / 4.0;
        Self { usual, fault: (bad / usual).ln(), other: ((1.0 - bad) / (1.0 - usual)).ln() }
    }

    fn add(&self, sum: f64, fault: bool) -> f64 {
        (sum + if fault { self.fault } else { self.other }).max(0.0)
    }
}

fn of_channel(log: &Log, channel: u16, answers: &[(&Attempt, bool)], seed: u64) -> Vec<(i64, Outage)> {
    let faults: Vec<bool> = answers.iter().map(|(_, fault)| *fault).collect();
    let weights = Weights::of(&faults);
    let bar = bar(&faults, &weights, Dice::new(seed, 0x0007_0000 + u64::from(channel)));
    let mut found = Vec::new();
    let (mut sum, mut start, mut peak, mut peak_at) = (0.0_f64, 0, 0.0_f64, 0);
    // One step past the end closes a stretch that lasts until then.
    for (at, fault) in faults.iter().map(|fault| Some(*fault)).chain([None]).enumerate() {
        let next = fault.map_or(0.0, |fault| weights.add(sum, fault));
        let over = next <= 0.0 || next < peak - bar;
        if over {
            if peak > bar {
                found.push(describe(log, channel, &answers[start..=peak_at], &weights));
            }
            (sum, start, peak) = (0.0, at + 1, 0.0);
            continue;
        }
        sum = next;
        if sum > peak {
            (peak, peak_at) = (sum, at);
        }
    }
    found
}

/// The height that the sum passes in one of a hundred shufflings.
fn bar(faults: &[bool], weights: &Weights, mut dice: Dice) -> f64 {
    let shuffles = (MAX_WORK / faults.len()).clamp(50, SHUFFLES);
    let mut mixed = faults.to_vec();
    let mut peaks: Vec<f64> = Vec::with_capacity(shuffles);
    for _ in 0..shuffles {
        for at in (1..mixed.len()).rev() {
            mixed.swap(at, dice.below(at + 1));
        }
        let (mut sum, mut peak) = (0.0_f64, 0.0_f64);
        for fault in &mixed {
            sum = weights.add(sum, *fault);
            peak = peak.max(sum);
        }
        peaks.push(peak);
    }
    peaks.sort_by(f64::total_cmp);
    peaks[(shuffles * 99).div_ceil(100).min(shuffles) - 1]
}

fn describe(log: &Log, channel: u16, stretch: &[(&Attempt, bool)], weights: &Weights) -> (i64, Outage) {
    let first = stretch.first().map_or(0, |(attempt, _)| attempt.at_ms);
    let last = stretch.last().map_or(0, |(attempt, _)| attempt.at_ms);
    let faults = stretch.iter().filter(|(_, fault)| *fault).count() as u64;
    let outage = Outage {
        channel: log.channels.get(channel).to_owned(),
        from: log.rfc3339(first),
        to: log.rfc3339(last),
        local_ms: (log.local_ms(first), log.local_ms(last)),
        minutes: (last - first) / 60_000,
        orders: stretch.len() as u64,
        faults,
        usual: weights.usual,
        excess: faults as f64 - weights.usual * stretch.len() as f64,
    };
    (first, outage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms(answers: &[bool], seed: u64) -> bool {
        let weights = Weights::of(answers);
        let bar = bar(answers, &weights, Dice::new(seed, 1));
        let mut sum = 0.0;
        answers.iter().any(|fault| {
            sum = weights.add(sum, *fault);
            sum > bar
        })
    }

    #[test]
    fn false_alarms_are_as_rare_as_promised_and_outages_are_seen() {
        let (mut false_alarms, mut seen) = (0, 0);
        for seed in 0..200 {
            let mut dice = Dice::new(seed, 2);
            let mut answers: Vec<bool> = (0..1500).map(|_| dice.unit() < 0.3).collect();
            false_alarms += usize::from(alarms(&answers, seed));
            for answer in &mut answers[700..730] {
                *answer = dice.unit() < 0.95;
            }
            seen += usize::from(alarms(&answers, seed));
        }
        assert!(false_alarms <= 8, "{false_alarms} of 200");
        assert!(seen >= 195, "{seen} of 200");
    }
}
