//! How the log chose its channels: as good as by chance, or for reasons that must be reckoned with.

use lockstep_core::text::Sentence;
use serde::Serialize;

use super::features::Feature;
use super::log::Log;
use super::policy::context::{Actions, Contexts};
use super::policy::propensity::Propensities;
use super::words;

/// Below this association a choice is as good as independent of a feature (Cohen's bound of a small effect).
const NEARLY_NONE: f64 = 0.1;
/// From here on it depends on it strongly.
const STRONG: f64 = 0.25;

/// How far choices were left to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Randomness {
    /// As in an experiment.
    NearlyRandom,
    /// It depends on the context a little.
    Somewhat,
    /// It depends on the context strongly.
    Strongly,
}

/// How one feature goes together with the choice and with success.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Tie {
    /// The feature.
    pub feature: Feature,
    /// Cramér's V (0 none, 1 full) with the channel of first attempts.
    pub first_choice_v: f64,
    /// The same over all attempts.
    pub choice_v: f64,
    /// Chance of at least the latter if choices were independent of it.
    pub choice_p: f64,
    /// Cramér's V with success.
    pub success_v: f64,
}

/// How the log chose.
#[derive(Debug, Clone, Serialize)]
pub struct Logging {
    /// `column` if the file holds the probabilities, else `estimated`.
    pub source: &'static str,
    /// How far choices were left to chance.
    pub randomness: Randomness,
    /// Features the estimated probabilities depend on, most telling first.
    pub depends_on: Vec<Feature>,
    /// All features, strongest first.
    pub ties: Vec<Tie>,
    /// Given probabilities that don't fit the choices seen: channel, and sum of inverse probabilities over attempts,
    /// which should be 1.
    pub misfits: Vec<(String, f64)>,
    /// In words.
    pub words: Sentence,
}

pub(crate) fn logging(log: &Log, contexts: &Contexts, actions: &Actions, shares: &Propensities) -> Logging {
    let ties: Vec<Tie> = contexts
        .ties
        .iter()
        .map(|ties| Tie {
            feature: ties.feature,
            first_choice_v: ties.first_choice.v,
            choice_v: ties.choice.v,
            choice_p: ties.choice.p,
            success_v: ties.success.v,
        })
        .collect();
    let strongest = ties
        .iter()
        .filter(|tie| tie.choice_p < 0.001)
        .max_by(|one, other| one.choice_v.total_cmp(&other.choice_v));
    let v = strongest.map_or(0.0, |tie| tie.choice_v);
    let randomness = if v < NEARLY_NONE {
        Randomness::NearlyRandom
    } else if v < STRONG {
        Randomness::Somewhat
    } else {
        Randomness::Strongly
    };
    let misfits = if log.has_propensities { misfits(log, actions) } else { Vec::new() };
    let first_v = ties.iter().map(|tie| tie.first_choice_v).fold(0.0, f64::max);
    let words = words::logging(randomness, strongest, first_v, log.has_propensities, &misfits);
    Logging {
        source: if log.has_propensities { "column" } else { "estimated" },
        randomness,
        depends_on: shares.chain.clone(),
        ties,
        misfits,
        words,
    }
}

/// If a channel was taken with the given probabilities, its inverse probabilities sum to about the number of attempts.
fn misfits(log: &Log, actions: &Actions) -> Vec<(String, f64)> {
    let all = log.attempts.len() as f64;
    let check = |action: usize| {
        let inverse = log
            .attempts
            .iter()
            .zip(&actions.of_row)
            .filter(|(_, taken)| usize::from(**taken) == action)
            .map(|(attempt, _)| 1.0 / f64::from(attempt.propensity));
        let (sum, squares) =
            inverse.fold((0.0, 0.0), |(sum, squares), weight| (sum + weight, squares + weight * weight));
        let spread = (squares / all - (sum / all).powi(2)).max(0.0).sqrt() / all.sqrt();
        let ratio = sum / all;
        ((ratio - 1.0).abs() > 5.0 * spread + 0.02).then(|| (actions.names[action].clone(), ratio))
    };
    actions.choices().filter_map(check).collect()
}
