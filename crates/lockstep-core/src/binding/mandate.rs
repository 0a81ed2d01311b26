//! A mandate: the borrower's authority to debit one instrument on one channel.

use serde::{Deserialize, Serialize};

use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::id::MandateId;
use crate::money::Money;
use crate::time::Timestamp;

/// What the borrower agreed to. The collection rules of 2020 (银发〔2020〕248号) name five things that a
/// debit must stay within: payee, purpose, account, period or condition, and term. The account is the binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MandateTerms {
    /// Who receives the money, 1–64 characters.
    pub payee: String,
    /// What it is for, 1–64 characters.
    pub purpose: String,
    /// How often or on which condition, 1–64 characters.
    pub condition: String,
    /// Largest single debit, if the borrower set one (minor units of the order's currency).
    pub max_amount_minor: Option<i64>,
    /// Most that may be debited under it in a day of the channel's zone, if the borrower set that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_minor: Option<i64>,
    /// Most that may be debited under it in a calendar month of the channel's zone, if the borrower set that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_minor: Option<i64>,
    /// First moment at which it no longer holds.
    pub valid_until: Timestamp,
}

impl MandateTerms {
    /// Why a debit of this amount at this moment lies outside the terms; `None` when it is covered.
    pub fn forbid(&self, money: Money, now: Timestamp) -> Option<Reason> {
        if now >= self.valid_until {
            return Some(Reason::MandateExpired);
        }
        let above = self.max_amount_minor.is_some_and(|max| money.amount_minor > max);
        above.then_some(Reason::SingleLimitExceeded)
    }
}

/// A mandate and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Its id.
    pub id: MandateId,
    /// The channel it holds on.
    pub channel: ChannelId,
    /// What was agreed.
    pub terms: MandateTerms,
    /// Where it stands.
    pub state: MandateState,
    /// How many codes were asked for; part of the request number that the channel sees.
    pub rounds: u8,
}

/// Where a mandate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MandateState {
    /// Asked for, waiting until another mandate of the same binding has been signed.
    Wanted,
    /// The channel is checking the four elements and texting a code.
    RequestingCode {
        /// Since when.
        since: Timestamp,
    },
    /// The borrower has a code to enter.
    AwaitingCode {
        /// The channel's own name for this signing.
        channel_ref: Option<String>,
        /// When the code was sent.
        sent_at: Timestamp,
        /// First moment at which the code is dead.
        expires_at: Timestamp,
        /// Wrong entries left.
        tries_left: u8,
    },
    /// A signature is on its way to the channel.
    Signing {
        /// The channel's own name for this signing.
        channel_ref: Option<String>,
        /// Since when.
        since: Timestamp,
        /// When the code that was entered had been sent.
        sent_at: Timestamp,
        /// First moment at which that code is dead.
        expires_at: Timestamp,
        /// Wrong entries left after this one.
        tries_left: u8,
    },
    /// Nobody knows whether the signature arrived; the channel is being asked.
    SigningUnknown {
        /// Since when.
        since: Timestamp,
        /// Queries so far.
        asked: u16,
    },
    /// Holds.
    Live {
        /// The channel's number for it (签约协议号).
        agreement_no: String,
        /// Since when.
        since: Timestamp,
    },
    /// The channel or bank said no. May be asked for again.
    Refused {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// Held once, holds no longer.
    Ended {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
}

impl Mandate {
    /// The number under which the channel knows this signing; derived, never drawn when sending.
    pub fn request_no(&self) -> String {
        format!("{}{:02}", self.id.body(), self.rounds)
    }

    /// The channel's number of a mandate that holds.
    pub fn agreement_no(&self) -> Option<&str> {
        match &self.state {
            MandateState::Live { agreement_no, .. } => Some(agreement_no),
            MandateState::Wanted
            | MandateState::RequestingCode { .. }
            | MandateState::AwaitingCode { .. }
            | MandateState::Signing { .. }
            | MandateState::SigningUnknown { .. }
            | MandateState::Refused { .. }
            | MandateState::Ended { .. } => None,
        }
    }

    /// Whether it could still be in motion at the channel.
    pub fn in_motion(&self) -> bool {
        match self.state {
            MandateState::RequestingCode { .. }
            | MandateState::AwaitingCode { .. }
            | MandateState::Signing { .. }
            | MandateState::SigningUnknown { .. } => true,
            MandateState::Wanted
            | MandateState::Live { .. }
            | MandateState::Refused { .. }
            | MandateState::Ended { .. } => false,
        }
    }
}
