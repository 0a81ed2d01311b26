//! Attempts divided by one thing at a time, with what each part cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Bucket;
use crate::replay::features::{Bands, FIFTHS, weekday};
use crate::replay::log::{Attempt, Log, NONE, Names};
use crate::replay::money::Sums;
use crate::replay::statistics::wilson;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Longer logs are shown by week.
const DAYS_BY_DAY: i64 = 100;

/// Counts of a part.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    /// Attempts.
    pub attempts: u64,
    /// Attempts that moved money.
    pub succeeded: u64,
    /// Attempts whose outcome the log doesn't know.
    pub unknown: u64,
    /// Share that succeeded.
    pub success: f64,
    /// Wilson's 95 % interval of it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Orders never collected whose last try was here.
    pub orders_lost: u64,
    /// Their amounts, by currency; decimal.
    pub amount_lost: Sums,
    /// What all attempts here cost, where costs are known.
    pub cost: Option<f64>,
}

impl Tally {
    pub(crate) fn add(&mut self, attempt: &Attempt) {
        self.attempts += 1;
        self.succeeded += u64::from(attempt.succeeded());
        self.unknown += u64::from(attempt.outcome == crate::replay::log::Outcome::Unknown);
        if attempt.cost.is_finite() {
            *self.cost.get_or_insert(0.0) += f64::from(attempt.cost);
        }
    }

    pub(crate) fn lose(&mut self, log: &Log, attempt: &Attempt) {
        self.orders_lost += 1;
        self.amount_lost.add(log, attempt);
    }

    pub(crate) fn done(mut self) -> Self {
        self.success = if self.attempts == 0 { 0.0 } else { self.succeeded as f64 / self.attempts as f64 };
        (self.low, self.high) = wilson(self.succeeded, self.attempts);
        self
    }
}

/// A part with its name.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name, as the file has it.
    pub name: String,
    /// Its counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Whether an attempt is the last one of an order that was never collected.
pub(super) fn lost_orders(log: &Log) -> Vec<bool> {
    let mut lost = vec![false; log.attempts.len()];
    for order in &log.orders {
        if order.iter().any(|row| log.attempts[*row as usize].succeeded()) {
            continue;
        }
        if let Some(last) = order.last() {
            lost[*last as usize] = true;
        }
    }
    lost
}

fn by<K: Ord>(log: &Log, lost: &[bool], key: impl Fn(&Attempt) -> Option<K>) -> BTreeMap<K, Tally> {
    let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
    for (row, attempt) in log.attempts.iter().enumerate() {
        if let Some(key) = key(attempt) {
            let tally = tallies.entry(key).or_default();
            tally.add(attempt);
            if lost[row] {
                tally.lose(log, attempt);
            }
        }
    }
    tallies.into_iter().map(|(key, tally)| (key, tally.done())).collect()
}

/// Most attempts first.
pub(super) fn by_name(log: &Log, lost: &[bool], names: &Names, of: impl Fn(&Attempt) -> u16) -> Vec<Group> {
    let tallies = by(log, lost, |attempt| Some(of(attempt)).filter(|name| *name != NONE));
    let mut groups: Vec<Group> =
        tallies.into_iter().map(|(name, tally)| Group { name: names.get(name).to_owned(), tally }).collect();
    groups.sort_by(|one, other| {
        other.tally.attempts.cmp(&one.tally.attempts).then_with(|| one.name.cmp(&other.name))
    });
    groups
}

pub(super) fn by_amount(log: &Log, lost: &[bool], bands: &Bands) -> Vec<Group> {
    let one_currency = log.currencies.len() <= 1;
    let currency = log.attempts.first().map_or(NONE, |first| first.currency);
    let edges = bands.edges(currency);
    let tallies = by(log, lost, |attempt| Some(bands.of(attempt)).filter(|band| *band != u32::from(NONE)));
    let name = |band: u32| {
        let edge =
            |at: u32| edges.get(at as usize).map(|edge| crate::replay::money::decimal(i128::from(*edge)));
        match (one_currency, band.checked_sub(1).and_then(edge), edge(band)) {
            (true, None, Some(to)) => format!("< {to}"),
            (true, Some(from), Some(to)) => format!("{from} – < {to}"),
            (true, Some(from), None) => format!("≥ {from}"),
            (true, None, None) | (false, _, _) => format!("{}/{FIFTHS}", band + 1),
        }
    };
    tallies.into_iter().map(|(band, tally)| Group { name: name(band), tally }).collect()
}

pub(super) fn by_hour(log: &Log, lost: &[bool]) -> Vec<Group> {
    let tallies = by(log, lost, |attempt| Some(log.local_ms(attempt.at_ms).rem_euclid(DAY_MS) / HOUR_MS));
    tallies.into_iter().map(|(hour, tally)| Group { name: format!("{hour:02}"), tally }).collect()
}

/// `1` is Monday.
pub(super) fn by_weekday(log: &Log, lost: &[bool]) -> Vec<Group> {
    let tallies = by(log, lost, |attempt| Some(weekday(log.local_ms(attempt.at_ms))));
    tallies.into_iter().map(|(day, tally)| Group { name: (day + 1).to_string(), tally }).collect()
}

pub(super) fn over_time(log: &Log) -> Vec<Bucket> {
    let span =
        log.attempts.first().zip(log.attempts.last()).map_or(0, |(first, last)| last.at_ms - first.at_ms);
    let width = if span / DAY_MS > DAYS_BY_DAY { 7 * DAY_MS } else { DAY_MS };
    let mut buckets: BTreeMap<(i64, u16), (u64, u64)> = BTreeMap::new();
    for attempt in &log.attempts {
        let begin = log.local_ms(attempt.at_ms).div_euclid(width) * width;
        let count = buckets.entry((begin, attempt.channel)).or_default();
        count.0 += 1;
        count.1 += u64::from(attempt.succeeded());
    }
    let day = |local_ms: i64| {
        let moment = jiff::Timestamp::from_millisecond(local_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    };
    let bucket = |((local_ms, channel), (attempts, succeeded))| {
        let channel = log.channels.get(channel).to_owned();
        Bucket { from: day(local_ms), local_ms, channel, attempts, succeeded }
    };
    buckets.into_iter().map(bucket).collect()
}
