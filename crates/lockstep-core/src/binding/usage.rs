//! What was moved through each channel lately, where somebody limits it by day or month.
//!
//! An amount is counted on the day, of the channel's own calendar, on which its attempt opened. It is given back
//! when the attempt is proven to have moved nothing, and given back to that day, whenever the proof comes. What
//! moved or may have moved stays counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::channel::Period;
use crate::time::{Day, Timestamp};

/// What was moved from one instrument through one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Minor units by day; only days of the newest one's month are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<Day, i64>,
    /// What the bank itself has called used up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<Period, UsedUp>,
}

/// The bank said that a period's limit is reached: that counts, whatever we have counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedUp {
    /// First moment of the next period.
    pub until: Timestamp,
    /// The smallest amount it was said about, in minor units; less may still pass.
    pub from_minor: i64,
}

impl Usage {
    /// What was counted on this day or in its month, in minor units.
    pub fn in_period(&self, period: Period, day: Day) -> i64 {
        let of = |one: &Day| match period {
            Period::Day => *one == day,
            Period::Month => one.same_month(day),
        };
        self.days.iter().filter(|(one, _)| of(one)).fold(0, |sum, (_, minor)| sum.saturating_add(*minor))
    }

    /// When the bank's word about a period ends, if it holds for this amount now.
    pub fn told_until(&self, period: Period, amount_minor: i64, now: Timestamp) -> Option<Timestamp> {
        let told = self.told.get(&period)?;
        (now < told.until && amount_minor >= told.from_minor).then_some(told.until)
    }

    pub(super) fn reserve(&mut self, day: Day, amount_minor: i64) {
        let newest = self.days.keys().next_back().copied().map_or(day, |last| last.max(day));
        self.days.retain(|one, _| one.same_month(newest));
        if day.same_month(newest) {
            let minor = self.days.entry(day).or_default();
            *minor = minor.saturating_add(amount_minor);
        }
    }

    /// What is no longer kept needs no giving back.
    pub(super) fn release(&mut self, day: Day, amount_minor: i64) {
        if let Some(minor) = self.days.get_mut(&day) {
            *minor = minor.saturating_sub(amount_minor).max(0);
        }
        self.days.retain(|_, minor| *minor > 0);
    }

    pub(super) fn reached(&mut self, period: Period, until: Timestamp, from_minor: i64) {
        // Of two words about the same period the one about the smaller amount says more.
        let same = self.told.get(&period).filter(|told| told.until == until);
        let from_minor = same.map_or(from_minor, |told| told.from_minor.min(from_minor));
        self.told.insert(period, UsedUp { until, from_minor });
    }
}
