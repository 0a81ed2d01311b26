//! Moments and days. The core never asks what time it is: a [`Timestamp`] always comes in as a fact.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Stored as an integer; shown as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment plus a duration; saturates at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment minus a duration.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with milliseconds, e.g. `2026-03-02T01:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => format!("{moment:.3}"),
            Err(_) => "out-of-range".to_owned(),
        }
    }

    /// Parses RFC 3339 with any offset. `None` when it isn't one or lies outside the years 1–9999.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// The calendar day of this moment in a zone.
    pub fn day_in(self, zone: &Zone) -> Date {
        self.zoned(zone).date()
    }

    /// Minutes since midnight in a zone, 0–1439.
    pub fn minute_of_day(self, zone: &Zone) -> u16 {
        let time = self.zoned(zone).time();
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    }

    fn zoned(self, zone: &Zone) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX).to_zoned(zone.tz.clone())
    }
}

/// A calendar day as a channel counts it, written `2026-03-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day of a moment in a zone.
    pub fn of(moment: Timestamp, zone: &Zone) -> Self {
        Self(moment.day_in(zone))
    }

    /// As the calendar has it.
    pub const fn date(self) -> Date {
        self.0
    }

    /// Whether both lie in one month of one year.
    pub fn same_month(self, other: Self) -> bool {
        (self.0.year(), self.0.month()) == (other.0.year(), other.0.month())
    }

    /// The day after; the last day there is stays itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(1)))
    }

    /// The first day of the month after.
    #[must_use]
    pub fn first_of_next_month(self) -> Self {
        Self(self.0.last_of_month()).next()
    }

    /// The moment `minute` past midnight of this day in a zone.
    pub fn moment(self, zone: &Zone, minute: u16) -> Timestamp {
        zone.moment(self.0, minute)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("a day is written like 2026-03-02"))
    }
}

/// A named IANA time zone, from the database compiled into the binary.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    name: String,
    tz: TimeZone,
}

static SHANGHAI: LazyLock<Zone> = LazyLock::new(|| Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc));

impl Zone {
    /// Looks a zone up by its IANA name.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(|tz| Self { name: name.to_owned(), tz })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), tz: TimeZone::UTC }
    }

    /// Asia/Shanghai, the zone of mainland banks.
    pub fn shanghai() -> &'static Self {
        &SHANGHAI
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first moment at or after `minute` past midnight of the given day. In a gap of the local clock
    /// (summer time begins) it is the moment after the gap.
    pub fn moment(&self, day: Date, minute: u16) -> Timestamp {
        let hour = i8::try_from((minute / 60).min(23)).unwrap_or(0);
        let minute = i8::try_from(minute % 60).unwrap_or(0);
        match day.at(hour, minute, 0, 0).to_zoned(self.tz.clone()) {
            Ok(zoned) => Timestamp(zoned.timestamp().as_millisecond()),
            Err(_) => Timestamp(i64::MAX),
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown time zone {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_belongs_to_the_new_day() {
        let zone = Zone::shanghai();
        let last = Timestamp::from_rfc3339("2026-02-28T15:59:59.999Z").unwrap();
        let first = Timestamp::from_rfc3339("2026-02-28T16:00:00Z").unwrap();
        assert_eq!(last.day_in(zone).to_string(), "2026-02-28");
        assert_eq!(first.day_in(zone).to_string(), "2026-03-01");
        assert_eq!(first.minute_of_day(zone), 0);
        assert_eq!(last.minute_of_day(zone), 1439);
    }

    #[test]
    fn rfc3339_round_trip_keeps_milliseconds() {
        let moment = Timestamp::from_millis(1_772_413_200_123);
        assert_eq!(Timestamp::from_rfc3339(&moment.to_rfc3339()), Some(moment));
    }

    #[test]
    fn a_gap_of_summer_time_moves_forward() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let gap = zone.moment(jiff::civil::date(2026, 3, 29), 2 * 60 + 30);
        assert_eq!(gap.to_rfc3339(), "2026-03-29T01:30:00.000Z");
    }
}
