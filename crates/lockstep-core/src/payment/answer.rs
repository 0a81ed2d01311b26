//! What comes back from a channel, as the rules see it. Free text of banks is not kept: it may name people.

use serde::{Deserialize, Serialize};

/// Why nothing usable came back after a request was (or may have been) sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// The time limit passed.
    TimedOut,
    /// The connection broke after sending began.
    ConnectionLost,
    /// Something came back that could not be read.
    Unreadable,
    /// Something came back with a wrong signature.
    WrongSignature,
    /// It was about another order or another amount.
    WrongOrder,
    /// We stopped while sending.
    Interrupted,
}

/// Why a request provably never left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSent {
    /// No connection could be made.
    NoConnection,
    /// The channel is not configured any more.
    NotConfigured,
    /// The instrument's secrets could not be opened.
    NoSecrets,
}

/// The answer to a request to move money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum MoneyAnswer {
    /// The channel answered with a code of its table.
    Answered {
        /// Its response code.
        code: String,
        /// Its own number for the transaction.
        channel_ref: Option<String>,
        /// The amount it says it moved, in minor units.
        amount_minor: Option<i64>,
    },
    /// It was, or may have been, sent; nothing usable came back.
    NoAnswer {
        /// What happened instead.
        why: NoAnswer,
    },
    /// It provably never left.
    NotSent {
        /// Why.
        why: NotSent,
    },
}

/// The answer to a question about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum QueryAnswer {
    /// The channel answered.
    Answered {
        /// Its code about the *question*.
        code: String,
        /// What it says about the *order*, if it found it.
        original: Option<OriginalOutcome>,
    },
    /// Nothing usable came back.
    NoAnswer {
        /// What happened instead.
        why: NoAnswer,
    },
    /// The question never left.
    NotSent {
        /// Why.
        why: NotSent,
    },
}

/// What a channel says about an order it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalOutcome {
    /// The order's own response code.
    pub code: String,
    /// The channel's own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it says it moved, in minor units.
    pub amount_minor: Option<i64>,
}

/// The answer to a reversal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ReversalAnswer {
    /// The channel answered with a code of its table about the reversal.
    Answered {
        /// Its response code.
        code: String,
    },
    /// Nothing usable came back.
    NoAnswer {
        /// What happened instead.
        why: NoAnswer,
    },
    /// The reversal never left.
    NotSent {
        /// Why.
        why: NotSent,
    },
}

/// What stands about an attempt in a channel's statement of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum StatementAnswer {
    /// The order is listed.
    Listed {
        /// What the statement says of it.
        line: OriginalOutcome,
    },
    /// The statement is complete and doesn't list the order.
    NotListed,
    /// The statement isn't ready.
    NotReady,
    /// Nothing usable came back.
    NoAnswer {
        /// What happened instead.
        why: NoAnswer,
    },
    /// The question never left.
    NotSent {
        /// Why.
        why: NotSent,
    },
}
