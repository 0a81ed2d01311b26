//! The prototype's figures, which the standard world has to reproduce.

use super::measure::Row;
use super::policy::PROTOTYPE_CASCADE;
use super::run::Comparison;

/// One figure of the prototype and ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// What it is.
    pub what: &'static str,
    /// The prototype's figure.
    pub expected: f64,
    /// How far off it may be.
    pub tolerance: f64,
    /// This run's figure.
    pub got: f64,
}

impl Check {
    /// Whether it is near enough.
    pub fn holds(&self) -> bool {
        (self.got - self.expected).abs() <= self.tolerance
    }
}

/// What, policy, row, the prototype's figure, tolerance.
const FIGURES: [(&str, &str, Row, f64, f64); 5] = [
    ("one card attempt", "single", Row::Collected10d, 0.8525, 0.004),
    ("failover at once, same day", "failover_daily", Row::CollectedSameDay, 0.929, 0.004),
    ("the same card every day, 5 days", "daily_blind", Row::Collected5d, 0.909, 0.005),
    ("failover and daily cascade, 5 days", PROTOTYPE_CASCADE, Row::Collected5d, 0.958, 0.004),
    ("perfect information, 10 days", "oracle", Row::Collected10d, 0.976, 0.003),
];

impl Comparison {
    /// The prototype's figures next to this run's; empty in any world but the standard one.
    pub fn calibration(&self) -> Vec<Check> {
        if self.world.0 != "standard" {
            return Vec::new();
        }
        let check = |(what, policy, row, expected, tolerance): &(&'static str, &str, Row, f64, f64)| {
            let shown = self.policies.iter().find(|known| known.name == *policy);
            let got = match shown {
                Some(policy) => policy.rows.get(row)?.mean,
                None => self.prototype_cascade_5d.filter(|_| *policy == PROTOTYPE_CASCADE)?,
            };
            Some(Check { what, expected: *expected, tolerance: *tolerance, got })
        };
        FIGURES.iter().filter_map(check).collect()
    }
}
