//! Orders that seem to have been collected twice.

use serde::Serialize;

use crate::replay::log::Log;
use crate::replay::money::Sums;

/// Examples listed.
const EXAMPLES: usize = 50;

/// One suspect.
#[derive(Debug, Clone, Serialize)]
pub struct Double {
    /// Lines of the successful attempts in the file.
    pub lines: Vec<u64>,
    /// Their channels.
    pub channels: Vec<String>,
    /// Seconds between the first and the last.
    pub seconds: i64,
}

/// All suspects.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Doubles {
    /// Orders with more than one success.
    pub orders: u64,
    /// Successes beyond the first.
    pub surplus: u64,
    /// Their amounts.
    pub amount: Sums,
    /// The first fifty.
    pub examples: Vec<Double>,
}

pub(super) fn doubles(log: &Log) -> Doubles {
    let mut doubles = Doubles::default();
    for order in &log.orders {
        let good: Vec<_> = order
            .iter()
            .map(|row| &log.attempts[*row as usize])
            .filter(|attempt| attempt.succeeded())
            .collect();
        let (Some(first), Some(last)) = (good.first(), good.last()) else { continue };
        if good.len() < 2 {
            continue;
        }
        doubles.orders += 1;
        doubles.surplus += good.len() as u64 - 1;
        for surplus in good.iter().skip(1) {
            doubles.amount.add(log, surplus);
        }
        if doubles.examples.len() < EXAMPLES {
            doubles.examples.push(Double {
                lines: good.iter().map(|attempt| attempt.line).collect(),
                channels: good.iter().map(|attempt| log.channels.get(attempt.channel).to_owned()).collect(),
                seconds: (last.at_ms - first.at_ms) / 1000,
            });
        }
    }
    doubles
}
