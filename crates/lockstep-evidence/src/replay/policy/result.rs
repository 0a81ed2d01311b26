//! What an evaluation says: policies, their values on parts of the log, and how far each can be believed.

use std::collections::BTreeMap;

use lockstep_core::text::Sentence;
use serde::Serialize;

use super::bootstrap::Interval;
use super::rules::PolicyFile;
use crate::replay::features::Feature;
use crate::replay::logging::Logging;

/// How to evaluate.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The same seed gives the same figures.
    pub seed: u64,
    /// Draws behind an interval.
    pub draws: usize,
    /// Largest weight of an attempt.
    pub clip: f64,
    /// Share of the orders, by time, that policies are learned on.
    pub train_share: f64,
    /// The lender's own policy.
    pub policy: Option<PolicyFile>,
}

/// How far an estimate can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Well supported by the log.
    Sound,
    /// Little of the log speaks for it.
    Thin,
    /// Not shown: the log doesn't say.
    Refused,
}

/// One policy's value, of attempts or of orders.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    /// Attempts or orders looked at.
    pub units: u64,
    /// Self-normalised inverse propensity score; none where refused.
    pub snips: Option<Interval>,
    /// Doubly robust; none where refused. The figure to read.
    pub doubly_robust: Option<Interval>,
    /// Doubly robust minus what was logged in the same part.
    pub gain: Option<Interval>,
    /// Plain inverse propensity score, as a check on the weights.
    pub ips: Option<f64>,
    /// Cost for each success, where costs are known.
    pub cost_per_success: Option<Interval>,
    /// Units that would tell as much, had the policy been followed.
    pub effective: f64,
    /// Largest weight after clipping.
    pub largest_weight: f64,
    /// Share of the weight that clipping took.
    pub clipped_share: f64,
    /// How far to believe it.
    pub grade: Grade,
    /// Why not further.
    pub why: Vec<Sentence>,
}

/// A policy on one part of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// Chance that an attempt succeeds.
    pub attempts: Estimate,
    /// Chance that an order is collected at all.
    pub orders: Estimate,
    /// Share of attempts by channel.
    pub shares: BTreeMap<String, f64>,
    /// Share of attempts it would send where the log never went.
    pub unsupported: f64,
}

/// What a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As it was.
    Logged,
    /// Learned, the best channel getting at most its logged share.
    Capped,
    /// Learned, without the best channel.
    Without,
    /// Learned.
    PerContext,
    /// One channel.
    Always,
    /// Equal shares.
    Equal,
    /// The lender's.
    File,
}

/// A policy with its values.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluated {
    /// What it is.
    pub kind: Kind,
    /// The channel it is about.
    pub channel: Option<String>,
    /// In words.
    pub label: Sentence,
    /// On the whole log; none for what was learned on a part of it.
    pub whole_log: Option<Part>,
    /// On the later part, which nothing was learned on.
    pub held_out: Option<Part>,
    /// Success of the channel's own attempts, as a dashboard shows it: not what others would have had there.
    pub naive: Option<f64>,
}

/// The best channel capped at a multiple of its logged share.
#[derive(Debug, Clone, Serialize)]
pub struct CapPoint {
    /// Most of the attempts it may get.
    pub cap: f64,
    /// What it gets.
    pub used: f64,
    /// Value on the held-out part.
    pub attempts: Estimate,
}

/// A part of the log in time.
#[derive(Debug, Clone, Serialize)]
pub struct Span {
    /// Orders in it.
    pub orders: u64,
    /// Attempts in it.
    pub attempts: u64,
    /// First attempt, RFC 3339.
    pub from: String,
    /// Last attempt, RFC 3339.
    pub to: String,
}

/// Where the log is silent.
#[derive(Debug, Clone, Serialize)]
pub struct Support {
    /// The channel.
    pub channel: String,
    /// Its attempts.
    pub attempts: u64,
    /// Its share.
    pub share: f64,
    /// Share of all attempts in contexts where it was hardly ever used.
    pub unused_in: f64,
}

/// Everything about other choices.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// How the log chose.
    pub logging: Logging,
    /// The part that policies were learned on.
    pub learned_on: Option<Span>,
    /// The part they were evaluated on.
    pub held_out: Option<Span>,
    /// The channel that did best on the first part.
    pub best_channel: Option<String>,
    /// In order of reading: the honest lines first. By name.
    #[serde(serialize_with = "by_name")]
    pub policies: Vec<(String, Evaluated)>,
    /// What more of the best channel would bring.
    pub cap_curve: Vec<CapPoint>,
    /// Where the log is silent.
    pub support: Vec<Support>,
    /// Features that differ in too many ways to be kept.
    pub dropped_features: Vec<Feature>,
}

fn by_name<S: serde::Serializer>(policies: &[(String, Evaluated)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(policies.iter().map(|(name, policy)| (name, policy)))
}

impl Evaluation {
    /// A policy by name.
    pub fn policy(&self, name: &str) -> Option<&Evaluated> {
        self.policies.iter().find(|(known, _)| known == name).map(|(_, policy)| policy)
    }
}
