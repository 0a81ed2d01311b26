//! What a channel answers to a step of signing.

use serde::{Deserialize, Serialize};

use crate::payment::{NoAnswer, NotSent};

/// Where a code that a borrower entered waits in memory. The code itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeRef(pub String);

/// What came back from a step of signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SignAnswer {
    /// The channel answered with a code of its table.
    Answered {
        /// Its response code.
        code: String,
        /// Its own name for this signing, if it gave one.
        channel_ref: Option<String>,
        /// The number of the mandate, when it holds.
        agreement_no: Option<String>,
    },
    /// It was sent and nothing usable came back.
    NoAnswer {
        /// What happened instead.
        why: NoAnswer,
    },
    /// It provably never left.
    NotSent {
        /// Why.
        why: NotSent,
    },
    /// The code that the borrower entered was gone before it could be sent (a restart in between).
    CodeLost,
}
