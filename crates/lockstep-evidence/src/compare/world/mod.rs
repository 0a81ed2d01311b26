//! The world as data. Every field is a key of the file; `worlds/standard.toml` says what each means and its source.

mod check;
mod load;

use std::collections::BTreeMap;

use lockstep_core::channel::Capability;
use serde::{Deserialize, Serialize};

pub use self::load::{WorldProblem, named, names, text_of};

/// A checked world.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The file's content.
    pub given: Given,
    /// The production's view of each channel, in the lender's order of preference. Hours come with the run.
    pub(crate) channels: Vec<ChannelInWorld>,
    /// The instruments' names, in order.
    pub(crate) instruments: Vec<InstrumentInWorld>,
    /// The issuers' names and shares, in order.
    pub(crate) issuers: Vec<(String, f64)>,
}

/// A channel with its capability parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChannelInWorld {
    pub(crate) given: Channel,
    pub(crate) capability: Capability,
    /// Index among the instruments.
    pub(crate) instrument: usize,
}

/// An instrument with its place in the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InstrumentInWorld {
    pub(crate) name: String,
    pub(crate) given: Instrument,
    /// Channels that debit it.
    pub(crate) channels: usize,
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "each key is explained in worlds/standard.toml, where people read it")]
        pub struct $name { $(pub $field: $kind),* }
    };
}

section! {
    /// A whole world file.
    Given {
        name: String,
        summary: String,
        arrivals: Arrivals,
        funds: Funds,
        instrument: BTreeMap<String, Instrument>,
        bindings: Bindings,
        limits: Limits,
        soft: Soft,
        lender: LenderHabits,
        outages: Outages,
        issuers: Issuers,
        technical: Technical,
        unknown: Unknown,
        storm: Storm,
        channel: BTreeMap<String, Channel>,
        scripted: Vec<Scripted>,
        drift: Vec<Drift>,
    }
}
section! {
    /// What is due, and when.
    Arrivals {
        due_hour: f64, spread_minutes: f64, payday_share: f64, paydays: Vec<u8>, amount_median_minor: i64,
        amount_sigma: f64,
    }
}
section! {
    /// The borrower's account.
    Funds {
        short_share: f64, median_days: f64, sigma: f64, salary_share: f64, salary_hour: f64,
        salary_jitter_minutes: f64, stay_mean_days: f64, comes_again: bool, masked_share: f64, closed_account: f64,
    }
}
section! {
    /// Something bound.
    Instrument { stale: f64, limit: f64, soft_decline: f64, retry_cap: Option<RetryCap> }
}
section! {
    /// How often a scheme lets one order be tried on one instrument.
    RetryCap { attempts: u32, days: f64 }
}
section! {
    /// How bindings age.
    Bindings { hazard_per_year: f64, resigned_share: f64, resigned_after_hours: f64 }
}
section! {
    /// Limits of the bank.
    Limits { change_per_month: f64, covers_share: f64 }
}
section! {
    /// Soft declines of the issuer.
    Soft { persistent_share: f64, persistent_hours: f64, shared_share: f64 }
}
section! {
    /// What the baselines' lenders do by themselves.
    LenderHabits { retry_hour: f64 }
}
section! {
    /// Unplanned outages.
    Outages {
        per_channel_month: f64, short_median_minutes: f64, short_sigma: f64, long_share: f64, long_mean_hours: f64,
        severity: Vec<Severity>,
    }
}
section! {
    /// What an outage leaves.
    Severity { works: f64, share: f64 }
}
section! {
    /// The banks behind the instruments.
    Issuers { outages_per_month: f64, share: BTreeMap<String, f64> }
}
section! {
    /// Technical failures.
    Technical { unreached_share: f64 }
}
section! {
    /// Attempts without an answer.
    Unknown {
        normal: f64, in_outage: f64, paid_share: f64, resolve_median_minutes: f64, resolve_sigma: f64,
        tail_share: f64, tail_days: [f64; 2],
    }
}
section! {
    /// What too many status queries do.
    Storm { load_per_query: f64, half_life_minutes: f64, overload_at: f64 }
}
section! {
    /// How often one payment may be asked about.
    StatusCap { min_gap_s: u32, per_window: u32, window_s: u32 }
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each key is explained in worlds/standard.toml, where people read it")]
pub struct Channel {
    pub place: u8,
    pub instrument: String,
    pub technical: f64,
    pub answers_after_s: f64,
    pub per_attempt_milli_minor: u64,
    pub status_cap: StatusCap,
    #[serde(default)]
    pub daily_closed: Vec<Span>,
    #[serde(default)]
    pub maintenance: Vec<Weekly>,
    pub codes: Codes,
    pub capability: toml::Table,
}

section! {
    /// A span of the day, `HH:MM`.
    Span { from: String, to: String }
}
section! {
    /// A span of one weekday.
    Weekly { weekday: String, from: String, to: String }
}

/// What a channel answers. A code that is absent can't be said: the request does not get through instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each key is explained in worlds/standard.toml, where people read it")]
pub struct Codes {
    pub success: String,
    pub no_funds: String,
    pub do_not_honour: String,
    pub limit: String,
    pub stale: String,
    pub account_closed: String,
    pub technical: Option<String>,
    pub closed: Option<String>,
    pub too_many: String,
    pub processing: String,
    pub not_executed: String,
}

/// A scripted outage. Channels or issuers left out mean all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// Which channels; empty for all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Which issuers; empty for all.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// First day, from 0.
    pub first_day: u32,
    /// Again after so many days; once if left out.
    pub every_days: Option<u32>,
    /// Local time of the day, `HH:MM`.
    pub start: String,
    /// How long.
    pub hours: f64,
    /// What is left of success, 0 to 1.
    pub works: f64,
}

/// A slow loss of success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Which channels; empty for all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// When it begins, in days from 0.
    pub first_day: u32,
    /// Over how many days it grows.
    pub over_days: f64,
    /// How much of success is lost in the end, 0 to 1.
    pub points: f64,
    /// When all is well again.
    pub until_day: u32,
}

impl World {
    /// The standard world.
    ///
    /// # Panics
    /// Never: a test loads every embedded world.
    #[cfg(test)]
    pub(crate) fn standard() -> Self {
        named("standard").expect("it is embedded")
    }

    /// The index of a channel by its name.
    pub(crate) fn channel(&self, name: &str) -> Option<usize> {
        self.channels.iter().position(|channel| channel.capability.id.as_str() == name)
    }
}
