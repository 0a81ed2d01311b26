//! How likely an attempt succeeds, by context and channel: logistic regression with a penalty, fitted by Newton's
//! method. Every level of every feature has a weight of its own, and one more per channel, so that a bank that one
//! channel serves badly is seen. It is another kind of model than the one of the choices, on purpose: the doubly robust
//! estimate is right if either is.

use super::context::{Contexts, Entry, FOLDS};
use crate::replay::features::Feature;

/// Weights at most: the work grows with the square.
const MAX_WEIGHTS: usize = 320;
const PENALTY_MAIN: f64 = 1.0;
const PENALTY_BY_CHANNEL: f64 = 3.0;
const STEPS: usize = 12;

/// Chances of success by context and channel, for each fold (fitted without it) and for all data (last).
#[derive(Debug)]
pub(crate) struct Outcomes {
    chances: Vec<Vec<f32>>,
    actions: usize,
}

impl Outcomes {
    pub(crate) fn fit(
        entries: &[Entry],
        contexts: &Contexts,
        actions: usize,
        allowed: impl Fn(Feature) -> bool,
        folds: bool,
    ) -> Self {
        let design = Design::new(contexts, actions, allowed);
        let all = design.fit(entries, contexts, None, vec![0.0; design.weights]);
        let mut chances = Vec::with_capacity(FOLDS + 1);
        for fold in 0..FOLDS {
            if folds {
                let weights = design.fit(entries, contexts, u8::try_from(fold).ok(), all.clone());
                chances.push(design.predict(contexts, &weights));
            } else {
                chances.push(Vec::new());
            }
        }
        chances.push(design.predict(contexts, &all));
        Self { chances, actions }
    }

    /// Chances of all actions in a context, fitted without `fold`; with [`FOLDS`], on everything.
    pub(crate) fn of(&self, fold: usize, context: u32) -> &[f32] {
        let from = context as usize * self.actions;
        &self.chances[fold][from..from + self.actions]
    }
}

/// Which weights a row uses.
struct Design {
    actions: usize,
    /// Place of a feature's levels, if it has weights of its own.
    main: Vec<Option<usize>>,
    /// Place of a feature's levels by channel, if it has them.
    by_channel: Vec<Option<usize>>,
    levels: Vec<usize>,
    weights: usize,
    penalties: Vec<f64>,
}

impl Design {
    fn new(contexts: &Contexts, actions: usize, allowed: impl Fn(Feature) -> bool) -> Self {
        let mut design = Self {
            actions,
            main: vec![None; contexts.features.len()],
            by_channel: vec![None; contexts.features.len()],
            levels: contexts.levels.clone(),
            weights: 1 + actions,
            penalties: Vec::new(),
        };
        design.penalties.push(1e-6);
        design.penalties.extend(std::iter::repeat_n(PENALTY_MAIN, actions));
        let success = |at: &usize| {
            let feature = contexts.features[*at];
            contexts.ties.iter().find(|ties| ties.feature == feature).map_or(0.0, |ties| ties.success.v)
        };
        let mut telling: Vec<usize> =
            (0..contexts.features.len()).filter(|at| allowed(contexts.features[*at])).collect();
        telling.sort_by(|one, other| success(other).total_cmp(&success(one)));
        for at in &telling {
            design.main[*at] = design.place(contexts.levels[*at], PENALTY_MAIN);
        }
        for at in &telling {
            design.by_channel[*at] = design.place(contexts.levels[*at] * actions, PENALTY_BY_CHANNEL);
        }
        design
    }

    fn place(&mut self, wanted: usize, penalty: f64) -> Option<usize> {
        if self.weights + wanted > MAX_WEIGHTS {
            return None;
        }
        let at = self.weights;
        self.weights += wanted;
        self.penalties.extend(std::iter::repeat_n(penalty, wanted));
        Some(at)
    }

    fn active(&self, codes: &[u8], action: usize, active: &mut Vec<usize>) {
        active.clear();
        active.extend([0, 1 + action]);
        for (at, code) in codes.iter().enumerate() {
            let code = usize::from(*code);
            active.extend(self.main[at].map(|place| place + code));
            active.extend(self.by_channel[at].map(|place| place + action * self.levels[at] + code));
        }
    }

    fn fit(
        &self,
        entries: &[Entry],
        contexts: &Contexts,
        without: Option<u8>,
        mut weights: Vec<f64>,
    ) -> Vec<f64> {
        let mut active = Vec::new();
        for _ in 0..STEPS {
            let size = self.weights;
            let mut slope: Vec<f64> =
                weights.iter().zip(&self.penalties).map(|(weight, penalty)| -weight * penalty).collect();
            let mut bend = vec![0.0; size * size];
            for (at, penalty) in self.penalties.iter().enumerate() {
                bend[at * size + at] = *penalty;
            }
            for entry in entries.iter().filter(|entry| Some(entry.fold) != without) {
                self.active(&contexts.codes[entry.context as usize], usize::from(entry.action), &mut active);
                let chance = logistic(active.iter().map(|at| weights[*at]).sum());
                let (pull, heft) =
                    (entry.good - entry.n * chance, entry.n * (chance * (1.0 - chance)).max(1e-6));
                for one in &active {
                    slope[*one] += pull;
                    for other in active.iter().filter(|other| *other <= one) {
                        bend[one * size + other] += heft;
                    }
                }
            }
            let step = solve(&mut bend, slope, size);
            let longest = step.iter().fold(0.0_f64, |longest, part| longest.max(part.abs()));
            let shorten = if longest > 4.0 { 4.0 / longest } else { 1.0 };
            for (weight, part) in weights.iter_mut().zip(&step) {
                *weight += part * shorten;
            }
            if longest < 1e-4 {
                break;
            }
        }
        weights
    }

    fn predict(&self, contexts: &Contexts, weights: &[f64]) -> Vec<f32> {
        let mut active = Vec::new();
        let mut chances = Vec::with_capacity(contexts.len() * self.actions);
        for codes in &contexts.codes {
            for action in 0..self.actions {
                self.active(codes, action, &mut active);
                chances.push(logistic(active.iter().map(|at| weights[*at]).sum()) as f32);
            }
        }
        chances
    }
}

fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score.clamp(-30.0, 30.0)).exp())
}

/// Solves a symmetric positive system given by its lower half, by Cholesky's decomposition in place.
fn solve(matrix: &mut [f64], mut right: Vec<f64>, size: usize) -> Vec<f64> {
    for row in 0..size {
        for column in 0..=row {
            let (before, own) = matrix.split_at(row * size);
            let product: f64 = if column == row {
                own[..column].iter().map(|value| value * value).sum()
            } else {
                own[..column]
                    .iter()
                    .zip(&before[column * size..column * size + column])
                    .map(|(a, b)| a * b)
                    .sum()
            };
            let rest = matrix[row * size + column] - product;
            matrix[row * size + column] =
                if column == row { rest.max(1e-12).sqrt() } else { rest / matrix[column * size + column] };
        }
    }
    for row in 0..size {
        let known: f64 = (0..row).map(|at| matrix[row * size + at] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|at| matrix[at * size + row] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut matrix = vec![4.0, 0.0, 2.0, 3.0];
        let solved = solve(&mut matrix, vec![2.0, 5.0], 2);
        assert!((4.0 * solved[0] + 2.0 * solved[1] - 2.0).abs() < 1e-9);
        assert!((2.0 * solved[0] + 3.0 * solved[1] - 5.0).abs() < 1e-9);
    }
}
