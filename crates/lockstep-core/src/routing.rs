//! A lender's own rules about channels. They come before anything that was learned.
//!
//! Data, one set per lender, first match wins. A rule looks at a payment and the instrument it would debit, and says
//! which channels may be used and in what order. What it leaves open is decided by what was learned.

mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::check::{MAX_CHANNELS, MAX_RULES, RuleProblem};
use crate::binding::{Binding, InstrumentKind};
use crate::channel::{ChannelId, Direction};
use crate::money::{Currency, Money};

/// The rules of one lender, first match first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRules {
    /// First match first.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What people call it, unique among the lender's; stored with every candidate it excluded.
    pub name: String,
    /// Which payments it is about. Left out: all that collect.
    #[serde(default)]
    pub when: When,
    /// What it says about them.
    pub then: Then,
}

/// Which payments a rule is about: all that fit every condition given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The bank behind the instrument, e.g. `ICBC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The binding holds a live mandate on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The kind of instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<InstrumentKind>,
    /// Smallest amount, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_min_minor: Option<i64>,
    /// Largest amount, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_max_minor: Option<i64>,
    /// The currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Which way the money goes. Left out: to the lender. A rule about repayments must not stop a micro-deposit.
    #[serde(default = "collecting")]
    pub direction: Direction,
    /// Only at these hours of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<HourRange>,
}

const fn collecting() -> Direction {
    Direction::Collect
}

impl Default for When {
    fn default() -> Self {
        Self {
            issuer: None,
            channel: None,
            instrument: None,
            amount_min_minor: None,
            amount_max_minor: None,
            currency: None,
            direction: Direction::Collect,
            hours: None,
        }
    }
}

/// Hours of the day in the installation's zone, half-open; may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HourRange {
    /// First minute of the day, 0–1439.
    pub from_minute: u16,
    /// First minute after it, 1–1440; smaller than `from_minute` when it goes over midnight.
    pub until_minute: u16,
}

impl HourRange {
    /// Whether a minute of the day lies in it.
    pub fn contains(self, minute: u16) -> bool {
        if self.from_minute < self.until_minute {
            (self.from_minute..self.until_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }
}

/// What a rule says about the channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Only these, in this order.
    Pin(Vec<ChannelId>),
    /// All but these.
    Exclude(Vec<ChannelId>),
    /// These first, in this order; then the others as learned.
    Prefer(Vec<ChannelId>),
    /// Shares of the payments; others only when none of these can take it.
    Split(Split),
}

/// Which share of the payments goes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// What is dealt out.
    #[serde(default)]
    pub by: SplitBy,
    /// Each channel's share in millionths; they add to 1,000,000.
    pub shares_ppm: BTreeMap<ChannelId, u32>,
}

/// What a split deals out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// A borrower always gets the same channel.
    #[default]
    Borrower,
    /// Each payment is dealt anew; its later attempts stay where the first one was dealt.
    Payment,
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The instrument that would be debited or credited.
    pub binding: &'a Binding,
    /// How much.
    pub money: Money,
    /// Which way.
    pub direction: Direction,
    /// Minutes since midnight in the installation's zone.
    pub minute: u16,
}

impl When {
    /// Whether a rule with these conditions is about this.
    pub fn matches(&self, occasion: Occasion<'_>) -> bool {
        let Occasion { binding, money, direction, minute } = occasion;
        let instrument = &binding.instrument;
        let holds_on = |channel: &ChannelId| {
            binding.mandates.get(channel).is_some_and(|mandate| mandate.agreement_no().is_some())
        };
        self.direction == direction
            && self.issuer.as_ref().is_none_or(|code| instrument.issuer.as_ref() == Some(code))
            && self.channel.as_ref().is_none_or(holds_on)
            && self.instrument.is_none_or(|kind| kind == instrument.kind)
            && self.amount_min_minor.is_none_or(|min| money.amount_minor >= min)
            && self.amount_max_minor.is_none_or(|max| money.amount_minor <= max)
            && self.currency.is_none_or(|currency| currency == money.currency)
            && self.hours.is_none_or(|hours| hours.contains(minute))
    }
}

impl RoutingRules {
    /// The rule that decides, if one does.
    pub fn first_match(&self, occasion: Occasion<'_>) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.when.matches(occasion))
    }
}

impl Rule {
    /// Whether this rule keeps a payment away from a channel.
    pub fn excludes(&self, channel: &ChannelId) -> bool {
        match &self.then {
            Then::Pin(only) => !only.contains(channel),
            Then::Exclude(never) => never.contains(channel),
            Then::Prefer(_) | Then::Split(_) => false,
        }
    }
}
