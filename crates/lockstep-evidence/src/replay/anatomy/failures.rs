//! Failures by layer and cause, and whether trying again helped against them.

use std::collections::BTreeMap;

use lockstep_core::catalogue::{Layer, Reason, RetryRule};
use lockstep_core::text::Sentence;
use serde::Serialize;

use super::groups::Tally;
use crate::replay::log::{Log, Outcome};
use crate::replay::money::Sums;
use crate::replay::words;

/// Failures of one kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Failure {
    /// The layer's or cause's stable word, or the raw code.
    pub name: String,
    /// In words.
    pub title: Option<Sentence>,
    /// The layer of a cause.
    pub layer: Option<Layer>,
    /// What to do about it.
    pub next_step: Option<Sentence>,
    /// Attempts that ended so.
    pub attempts: u64,
    /// Of these, attempts whose outcome the log doesn't know.
    pub unknown: u64,
    /// Share of all attempts without success.
    pub share: f64,
    /// Attempts that were followed by another try of the order.
    pub retried: u64,
    /// Of these, tries that then succeeded.
    pub mended: u64,
    /// Orders never collected whose last try ended so.
    pub orders_lost: u64,
    /// Their amounts.
    pub amount_lost: Sums,
    /// What these attempts cost, where costs are known.
    pub cost: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Known(Reason),
    Raw(String),
    NoCode,
}

/// By layer, by cause, and how many tries followed a cause that trying again can't mend.
pub(super) fn failures(log: &Log, lost: &[bool]) -> (Vec<Failure>, Vec<Failure>, u64) {
    if log.codes.is_empty() {
        return (Vec::new(), Vec::new(), 0);
    }
    let mut by_cause: BTreeMap<Cause, (Failure, Tally)> = BTreeMap::new();
    let (mut failed, mut hopeless) = (0_u64, 0_u64);
    for order in &log.orders {
        for (place, row) in order.iter().enumerate() {
            let attempt = &log.attempts[*row as usize];
            if attempt.succeeded() {
                continue;
            }
            failed += 1;
            let code = log.code(attempt.code);
            let cause = match code {
                Some(code) => code.reason().map_or_else(|| Cause::Raw(code.text.clone()), Cause::Known),
                // Nobody knows yet: that is a cause of its own, not a code that is missing from a list.
                None if attempt.outcome == Outcome::Unknown => Cause::Known(Reason::OutcomeUnknown),
                None => Cause::NoCode,
            };
            let next = order.get(place + 1).map(|next| &log.attempts[*next as usize]);
            if let (Cause::Known(reason), Some(_)) = (&cause, next) {
                hopeless +=
                    u64::from(matches!(reason.entry().retry, RetryRule::Never | RetryRule::WhenBorrowerActs));
            }
            let (failure, tally) = by_cause.entry(cause).or_default();
            failure.unknown += u64::from(attempt.outcome == Outcome::Unknown);
            failure.retried += u64::from(next.is_some());
            failure.mended += u64::from(next.is_some_and(|next| next.succeeded()));
            tally.add(attempt);
            if lost[*row as usize] {
                tally.lose(log, attempt);
            }
        }
    }
    let mut causes: Vec<Failure> =
        by_cause.into_iter().map(|(cause, (failure, tally))| named(&cause, failure, tally, failed)).collect();
    causes.sort_by(|one, other| other.attempts.cmp(&one.attempts).then_with(|| one.name.cmp(&other.name)));
    let layers = if log.has_causes() { by_layer(&causes, failed) } else { Vec::new() };
    (layers, causes, hopeless)
}

fn named(cause: &Cause, failure: Failure, tally: Tally, failed: u64) -> Failure {
    let (name, title, layer, next_step) = match cause {
        Cause::Known(reason) => {
            let entry = reason.entry();
            (
                reason.as_str().to_owned(),
                Some(entry.title.into()),
                Some(entry.layer),
                Some(entry.next_step.into()),
            )
        }
        Cause::Raw(code) => (code.clone(), None, None, None),
        Cause::NoCode => ("no_code".to_owned(), Some(words::no_code()), None, None),
    };
    Failure {
        name,
        title,
        layer,
        next_step,
        attempts: tally.attempts,
        share: tally.attempts as f64 / failed.max(1) as f64,
        orders_lost: tally.orders_lost,
        amount_lost: tally.amount_lost,
        cost: tally.cost,
        ..failure
    }
}

fn by_layer(causes: &[Failure], failed: u64) -> Vec<Failure> {
    let mut layers: BTreeMap<Option<Layer>, Failure> = BTreeMap::new();
    for cause in causes {
        let layer = layers.entry(cause.layer).or_default();
        layer.attempts += cause.attempts;
        layer.unknown += cause.unknown;
        layer.retried += cause.retried;
        layer.mended += cause.mended;
        layer.orders_lost += cause.orders_lost;
        layer.amount_lost.merge(&cause.amount_lost);
        if let Some(cost) = cause.cost {
            *layer.cost.get_or_insert(0.0) += cost;
        }
    }
    let mut list: Vec<Failure> = layers
        .into_iter()
        .map(|(layer, failure)| Failure {
            name: layer.map_or("not_in_catalogue", |layer| layer.as_str()).to_owned(),
            title: Some(words::layer(layer)),
            share: failure.attempts as f64 / failed.max(1) as f64,
            layer,
            ..failure
        })
        .collect();
    list.sort_by_key(|failure| std::cmp::Reverse(failure.attempts));
    list
}
