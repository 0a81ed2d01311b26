//! The reasons, and what each one means for the people and machines that have to react.

use serde::{Deserialize, Serialize};

use super::Text;
use super::words::{spelled, wire_words};

wire_words! {
    /// Where the cause of an outcome sits.
    Layer, "layer" {
        /// The person or company: money, details, consent.
        Borrower = "borrower",
        /// The card, account or agreement itself.
        Instrument = "instrument",
        /// The bank behind the instrument.
        Issuer = "issuer",
        /// UnionPay, NetsUnion, a bank's direct line, a wallet.
        Channel = "channel",
        /// Someone's risk control.
        Risk = "risk",
        /// Our own rules, or the lender's set-up with us or a channel.
        Platform = "platform",
        /// The line between us and a channel.
        Network = "network",
        /// Nowhere in particular.
        None = "none",
    }
}

wire_words! {
    /// Who can change it.
    Actor, "actor" {
        /// The borrower.
        Borrower = "borrower",
        /// The lender that uses the platform.
        Lender = "lender",
        /// The channel's operator.
        Channel = "channel",
        /// This platform, by itself.
        Lockstep = "lockstep",
        /// Nobody: it is done, or it passes.
        Nobody = "nobody",
    }
}

/// What may be tried once it is certain that this attempt moved no money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule", content = "minutes")]
pub enum RetryRule {
    /// Trying again can't help, or must not be done.
    Never,
    /// Another channel may succeed at once.
    OtherChannel,
    /// The same channel may succeed after this many minutes.
    AfterMinutes(u16),
    /// The cause clears with the next day.
    NextDay,
    /// The cause clears with the next calendar month.
    NextMonth,
    /// At the moments when money usually arrives.
    WhenFundsCome,
    /// Another channel may succeed at once; failing that, as if the account were empty.
    OtherChannelThenFunds,
    /// Only after the borrower has done what `next_step` says.
    WhenBorrowerActs,
}

/// Everything the catalogue says about one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReasonEntry {
    /// The reason described.
    pub reason: Reason,
    /// Where the cause sits.
    pub layer: Layer,
    /// Who can change it.
    pub actor: Actor,
    /// What may be tried afterwards.
    pub retry: RetryRule,
    /// Whether it counts against the channel's health.
    pub says_about_channel: bool,
    /// The button a page may offer, e.g. `top_up` or `resign_mandate`.
    pub action: Option<&'static str>,
    /// A few words for lists and headings.
    pub title: Text,
    /// For the borrower: what happened, is my money safe, what do I do, when is it tried again.
    pub borrower: Text,
    /// For a support agent: what to know and to say.
    pub support: Text,
    /// One imperative line.
    pub next_step: Text,
}

include!(concat!(env!("OUT_DIR"), "/reasons.rs"));

spelled!(Reason, "reason");

impl Reason {
    /// Everything the catalogue says about this reason.
    pub fn entry(self) -> &'static ReasonEntry {
        &ENTRIES[self as usize]
    }
}
