//! Refunds: money that a payment took and that goes back, whole or in parts. They live inside the payment, so "what
//! goes back never exceeds what was taken" is one entity's rule under its version, however many ask at once.

mod code;
mod command;
mod decide;
mod event;
pub(crate) mod notice;
mod policy;
mod postings;
mod reading;
mod room;
mod send;
mod settle;
mod way;

use serde::{Deserialize, Serialize};

pub use self::code::RefundReason;
pub use self::command::RefundCommand;
pub(super) use self::decide::{decide, open_for_surplus, withdraw_all_of};
pub use self::event::RefundEvent;
pub use self::policy::{RefundPolicy, SurplusPolicy};
pub(crate) use self::postings::postings;

use super::Payment;
use super::attempt::AttemptState;
use crate::audit::Who;
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::id::PaymentId;
use crate::time::Timestamp;

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// From 1, within its payment.
    pub number: u16,
    /// The attempt whose money goes back.
    pub attempt: u16,
    /// How much, in minor units of the payment's currency.
    pub amount_minor: i64,
    /// The part of it that should never have been taken.
    pub surplus_minor: i64,
    /// Why.
    pub reason: RefundReason,
    /// Who asked; `None` when a rule opened it by itself.
    pub asked_by: Option<Who>,
    /// When.
    pub asked_at: Timestamp,
    /// The second person, where one was needed.
    pub approved_by: Option<Who>,
    /// Where it stands.
    pub state: RefundState,
    /// Its tries, oldest first.
    pub tries: Vec<RefundTry>,
    /// What has gone back through it, in minor units.
    pub moved_minor: i64,
    /// The part of that which should never have been taken.
    pub surplus_moved_minor: i64,
}

/// One try of a refund on one channel. What an attempt is to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTry {
    /// From 1, within its refund.
    pub number: u16,
    /// Where.
    pub channel: ChannelId,
    /// As what.
    pub way: RefundWay,
    /// The number under which the channel knows it.
    pub order_no: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: AttemptState,
}

/// As what money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundWay {
    /// As a refund of the debit, on the channel that made it.
    Back,
    /// As a credit to the same instrument, where that channel can't refund it.
    PayOut,
}

impl RefundWay {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Back => "back",
            Self::PayOut => "pay_out",
        }
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RefundState {
    /// It waits for a second person. Its money is kept free for it.
    Proposed,
    /// No try is open; the next one is planned.
    Waiting {
        /// When.
        until: Timestamp,
        /// Why it waits.
        reason: Option<Reason>,
    },
    /// A try is on its way.
    Trying {
        /// Which.
        try_no: u16,
    },
    /// Nobody knows whether the try moved money. Blocks every other try.
    Unknown {
        /// Which.
        try_no: u16,
        /// Since when.
        since: Timestamp,
    },
    /// The money went back.
    Succeeded {
        /// When we knew.
        at: Timestamp,
    },
    /// It will not go back this way: a person has to find another. Every try has its proof.
    Failed {
        /// The cause.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// Taken back before it was approved.
    Withdrawn {
        /// By whom.
        by: Who,
        /// When.
        at: Timestamp,
    },
}

/// The seven words for where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Waiting for a second person.
    Proposed,
    /// Waiting for its next try.
    Waiting,
    /// A try is on its way.
    Trying,
    /// A try's outcome is not known.
    Unknown,
    /// The money went back.
    Succeeded,
    /// The money will not go back by itself.
    Failed,
    /// Taken back.
    Withdrawn,
}

impl RefundStatus {
    /// All seven.
    pub const ALL: [Self; 7] = [
        Self::Proposed,
        Self::Waiting,
        Self::Trying,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::Withdrawn,
    ];

    /// As stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Waiting => "waiting",
            Self::Trying => "trying",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Permission to open one more try. Only an approved refund of which nothing moved and nothing can move hands it
/// out, and opening a try uses it up.
#[derive(Debug)]
struct ClearToSend(());

impl Refund {
    /// Where it stands, in one word.
    pub fn status(&self) -> RefundStatus {
        match self.state {
            RefundState::Proposed => RefundStatus::Proposed,
            RefundState::Waiting { .. } => RefundStatus::Waiting,
            RefundState::Trying { .. } => RefundStatus::Trying,
            RefundState::Unknown { .. } => RefundStatus::Unknown,
            RefundState::Succeeded { .. } => RefundStatus::Succeeded,
            RefundState::Failed { .. } => RefundStatus::Failed,
            RefundState::Withdrawn { .. } => RefundStatus::Withdrawn,
        }
    }

    /// One try by its number.
    pub fn try_of(&self, number: u16) -> Option<&RefundTry> {
        self.tries.iter().find(|one| one.number == number)
    }

    /// The try that could still move money, if there is one. There is never a second.
    pub fn live_try(&self) -> Option<&RefundTry> {
        self.tries.iter().find(|one| one.could_move_money())
    }

    /// Permission to open one more try.
    fn clear_to_send(&self) -> Option<ClearToSend> {
        let waits = matches!(self.state, RefundState::Waiting { .. });
        let all_dead = self.tries.iter().all(|one| matches!(one.state, AttemptState::Failed { .. }));
        (waits && all_dead).then_some(ClearToSend(()))
    }

    /// The number under which a channel knows a try of a refund: payment, refund and try. Derived, so a restart
    /// sends the same one. 32 characters; ISO 20022 and UnionPay allow 35 and 40.
    pub fn order_no(payment: PaymentId, refund: u16, try_no: u16) -> String {
        format!("{}R{refund:03}{try_no:02}", payment.body())
    }

    /// The payment, refund and try that an order number names.
    pub fn of_order_no(order_no: &str) -> Option<(PaymentId, u16, u16)> {
        let (body, rest) = order_no.split_at_checked(26)?;
        let digits = rest.strip_prefix('R')?;
        let numeric = digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (refund, try_no) = digits.split_at_checked(3).filter(|_| numeric)?;
        Some((PaymentId::from_body(body)?, refund.parse().ok()?, try_no.parse().ok()?))
    }
}

impl RefundTry {
    /// Whether money could still move through it.
    pub fn could_move_money(&self) -> bool {
        match self.state {
            AttemptState::Sending | AttemptState::Unknown { .. } => true,
            AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => false,
        }
    }
}

impl Payment {
    /// One refund by its number.
    pub fn refund(&self, number: u16) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.number == number)
    }
}
