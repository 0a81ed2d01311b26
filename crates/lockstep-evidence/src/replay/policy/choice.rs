//! Policies: for each attempt, with which share it goes to which channel.

use super::context::{Actions, Contexts, FOLDS};
use super::outcome::Outcomes;
use super::propensity::Propensities;

/// A channel that had less than this share in a context is no candidate there: nothing is known about it.
const MIN_SHARE: f32 = 0.02;

/// How a policy finds its row of shares.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// The same for every attempt.
    Nothing,
    /// By context.
    Context,
    /// By a rule of a file, given for each attempt; the last row of shares stands for "as logged".
    Rule(Vec<u16>),
}

/// A policy.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) by: By,
    shares: Vec<f32>,
    actions: usize,
    /// Row of shares that means "as logged".
    logged_row: Option<usize>,
}

/// What a policy does with one attempt.
pub(crate) enum Shares<'a> {
    /// Leaves it where it was.
    AsLogged,
    /// Divides it so.
    Fixed(&'a [f32]),
}

impl Policy {
    /// Leaves everything as it was.
    pub(crate) fn logged(actions: usize) -> Self {
        Self { by: By::Nothing, shares: vec![0.0; actions], actions, logged_row: Some(0) }
    }

    /// The same shares for every attempt.
    pub(crate) fn fixed(shares: Vec<f32>) -> Self {
        Self { actions: shares.len(), by: By::Nothing, shares, logged_row: None }
    }

    /// Everything to one channel.
    pub(crate) fn always(action: usize, actions: usize) -> Self {
        Self::fixed((0..actions).map(|at| f32::from(u8::from(at == action))).collect())
    }

    /// Equal shares.
    pub(crate) fn equal(actions: &Actions) -> Self {
        let share = 1.0 / actions.choices().len() as f32;
        Self::fixed(
            (0..actions.len()).map(|at| if actions.choices().contains(&at) { share } else { 0.0 }).collect(),
        )
    }

    /// Rows of shares picked by rule; `rows` are the rules' shares in order.
    pub(crate) fn by_rule(rule_of_row: Vec<u16>, rows: &[Vec<f32>], actions: usize) -> Self {
        let mut shares: Vec<f32> = rows.iter().flatten().copied().collect();
        shares.extend(std::iter::repeat_n(0.0, actions));
        Self { by: By::Rule(rule_of_row), shares, actions, logged_row: Some(rows.len()) }
    }

    /// The shares for one attempt.
    pub(crate) fn shares(&self, row: usize, context: u32) -> Shares<'_> {
        let at = match &self.by {
            By::Nothing => 0,
            By::Context => context as usize,
            By::Rule(rules) => usize::from(rules[row]),
        };
        if self.logged_row == Some(at) {
            return Shares::AsLogged;
        }
        Shares::Fixed(&self.shares[at * self.actions..(at + 1) * self.actions])
    }
}

/// What a training part taught: chances and shares by context.
pub(crate) struct Lesson<'a> {
    pub(crate) contexts: &'a Contexts,
    pub(crate) actions: &'a Actions,
    pub(crate) shares: &'a Propensities,
    pub(crate) chances: &'a Outcomes,
    /// Attempts of the training part by context.
    pub(crate) weight: &'a [f64],
}

impl Lesson<'_> {
    /// The best channel of every context, among those that were used there; never `without`.
    pub(crate) fn best(&self, without: Option<usize>) -> Policy {
        let picks: Vec<usize> =
            (0..self.contexts.len()).map(|context| self.pick(context, without).0).collect();
        self.by_context(|context, shares| shares[picks[context]] = 1.0)
    }

    /// The best channel of every context, `capped` getting at most `cap` of all attempts: those where it gains most.
    pub(crate) fn best_capped(&self, capped: usize, cap: f64) -> Policy {
        let contexts = self.contexts.len();
        let mut gains: Vec<(f32, usize, usize)> = (0..contexts)
            .map(|context| {
                let (other, chance) = self.pick(context, Some(capped));
                let allowed = self.supported(context, capped);
                let gain = if allowed { self.chance(context, capped) - chance } else { f32::NEG_INFINITY };
                (gain, context, other)
            })
            .collect();
        gains.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut left = cap * self.weight.iter().sum::<f64>();
        let mut given = vec![(0.0_f32, 0_usize); contexts];
        for (gain, context, other) in gains {
            let wanted = self.weight[context];
            let share = if gain <= 0.0 || left <= 0.0 {
                0.0
            } else if wanted <= left {
                1.0
            } else {
                left / wanted
            };
            left -= share * wanted;
            given[context] = (share as f32, other);
        }
        self.by_context(|context, shares| {
            let (share, other) = given[context];
            shares[other] += 1.0 - share;
            shares[capped] += share;
        })
    }

    fn by_context(&self, fill: impl Fn(usize, &mut [f32])) -> Policy {
        let actions = self.actions.len();
        let mut shares = vec![0.0_f32; self.contexts.len() * actions];
        for (context, row) in shares.chunks_mut(actions).enumerate() {
            fill(context, row);
        }
        Policy { by: By::Context, shares, actions, logged_row: None }
    }

    fn supported(&self, context: usize, action: usize) -> bool {
        self.shares.of(FOLDS, context as u32)[action] >= MIN_SHARE
    }

    fn chance(&self, context: usize, action: usize) -> f32 {
        self.chances.of(FOLDS, context as u32)[action]
    }

    fn pick(&self, context: usize, without: Option<usize>) -> (usize, f32) {
        let allowed = |action: &usize| Some(*action) != without;
        let choices = || self.actions.choices().filter(allowed);
        let best = |candidates: &mut dyn Iterator<Item = usize>| {
            candidates
                .map(|action| (action, self.chance(context, action)))
                .max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)))
        };
        best(&mut choices().filter(|action| self.supported(context, *action)))
            .or_else(|| best(&mut choices()))
            .unwrap_or((0, self.chance(context, 0)))
    }
}
