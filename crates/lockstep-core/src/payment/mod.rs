//! A payment: the intent to move one amount for one purpose. It owns its attempts.

mod answer;
mod attempt;
mod decide;
mod defect;
mod event;
mod people;
pub mod excuse;
mod plan;
mod proof;
mod reversal;
mod refund;
pub mod route;
mod settle;
mod statement;
mod split;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::answer::{
    MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, QueryAnswer, ReversalAnswer, StatementAnswer,
};
pub use self::attempt::{Attempt, AttemptState, Source};
pub use self::decide::PaymentCommand;
pub(crate) use self::decide::{decide, open_deposit};
pub use self::event::PaymentEvent;
pub use self::people::{Outcome, PeoplesDecision, Proposal};
pub use self::plan::{RetryPolicy, Cap, CardScheme, FundsClock, FundsPolicy, Look, RetryBudget, SchemeRule, StormPolicy};
pub use self::excuse::Excuse;
pub(crate) use self::plan::card_scheme;
pub use self::proof::{ClearToRetry, FailureProof};
pub use self::reversal::{Reversal, ReversalState};
pub use self::refund::{Refund, RefundCommand, RefundEvent, RefundPolicy, RefundReason, RefundState, RefundStatus, RefundTry, RefundWay, SurplusPolicy};
pub(crate) use self::refund::{notice as refund_notice, postings as refund_postings};

use crate::catalogue::Reason;
use crate::channel::{ChannelId, Direction};
use crate::id::{BindingId, BorrowerId, OrderId, PaymentId, TenantId};
use crate::money::Money;
use crate::time::Timestamp;

/// What the money is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// Collecting what an order says is owed.
    Repayment {
        /// The order.
        order: OrderId,
    },
    /// Proving a bank account by a small credit.
    MicroDeposit,
}

impl Purpose {
    /// Which way the money goes.
    pub fn direction(self) -> Direction {
        match self {
            Self::Repayment { .. } => Direction::Collect,
            Self::MicroDeposit => Direction::PayOut,
        }
    }

    /// The order it is for, if any.
    pub fn order(self) -> Option<OrderId> {
        match self {
            Self::Repayment { order } => Some(order),
            Self::MicroDeposit => None,
        }
    }
}

/// The intent to move one amount for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// The lender.
    pub tenant: TenantId,
    /// Whose money.
    pub borrower: BorrowerId,
    /// Which instrument.
    pub binding: BindingId,
    /// What for.
    pub purpose: Purpose,
    /// How much.
    pub money: Money,
    /// Channels it may use; empty means every channel with a live mandate.
    pub channels: Vec<ChannelId>,
    /// No attempt is opened at or after this moment.
    pub window_ends: Timestamp,
    /// Where it stands.
    pub state: PaymentState,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// What goes back of it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Events so far.
    pub version: u64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PaymentState {
    /// No attempt is open; the next one is planned.
    Waiting {
        /// When the next attempt may open.
        until: Timestamp,
        /// Why it waits; `None` before the first attempt of an order that isn't due yet.
        reason: Option<Reason>,
    },
    /// An attempt is on its way.
    Trying {
        /// Which.
        attempt: u16,
    },
    /// Nobody knows whether the attempt moved money. Blocks every other attempt.
    Unknown {
        /// Which.
        attempt: u16,
        /// Since when.
        since: Timestamp,
    },
    /// The money moved.
    Succeeded {
        /// Through which attempt.
        attempt: u16,
        /// When we knew.
        at: Timestamp,
    },
    /// It will not move through this payment. Every attempt has its proof.
    Failed {
        /// The cause people can act on.
        reason: Reason,
        /// Why no further attempt was made.
        stopped: Stopped,
        /// When.
        at: Timestamp,
    },
    /// The lender took it back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// Why no further attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// Trying again is hopeless before somebody acts.
    Final,
    /// All attempts allowed were used.
    AttemptsUsedUp,
    /// The time allowed is over.
    WindowOver,
    /// The order goes on in smaller payments.
    InParts,
}

/// The six words for where a payment stands, for lists and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Waiting for its next attempt.
    Waiting,
    /// An attempt is on its way.
    Trying,
    /// An attempt's outcome is not known.
    Unknown,
    /// The money moved.
    Succeeded,
    /// The money will not move.
    Failed,
    /// Taken back.
    Cancelled,
}

impl PaymentStatus {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Trying, Self::Unknown, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// As stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Trying => "trying",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it moves by itself: something is under way or planned.
    pub fn is_live(self) -> bool {
        match self {
            Self::Waiting | Self::Trying | Self::Unknown => true,
            Self::Succeeded | Self::Failed | Self::Cancelled => false,
        }
    }
}

impl Payment {
    /// Where it stands, in one word.
    pub fn status(&self) -> PaymentStatus {
        match self.state {
            PaymentState::Waiting { .. } => PaymentStatus::Waiting,
            PaymentState::Trying { .. } => PaymentStatus::Trying,
            PaymentState::Unknown { .. } => PaymentStatus::Unknown,
            PaymentState::Succeeded { .. } => PaymentStatus::Succeeded,
            PaymentState::Failed { .. } => PaymentStatus::Failed,
            PaymentState::Cancelled { .. } => PaymentStatus::Cancelled,
        }
    }

    /// One attempt by its number.
    pub fn attempt(&self, number: u16) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// The latest attempt.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The attempt that could still move money, if there is one. There is never a second.
    pub fn live_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.could_move_money())
    }

    /// The number under which a channel knows an attempt: the payment's id and the attempt's number. Derived,
    /// so a restart sends the same one.
    pub fn order_no(id: PaymentId, attempt: u16) -> String {
        format!("{}{attempt:04}", id.body())
    }

    /// The number under which a channel knows the reversal of an attempt; derived, and never an order's number.
    pub fn reversal_no(id: PaymentId, attempt: u16) -> String {
        format!("{}R", Self::order_no(id, attempt))
    }

    /// The payment and attempt that an order number names.
    pub fn of_order_no(order_no: &str) -> Option<(PaymentId, u16)> {
        let (body, attempt) = order_no.split_at_checked(26)?;
        let numeric = attempt.len() == 4 && attempt.bytes().all(|byte| byte.is_ascii_digit());
        Some((PaymentId::from_body(body)?, attempt.parse().ok().filter(|_| numeric)?))
    }
}
