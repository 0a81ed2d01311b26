//! Attempts folded into contexts: rows that agree in everything known beforehand share one. What is estimated is
//! estimated per context, so that millions of rows cost no more than their contexts.

use std::collections::BTreeMap;

use crate::replay::dice::mix;
use crate::replay::features::{Coded, Feature};
use crate::replay::log::Log;
use crate::replay::statistics::{Association, association};

/// Contexts kept apart at most.
const MAX_CONTEXTS: usize = 50_000;
/// Channels evaluated at most; the rest are one.
const MAX_ACTIONS: usize = 24;
/// A channel with fewer attempts isn't evaluated by itself.
const MIN_ATTEMPTS: u64 = 30;
/// Models are fitted on all but one of so many parts, and used on that one.
pub(crate) const FOLDS: usize = 5;

/// Channels as the things to choose from.
#[derive(Debug)]
pub(crate) struct Actions {
    /// Names, most used first.
    pub(crate) names: Vec<String>,
    /// Attempts of each.
    pub(crate) counts: Vec<u64>,
    /// Whether the last one stands for all the rare channels.
    pub(crate) lumped: bool,
    /// Of each attempt.
    pub(crate) of_row: Vec<u8>,
}

impl Actions {
    pub(crate) fn of_log(log: &Log) -> Self {
        let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
        for attempt in &log.attempts {
            *counts.entry(attempt.channel).or_default() += 1;
        }
        let mut ranked: Vec<_> = counts.into_iter().collect();
        ranked.sort_by_key(|(channel, count)| (std::cmp::Reverse(*count), *channel));
        let kept = ranked.iter().take(MAX_ACTIONS).filter(|(_, count)| *count >= MIN_ATTEMPTS).count().max(1);
        let index: BTreeMap<u16, u8> =
            ranked.iter().take(kept).zip(0_u8..).map(|((channel, _), at)| (*channel, at)).collect();
        let mut names: Vec<_> =
            ranked.iter().take(kept).map(|(channel, _)| log.channels.get(*channel).to_owned()).collect();
        let mut counts: Vec<_> = ranked.iter().take(kept).map(|(_, count)| *count).collect();
        let lumped = ranked.len() > kept;
        let rest = u8::try_from(kept).unwrap_or(u8::MAX);
        if lumped {
            names.push("…".to_owned());
            counts.push(ranked.iter().skip(kept).map(|(_, count)| *count).sum());
        }
        let of_row =
            log.attempts.iter().map(|attempt| index.get(&attempt.channel).copied().unwrap_or(rest)).collect();
        Self { names, counts, lumped, of_row }
    }

    /// How many, the rare ones together being one.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Those that can be chosen: all but the rare ones.
    pub(crate) fn choices(&self) -> std::ops::Range<usize> {
        0..self.names.len() - usize::from(self.lumped)
    }
}

/// How a feature goes together with the choice of channel and with success.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ties {
    pub(crate) feature: Feature,
    /// With the choice, over all attempts.
    pub(crate) choice: Association,
    /// With the choice, over first attempts alone.
    pub(crate) first_choice: Association,
    /// With success.
    pub(crate) success: Association,
}

/// Contexts of a log.
#[derive(Debug)]
pub(crate) struct Contexts {
    pub(crate) features: Vec<Feature>,
    pub(crate) levels: Vec<usize>,
    /// One row a context, one entry a feature.
    pub(crate) codes: Vec<Vec<u8>>,
    /// Of each attempt.
    pub(crate) of_row: Vec<u32>,
    pub(crate) ties: Vec<Ties>,
    /// Features left out because contexts would have become too many.
    pub(crate) dropped: Vec<Feature>,
}

impl Contexts {
    pub(crate) fn of_log(log: &Log, actions: &Actions) -> Self {
        let coded = Coded::of_log(log);
        let success: Vec<u8> = log.attempts.iter().map(|attempt| u8::from(attempt.succeeded())).collect();
        let first = |row: usize| log.attempts[row].number == 1;
        let mut ties: Vec<(usize, Ties)> = Vec::new();
        for (at, feature) in coded.features.iter().enumerate() {
            let (column, levels) = (&coded.columns[at], coded.levels[at]);
            ties.push((
                at,
                Ties {
                    feature: *feature,
                    choice: association(column, levels, &actions.of_row, actions.len(), |_| true),
                    first_choice: association(column, levels, &actions.of_row, actions.len(), first),
                    success: association(column, levels, &success, 2, |_| true),
                },
            ));
        }
        ties.sort_by(|(_, one), (_, other)| strength(other).total_cmp(&strength(one)));
        let mut contexts = Self {
            features: Vec::new(),
            levels: Vec::new(),
            codes: vec![Vec::new()],
            of_row: vec![0; log.attempts.len()],
            ties: ties.iter().map(|(_, ties)| *ties).collect(),
            dropped: Vec::new(),
        };
        for (at, ties) in &ties {
            if !contexts.split(ties.feature, &coded.columns[*at], coded.levels[*at]) {
                contexts.dropped.push(ties.feature);
            }
        }
        contexts
    }

    /// Splits every context by a feature, unless that makes too many.
    fn split(&mut self, feature: Feature, column: &[u8], levels: usize) -> bool {
        let mut index: BTreeMap<(u32, u8), u32> = BTreeMap::new();
        let mut codes = Vec::new();
        let mut of_row = Vec::with_capacity(column.len());
        for (context, code) in self.of_row.iter().zip(column) {
            let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
            let at = *index.entry((*context, *code)).or_insert_with(|| {
                let mut split = self.codes[*context as usize].clone();
                split.push(*code);
                codes.push(split);
                next
            });
            if codes.len() > MAX_CONTEXTS {
                return false;
            }
            of_row.push(at);
        }
        self.features.push(feature);
        self.levels.push(levels);
        (self.codes, self.of_row) = (codes, of_row);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }
}

fn strength(ties: &Ties) -> f64 {
    ties.choice.v.max(ties.success.v)
}

/// How often an action was taken in a context, and how often it went well, in one part of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) context: u32,
    pub(crate) action: u8,
    pub(crate) fold: u8,
    pub(crate) n: f64,
    pub(crate) good: f64,
}

/// The part of the log an attempt belongs to: all of one borrower's are in one, so that nobody predicts himself.
pub(crate) fn fold_of(cluster: u64, seed: u64) -> u8 {
    u8::try_from(mix(cluster ^ mix(seed ^ 0xf01d)) % FOLDS as u64).unwrap_or(0)
}

/// Counts of the attempts that `keep` keeps.
pub(crate) fn entries(
    log: &Log,
    contexts: &Contexts,
    actions: &Actions,
    seed: u64,
    keep: impl Fn(usize) -> bool,
) -> Vec<Entry> {
    let mut counts: BTreeMap<(u32, u8, u8), (f64, f64)> = BTreeMap::new();
    for (row, attempt) in log.attempts.iter().enumerate().filter(|(row, _)| keep(*row)) {
        let key = (contexts.of_row[row], actions.of_row[row], fold_of(attempt.cluster, seed));
        let count = counts.entry(key).or_default();
        count.0 += 1.0;
        count.1 += f64::from(u8::from(attempt.succeeded()));
    }
    let entry = |((context, action, fold), (n, good))| Entry { context, action, fold, n, good };
    counts.into_iter().map(entry).collect()
}
