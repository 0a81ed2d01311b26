//! Days, hours and announced closures.

use super::super::DAY_MS;
use super::super::world::Channel;

const MINUTE_MS: i64 = 60_000;

/// `HH:MM` as minutes since midnight; 24:00 is the end of the day.
pub(crate) fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    ((0..60).contains(&minutes) && (0..=1440).contains(&total)).then_some(total)
}

/// Monday is 0.
pub(crate) fn weekday(name: &str) -> Option<u32> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    names.iter().zip(0..).find(|(known, _)| **known == name).map(|(_, day)| day)
}

/// All announced closures of a channel, sorted and merged.
pub(super) fn closures(channel: &Channel, start: i64, days: u32) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    for day in 0..days {
        let midnight = start + i64::from(day) * DAY_MS;
        let mut add = |from: &str, to: &str| {
            if let (Some(from), Some(to)) = (minutes(from), minutes(to)) {
                found.push((midnight + from * MINUTE_MS, midnight + to * MINUTE_MS));
            }
        };
        for span in &channel.daily_closed {
            add(&span.from, &span.to);
        }
        for weekly in channel.maintenance.iter().filter(|weekly| weekday(&weekly.weekday) == Some(day % 7)) {
            add(&weekly.from, &weekly.to);
        }
    }
    found.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(found.len());
    for (from, until) in found {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => merged.push((from, until)),
        }
    }
    merged
}
