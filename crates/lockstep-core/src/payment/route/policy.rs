//! How channels are chosen where the rules leave a choice. Configuration of the installation.

use serde::{Deserialize, Serialize};

/// How channels are chosen where the rules leave a choice.
///
/// Exploring costs little and is what keeps the estimates alive: without it a channel that was bad once is never
/// looked at again, and no other policy could be evaluated on the log. Each other candidate gets `explore_ppm`,
/// one that is clearly worse a tenth of it. With the defaults a payment's first attempt loses at most 0.2 points
/// of its chance per other candidate: 2 % of at most 10 points, or 0.2 % of at most 100. It is tried again anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoutePolicy {
    /// Probability with which each other ready candidate is taken instead of the best, in millionths. All of them
    /// together never get more than half.
    pub explore_ppm: u32,
    /// A candidate whose chance is lower than the best one's by more than this is explored ten times less, in
    /// millionths.
    pub worse_by_ppm: u32,
    /// Shortest wait before a payment looks again whether a breaker, open or half open, lets it through.
    pub recheck_min_s: u64,
    /// Longest such wait. Between the two it is a quarter of the time since the breaker opened or became half open.
    /// In each such period the places before a half-open breaker are drawn anew.
    pub recheck_max_s: u64,
    /// When every breaker has been open for longer than this, some payments are let through on the best channel:
    /// a channel that nobody can probe would never be found healed otherwise.
    pub last_resort_after_s: u64,
    /// The share of payments that are, drawn anew in each such period, in millionths.
    pub last_resort_ppm: u32,
    /// How long a channel on which a payment failed stands behind the others for the same payment.
    pub shun_s: u64,
    /// How long an instrument that failed a payment stands behind the borrower's others for the same payment.
    pub spent_s: u64,
}

impl Default for RoutePolicy {
    fn default() -> Self {
        Self {
            explore_ppm: 20_000,
            worse_by_ppm: 100_000,
            recheck_min_s: 10,
            recheck_max_s: 300,
            last_resort_after_s: 900,
            last_resort_ppm: 100_000,
            shun_s: 1800,
            spent_s: 12 * 3600,
        }
    }
}

impl RoutePolicy {
    /// Wrong configuration, each as one sentence naming the field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let shares = [("explore_ppm", self.explore_ppm), ("last_resort_ppm", self.last_resort_ppm)];
        for (field, share) in shares {
            if share > 1_000_000 {
                problems.push(format!("retry.route.{field} is a share in millionths: at most 1000000"));
            }
        }
        if self.recheck_min_s == 0 || self.recheck_min_s > self.recheck_max_s {
            problems.push("retry.route: need 1 ≤ recheck_min_s ≤ recheck_max_s".to_owned());
        }
        if self.last_resort_after_s == 0 {
            problems.push("retry.route.last_resort_after_s must be greater than zero".to_owned());
        }
        problems
    }
}
