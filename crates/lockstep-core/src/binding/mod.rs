//! A binding: one borrower's instrument, how it was proven, what is known of its state, and its mandates.

mod decide;
mod event;
mod mandate;
mod observation;
mod signing;
#[cfg(test)]
mod tests;
mod usage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::decide::{Bind, BindingCommand};
pub(crate) use self::decide::{decide, micro_deposit_settled};
pub use self::event::BindingEvent;
pub use self::mandate::{Mandate, MandateState, MandateTerms};
pub use self::observation::{InstrumentStatus, Observation, join};
pub use self::signing::{CodeRef, SignAnswer};
pub use self::usage::{Usage, UsedUp};

use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::id::{BindingId, BorrowerId, PaymentId, TenantId, VaultItemId};
use crate::time::Timestamp;

/// What kind of thing can be debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// A debit card (储蓄卡).
    DebitCard,
    /// A credit card (信用卡).
    CreditCard,
    /// A bank account without a card, proven by micro-deposit.
    BankAccount,
}

/// An instrument without its secrets: those are in the vault under `vault_item`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Debit card, credit card or account.
    pub kind: InstrumentKind,
    /// Code of the issuing bank, e.g. `ICBC`; `None` when the number's prefix is in no table.
    pub issuer: Option<String>,
    /// First six and last four digits, the rest stars.
    pub masked: String,
    /// Where number, name, ID number and phone lie encrypted.
    pub vault_item: VaultItemId,
    /// Keyed hash of the whole number, to find the same instrument again.
    pub fingerprint: String,
}

/// How an instrument was proven to be the borrower's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verification {
    /// Not yet.
    Unproven,
    /// A small amount is on its way to the account.
    DepositSending {
        /// The paying out.
        payment: PaymentId,
    },
    /// The amount has arrived; the borrower has to say how much it was.
    AwaitingAmount {
        /// The paying out.
        payment: PaymentId,
        /// What was sent, 1–99 fen.
        amount_minor: i64,
        /// First moment at which it is too late.
        expires_at: Timestamp,
        /// Wrong answers left.
        tries_left: u8,
    },
    /// Did not work.
    Failed {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// Proven.
    Proven {
        /// By what.
        proof: Proof,
        /// When.
        at: Timestamp,
    },
}

/// What proved an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Name, ID number, number and phone matched at the bank, and a code sent to that phone came back.
    FourElementsAndCode,
    /// The borrower knew the amount that arrived on the account.
    MicroDeposit,
}

/// A borrower's agreement that an instrument may stand in for their others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIn {
    /// When they agreed.
    pub agreed_at: Timestamp,
}

/// A borrower's bound instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Its id.
    pub id: BindingId,
    /// The lender.
    pub tenant: TenantId,
    /// Whose it is.
    pub borrower: BorrowerId,
    /// What is bound.
    pub instrument: Instrument,
    /// How it was proven.
    pub verification: Verification,
    /// At most one mandate per channel.
    pub mandates: BTreeMap<ChannelId, Mandate>,
    /// Channels in the order the lender named them.
    pub preferred: Vec<ChannelId>,
    /// The freshest observation of the instrument.
    pub observed: Option<Observation>,
    /// What was moved through each channel lately, where somebody limits it by day or month.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<ChannelId, Usage>,
    /// The borrower's agreement that this instrument may be debited where another one of theirs can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<StandIn>,
    /// Declined debits of the last thirty days, oldest first, at most forty: what the card schemes and the daily
    /// budget count. Technical failures are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declines: Vec<Timestamp>,
    /// When the borrower or lender gave it up.
    pub unbound_at: Option<Timestamp>,
    /// Events so far.
    pub version: u64,
    /// When binding began.
    pub created_at: Timestamp,
}

/// A binding in one word, as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum BindingStatus {
    /// The channel is checking; nothing to do.
    Verifying,
    /// The borrower has a code to enter for this channel.
    AwaitingCode {
        /// The channel.
        channel: ChannelId,
    },
    /// The borrower has to say which amount arrived.
    AwaitingAmount,
    /// At least one mandate holds and nothing speaks against the instrument.
    Usable,
    /// Bound, but the freshest observation says it won't pay.
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// No mandate holds; the reason is the last thing a channel said.
    NotUsable {
        /// Why.
        reason: Reason,
    },
    /// Given up.
    Unbound,
}

impl Binding {
    /// The binding in one word. Never claims more than the freshest observation supports.
    pub fn status(&self) -> BindingStatus {
        if self.unbound_at.is_some() {
            return BindingStatus::Unbound;
        }
        let live = self.mandates.values().any(|mandate| mandate.agreement_no().is_some());
        let bad = self.observed.as_ref().and_then(|observation| observation.status.reason());
        match (live, bad) {
            (true, Some(reason)) => BindingStatus::Suspended { reason },
            (true, None) => BindingStatus::Usable,
            (false, _) => self.status_without_mandate(),
        }
    }

    fn status_without_mandate(&self) -> BindingStatus {
        let awaiting =
            self.mandates.values().find(|mandate| matches!(mandate.state, MandateState::AwaitingCode { .. }));
        if let Some(mandate) = awaiting {
            return BindingStatus::AwaitingCode { channel: mandate.channel.clone() };
        }
        match &self.verification {
            Verification::AwaitingAmount { .. } => return BindingStatus::AwaitingAmount,
            Verification::DepositSending { .. } => return BindingStatus::Verifying,
            Verification::Failed { reason, .. } => return BindingStatus::NotUsable { reason: *reason },
            Verification::Unproven | Verification::Proven { .. } => {}
        }
        if self.mandates.values().any(Mandate::in_motion) {
            return BindingStatus::Verifying;
        }
        BindingStatus::NotUsable { reason: self.last_refusal().unwrap_or(Reason::NoLiveMandate) }
    }

    /// Whether it may stand in for the borrower's other instruments.
    pub fn may_stand_in(&self) -> bool {
        self.stand_in.is_some() && self.unbound_at.is_none()
    }

    /// Why the last mandate that ended or was refused did so.
    pub fn last_refusal(&self) -> Option<Reason> {
        let said = self.mandates.values().filter_map(|mandate| match &mandate.state {
            MandateState::Refused { reason, at } | MandateState::Ended { reason, at } => Some((*at, *reason)),
            MandateState::Wanted
            | MandateState::RequestingCode { .. }
            | MandateState::AwaitingCode { .. }
            | MandateState::Signing { .. }
            | MandateState::SigningUnknown { .. }
            | MandateState::Live { .. } => None,
        });
        said.max().map(|(_, reason)| reason)
    }

    /// Mandates that hold, in the lender's order of preference.
    pub fn live_mandates(&self) -> impl Iterator<Item = &Mandate> {
        let listed = self.preferred.iter().filter_map(|channel| self.mandates.get(channel));
        let others = self.mandates.values().filter(|mandate| !self.preferred.contains(&mandate.channel));
        listed.chain(others).filter(|mandate| mandate.agreement_no().is_some())
    }
}
