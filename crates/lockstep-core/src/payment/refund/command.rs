//! What can be asked of a payment's refunds.

use super::RefundReason;
use crate::audit::Who;
use crate::channel::ChannelId;
use crate::payment::{MoneyAnswer, QueryAnswer};

/// What can be asked of a payment's refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundCommand {
    /// Give money back.
    Ask {
        /// How much, in minor units; `None` for all that can still go back of one attempt.
        amount_minor: Option<i64>,
        /// Why.
        reason: RefundReason,
        /// Of which attempt; `None` for the one with the most left.
        attempt: Option<u16>,
        /// Who asks.
        by: Who,
    },
    /// A second person approves a proposed refund.
    Approve {
        /// The refund.
        refund: u16,
        /// Who.
        by: Who,
    },
    /// Take a proposed refund back.
    Withdraw {
        /// The refund.
        refund: u16,
        /// Who.
        by: Who,
    },
    /// It is time for the next try.
    Try {
        /// The refund.
        refund: u16,
        /// Tries there were when the timer was set.
        tries: u16,
    },
    /// The channel answered to the request.
    Answered {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
        /// Its answer.
        answer: MoneyAnswer,
    },
    /// It is time to ask about an unknown try.
    AskAbout {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
        /// Questions there were when the timer was set.
        asked: u16,
    },
    /// It is time to ask once more about a try that was closed as "not found".
    CheckClosed {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
    },
    /// The channel answered to a question.
    QueryAnswered {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
        /// Its answer.
        answer: QueryAnswer,
    },
    /// The channel sent a notice by itself (signature and order number verified).
    Noticed {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
        /// From which channel.
        channel: ChannelId,
        /// Its code.
        code: String,
        /// The channel's own number.
        channel_ref: Option<String>,
        /// The amount it says it moved.
        amount_minor: Option<i64>,
    },
    /// An unknown try has reached its deadline.
    Deadline {
        /// The refund.
        refund: u16,
        /// The try.
        try_no: u16,
    },
}

impl RefundCommand {
    /// What the audit log calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "refund.create",
            Self::Approve { .. } => "refund.approve",
            Self::Withdraw { .. } => "refund.withdraw",
            Self::Try { .. } => "refund.try",
            Self::Answered { .. } => "refund.answered",
            Self::AskAbout { .. } => "refund.ask",
            Self::CheckClosed { .. } => "refund.check_closed",
            Self::QueryAnswered { .. } => "refund.query_answered",
            Self::Noticed { .. } => "refund.noticed",
            Self::Deadline { .. } => "refund.deadline",
        }
    }
}
