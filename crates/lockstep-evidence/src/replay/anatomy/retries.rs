//! What trying again brought: by number of the try, by delay, on the same channel or another.

use serde::Serialize;

use super::groups::Tally;
use crate::replay::log::Log;

/// Tries told apart; later ones are together.
const NUMBERS: usize = 8;
/// Upper ends of the delays told apart, in milliseconds, with their stable words.
const DELAYS: [(i64, &str); 8] = [
    (10_000, "<10s"),
    (30_000, "10-30s"),
    (60_001, "30-60s"),
    (600_000, "1-10min"),
    (3_600_000, "10-60min"),
    (86_400_000, "1-24h"),
    (3 * 86_400_000, "1-3d"),
    (i64::MAX, ">3d"),
];

/// Tries of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// `1`, `2`, … `8+`; a range of delays; `same` or `other`.
    pub name: String,
    /// Their counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What trying again brought.
#[derive(Debug, Clone, Serialize)]
pub struct Retries {
    /// By number of the try.
    pub by_number: Vec<Step>,
    /// By time since the try before.
    pub by_delay: Vec<Step>,
    /// On the same channel as the try before, or another.
    pub by_switch: Vec<Step>,
    /// After a failure on a channel: how often the order was tried again at all (`succeeded` counts those).
    pub goes_on: Vec<Step>,
    /// Orders that were tried more than once.
    pub orders_retried: u64,
    /// Orders collected by the first try.
    pub collected_first: u64,
    /// Orders collected at all.
    pub collected: u64,
    /// Attempts for each collected order.
    pub attempts_per_collected: f64,
}

/// Tries after a success are no retries; they are counted as doubles.
pub(super) fn retries(log: &Log) -> Retries {
    let mut numbers = vec![Tally::default(); NUMBERS];
    let mut delays = vec![Tally::default(); DELAYS.len()];
    let mut switch = vec![Tally::default(); 2];
    let mut goes_on = vec![Tally::default(); log.channels.len()];
    let (mut orders_retried, mut collected_first, mut collected) = (0, 0, 0);
    for order in &log.orders {
        let mut before: Option<(i64, u16)> = None;
        for (place, row) in order.iter().enumerate() {
            let attempt = &log.attempts[*row as usize];
            numbers[place.min(NUMBERS - 1)].add(attempt);
            if let Some((at_ms, channel)) = before {
                let delay = attempt.at_ms - at_ms;
                let band = DELAYS.iter().position(|(end, _)| delay < *end).unwrap_or(DELAYS.len() - 1);
                delays[band].add(attempt);
                switch[usize::from(channel != attempt.channel)].add(attempt);
            }
            if place == 1 {
                orders_retried += 1;
            }
            if attempt.succeeded() {
                collected += 1;
                collected_first += u64::from(place == 0);
                break;
            }
            let on = &mut goes_on[usize::from(attempt.channel)];
            on.attempts += 1;
            on.succeeded += u64::from(place + 1 < order.len());
            before = Some((attempt.at_ms, attempt.channel));
        }
    }
    let steps = |tallies: Vec<Tally>, name: &dyn Fn(usize) -> String| -> Vec<Step> {
        let named = tallies.into_iter().enumerate().filter(|(_, tally)| tally.attempts > 0);
        named.map(|(at, tally)| Step { name: name(at), tally: tally.done() }).collect()
    };
    Retries {
        by_number: steps(numbers, &|at| {
            if at + 1 == NUMBERS { format!("{NUMBERS}+") } else { (at + 1).to_string() }
        }),
        by_delay: steps(delays, &|at| DELAYS[at].1.to_owned()),
        by_switch: steps(switch, &|at| if at == 0 { "same".to_owned() } else { "other".to_owned() }),
        goes_on: steps(goes_on, &|at| log.channels.get(u16::try_from(at).unwrap_or(u16::MAX)).to_owned()),
        orders_retried,
        collected_first,
        collected,
        attempts_per_collected: log.attempts.len() as f64 / collected as f64,
    }
}
