//! The hours of a payment's window, as places where money may arrive and where it may be tried again.
//!
//! Hours end at half past, because what is paid in on the hour is booked by then. Hour `h` is the hour that ends at
//! `h:30`. A day on which the clocks change is counted as if they didn't.

use std::time::Duration;

use jiff::civil::Date;

use super::FundsPolicy;
use crate::time::{Timestamp, Zone};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// Looking ahead and back ends here, whatever the window is.
pub(super) const MOST_HOURS: usize = 31 * 24;

/// One hour, by its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hour {
    /// When it ends.
    pub(super) ends: Timestamp,
    /// Which hour of the day, 0–23.
    pub(super) of_day: usize,
    /// Day of the month, 1–31; the last day of every month counts as 31.
    pub(super) of_month: usize,
    /// Whole days since the payment began.
    pub(super) day: usize,
}

/// The hours that end after `from`, up to and with the first that ends at or after `until`.
pub(super) fn between(from: Timestamp, until: Timestamp, began: Timestamp, zone: &Zone) -> Vec<Hour> {
    let minute = from.minute_of_day(zone);
    // Up to the next half past.
    let minutes_left = 60 - u64::from((minute + 30) % 60);
    let into_minute = from.as_millis().rem_euclid(60_000).unsigned_abs();
    let first = from.plus(Duration::from_millis((minutes_left * 60_000).saturating_sub(into_minute)));
    let mut of_day = usize::from(first.minute_of_day(zone) / 60);
    let mut date = first.day_in(zone);
    let mut ends = first;
    let mut hours = Vec::new();
    while hours.len() < MOST_HOURS {
        let day = usize::try_from(ends.since(began).as_secs() / 86_400).unwrap_or(usize::MAX);
        hours.push(Hour { ends, of_day, of_month: day_of_month(date), day });
        if ends >= until {
            break;
        }
        ends = ends.plus(HOUR);
        of_day += 1;
        if of_day == 24 {
            of_day = 0;
            date = date.tomorrow().unwrap_or(date);
        }
    }
    hours
}

fn day_of_month(date: Date) -> usize {
    let day = if date.day() == date.days_in_month() { 31 } else { date.day() };
    usize::from(day.unsigned_abs())
}

/// Which hour a minute of the day belongs to.
pub(super) fn of_minute(minute: u16) -> usize {
    usize::from((minute + 29) / 60) % 24
}

impl Hour {
    /// Whether an account may be tried again at its end: never in the night.
    pub(super) fn by_day(&self, policy: &FundsPolicy) -> bool {
        let minute = u16::try_from(self.of_day).unwrap_or(0) * 60 + 30;
        (policy.earliest_minute..=policy.latest_minute).contains(&minute)
    }
}
