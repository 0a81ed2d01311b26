//! The anatomy of a log's failures: where, when, why, at what price, and what trying again brought.

mod doubles;
mod failures;
mod groups;
mod outages;
mod retries;

use serde::Serialize;

pub use doubles::{Double, Doubles};
pub use failures::Failure;
pub use groups::{Group, Tally};
pub use outages::Outage;
pub use retries::{Retries, Step};

use super::features::Bands;
use super::log::Log;

/// Everything about what failed.
#[derive(Debug, Clone, Serialize)]
pub struct Anatomy {
    /// By layer, where the codes are known.
    pub by_layer: Vec<Failure>,
    /// By cause, or by raw code where the codes aren't known.
    pub by_cause: Vec<Failure>,
    /// Tries that came after a cause which trying again can't mend.
    pub hopeless_retries: u64,
    /// By channel.
    pub by_channel: Vec<Group>,
    /// By bank.
    pub by_issuer: Vec<Group>,
    /// By kind of card.
    pub by_card: Vec<Group>,
    /// By country.
    pub by_country: Vec<Group>,
    /// By currency.
    pub by_currency: Vec<Group>,
    /// By authentication.
    pub by_threeds: Vec<Group>,
    /// By fifth of the amounts.
    pub by_amount: Vec<Group>,
    /// By hour of the day, in the log's zone.
    pub by_hour: Vec<Group>,
    /// By weekday, in the log's zone.
    pub by_weekday: Vec<Group>,
    /// By day (or week, for long logs) and channel.
    pub over_time: Vec<Bucket>,
    /// What trying again brought.
    pub retries: Retries,
    /// Stretches in which a channel worked far worse than usual.
    pub outages: Vec<Outage>,
    /// Orders that seem to have been collected twice.
    pub doubles: Doubles,
}

/// A channel in a stretch of time.
#[derive(Debug, Clone, Serialize)]
pub struct Bucket {
    /// Local day on which it begins.
    pub from: String,
    /// The same in milliseconds of local wall time.
    pub local_ms: i64,
    /// The channel.
    pub channel: String,
    /// Attempts.
    pub attempts: u64,
    /// How many moved money.
    pub succeeded: u64,
}

/// Takes a log apart.
pub(crate) fn anatomy(log: &Log, seed: u64) -> Anatomy {
    let bands = Bands::of_log(log);
    let lost = groups::lost_orders(log);
    let named = |names: &super::log::Names, of: fn(&super::log::Attempt) -> u16| {
        groups::by_name(log, &lost, names, of)
    };
    let (by_layer, by_cause, hopeless_retries) = failures::failures(log, &lost);
    Anatomy {
        by_layer,
        by_cause,
        hopeless_retries,
        by_channel: groups::by_name(log, &lost, &log.channels, |attempt| attempt.channel),
        by_issuer: named(&log.issuers, |attempt| attempt.issuer),
        by_card: named(&log.cards, |attempt| attempt.card),
        by_country: named(&log.countries, |attempt| attempt.country),
        by_currency: named(&log.currencies, |attempt| attempt.currency),
        by_threeds: named(&log.threeds, |attempt| attempt.threeds),
        by_amount: groups::by_amount(log, &lost, &bands),
        by_hour: groups::by_hour(log, &lost),
        by_weekday: groups::by_weekday(log, &lost),
        over_time: groups::over_time(log),
        retries: retries::retries(log),
        outages: outages::outages(log, seed),
        doubles: doubles::doubles(log),
    }
}
