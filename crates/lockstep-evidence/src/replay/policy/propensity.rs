//! With which probability the log chose a channel in a context, where the log doesn't say.
//!
//! A chain of features is chosen one after the other, each only if it predicts the choices of borrowers it wasn't
//! fitted on better. A context's shares are its own counts pulled towards the shares of the wider context before it:
//! `(count + m · share of the wider) / (all + m)`.

use std::collections::BTreeMap;

use super::context::{Contexts, Entry, FOLDS};
use crate::replay::features::Feature;

/// Weight of the wider context, in attempts.
const PULL: f64 = 10.0;
/// Longest chain.
const MAX_CHAIN: usize = 5;
/// A feature enters if it explains at least so much more, in nats over the whole log.
const MIN_GAIN: f64 = 6.0;

/// Shares of channels by context, for each fold (fitted without it) and for all data (last).
#[derive(Debug)]
pub(crate) struct Propensities {
    shares: Vec<Vec<f32>>,
    actions: usize,
    /// The features it depends on, most telling first.
    pub(crate) chain: Vec<Feature>,
}

impl Propensities {
    pub(crate) fn fit(
        entries: &[Entry],
        contexts: &Contexts,
        actions: usize,
        allowed: impl Fn(Feature) -> bool,
    ) -> Self {
        let mut chain: Vec<usize> = Vec::new();
        let mut best = fit_chain(entries, contexts, actions, &chain);
        let mut best_fit = likelihood(entries, &best, actions);
        while chain.len() < MAX_CHAIN {
            let mut found = None;
            for (at, feature) in contexts.features.iter().enumerate() {
                let tied = contexts.ties.iter().any(|ties| ties.feature == *feature && ties.choice.p < 0.01);
                if !allowed(*feature) || !tied || chain.contains(&at) {
                    continue;
                }
                let longer: Vec<usize> = chain.iter().copied().chain([at]).collect();
                let tried = fit_chain(entries, contexts, actions, &longer);
                let fit = likelihood(entries, &tried, actions);
                if fit > best_fit + MIN_GAIN {
                    (best, best_fit, found) = (tried, fit, Some(at));
                }
            }
            match found {
                Some(at) => chain.push(at),
                None => break,
            }
        }
        let chain = chain.into_iter().map(|at| contexts.features[at]).collect();
        Self { shares: best, actions, chain }
    }

    /// Shares of all actions in a context, fitted without `fold`; with [`FOLDS`], on everything.
    pub(crate) fn of(&self, fold: usize, context: u32) -> &[f32] {
        let from = context as usize * self.actions;
        &self.shares[fold][from..from + self.actions]
    }
}

fn likelihood(entries: &[Entry], shares: &[Vec<f32>], actions: usize) -> f64 {
    let share = |entry: &Entry| {
        shares[usize::from(entry.fold)][entry.context as usize * actions + usize::from(entry.action)]
    };
    entries.iter().map(|entry| entry.n * f64::from(share(entry)).max(1e-9).ln()).sum()
}

fn fit_chain(entries: &[Entry], contexts: &Contexts, actions: usize, chain: &[usize]) -> Vec<Vec<f32>> {
    let mut cell_of = vec![0_u32; contexts.len()];
    let mut cells = 1;
    let mut wider: Vec<Vec<f32>> = vec![vec![1.0 / actions as f32; actions]; FOLDS + 1];
    for step in 0..=chain.len() {
        let before = cell_of.clone();
        if let Some(at) = step.checked_sub(1).and_then(|step| chain.get(step)) {
            let mut index: BTreeMap<(u32, u8), u32> = BTreeMap::new();
            for (context, cell) in cell_of.iter_mut().enumerate() {
                let next = u32::try_from(index.len()).unwrap_or(u32::MAX);
                *cell = *index.entry((*cell, contexts.codes[context][*at])).or_insert(next);
            }
            cells = index.len();
        }
        let pull = if step == 0 { actions as f64 } else { PULL };
        let counts = counts(entries, &cell_of, cells, actions);
        let mut parent = vec![0_u32; cells];
        for (context, cell) in cell_of.iter().enumerate() {
            parent[*cell as usize] = before[context];
        }
        for (fold, wide) in wider.iter_mut().enumerate() {
            let mut narrow = vec![0.0_f32; cells * actions];
            for cell in 0..cells {
                let own = |action: usize| {
                    let all = counts[FOLDS][cell * actions + action];
                    if fold < FOLDS { all - counts[fold][cell * actions + action] } else { all }
                };
                let total: f64 = (0..actions).map(own).sum();
                for action in 0..actions {
                    let from = f64::from(wide[parent[cell] as usize * actions + action]);
                    narrow[cell * actions + action] = ((own(action) + pull * from) / (total + pull)) as f32;
                }
            }
            *wide = narrow;
        }
    }
    let spread = |shares: &Vec<f32>| {
        let of = |cell: &u32| &shares[*cell as usize * actions..(*cell as usize + 1) * actions];
        cell_of.iter().flat_map(|cell| of(cell).iter().copied()).collect()
    };
    wider.iter().map(spread).collect()
}

/// Counts by cell and action: of each fold, and of all.
fn counts(entries: &[Entry], cell_of: &[u32], cells: usize, actions: usize) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![0.0; cells * actions]; FOLDS + 1];
    for entry in entries {
        let at = cell_of[entry.context as usize] as usize * actions + usize::from(entry.action);
        counts[usize::from(entry.fold)][at] += entry.n;
        counts[FOLDS][at] += entry.n;
    }
    counts
}
