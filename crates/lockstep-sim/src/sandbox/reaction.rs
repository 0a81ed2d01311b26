//! What a channel lets out: a reply, a notice, or nothing.

use lockstep_channels::sandbox::wire::{
    CancelReply, Original, PayQuestionReply, PayReply, ReverseReply, SignReply, StatementReply, WireNotice,
};
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::rail::Rail;

/// What becomes of a request on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// The connection is refused; nothing was read.
    Refused,
    /// No reply ever comes.
    NoReply,
    /// This reply comes.
    Reply {
        /// After so long.
        after_ms: u64,
        /// What it says.
        reply: Reply,
    },
}

/// Bytes and how they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// How it is signed.
    pub seal: Seal,
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// With the channel's key.
    Genuine,
    /// With some other key.
    Forged,
    /// Not at all.
    Absent,
}

/// A notice that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueNotice {
    /// From which channel.
    pub rail: Rail,
    /// When it became due.
    pub due_at: Timestamp,
    /// JSON.
    pub body: String,
    /// How it is signed.
    pub seal: Seal,
}

/// A reply before something happens to it.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Sign(SignReply),
    Cancel(CancelReply),
    Pay(PayReply),
    PayQuestion(PayQuestionReply),
    Reverse(ReverseReply),
    Statement(StatementReply),
}

impl Answer {
    pub(super) fn json(&self) -> Vec<u8> {
        let json = match self {
            Self::Sign(reply) => serde_json::to_vec(reply),
            Self::Cancel(reply) => serde_json::to_vec(reply),
            Self::Pay(reply) => serde_json::to_vec(reply),
            Self::PayQuestion(reply) => serde_json::to_vec(reply),
            Self::Reverse(reply) => serde_json::to_vec(reply),
            Self::Statement(reply) => serde_json::to_vec(reply),
        };
        json.unwrap_or_default()
    }

    pub(super) fn change_amount(&mut self) {
        match self {
            Self::Pay(reply) => reply.amount_minor += 1,
            Self::PayQuestion(reply) => {
                if let Some(original) = &mut reply.original {
                    original.amount_minor += 1;
                }
            }
            Self::Reverse(reply) => reply.amount_minor += 1,
            Self::Statement(reply) => {
                if let Some(line) = &mut reply.line {
                    line.amount_minor += 1;
                }
            }
            Self::Sign(_) | Self::Cancel(_) => {}
        }
    }

    /// The number of the order it is about, if it is about one.
    pub(super) fn order_no(&self) -> Option<&str> {
        match self {
            Self::Pay(reply) => Some(&reply.order_no),
            Self::PayQuestion(reply) => Some(&reply.order_no),
            Self::Reverse(reply) => Some(&reply.order_no),
            Self::Statement(reply) => Some(&reply.order_no),
            Self::Sign(_) | Self::Cancel(_) => None,
        }
    }

    /// Says another order's success under this order's number.
    pub(super) fn mix_up(&mut self, code: &str, amount_minor: i64) {
        match self {
            Self::Pay(reply) => {
                code.clone_into(&mut reply.code);
                reply.amount_minor = amount_minor;
            }
            Self::PayQuestion(reply) => {
                let (code, channel_ref) = (code.to_owned(), None);
                reply.original = Some(Original { code, channel_ref, amount_minor });
            }
            Self::Sign(_) | Self::Cancel(_) | Self::Reverse(_) | Self::Statement(_) => {}
        }
    }

    /// Becomes the reply about another order, which succeeded.
    pub(super) fn stray(&mut self, order_no: &str, code: &str, amount_minor: i64) {
        self.mix_up(code, amount_minor);
        match self {
            Self::Pay(reply) => order_no.clone_into(&mut reply.order_no),
            Self::PayQuestion(reply) => order_no.clone_into(&mut reply.order_no),
            Self::Reverse(reply) => order_no.clone_into(&mut reply.order_no),
            Self::Statement(reply) => order_no.clone_into(&mut reply.order_no),
            Self::Sign(_) | Self::Cancel(_) => {}
        }
    }

    pub(super) fn change_order(&mut self) {
        let subject = match self {
            Self::Sign(reply) => &mut reply.request_no,
            Self::Cancel(reply) => &mut reply.agreement_no,
            Self::Pay(reply) => &mut reply.order_no,
            Self::PayQuestion(reply) => &mut reply.order_no,
            Self::Reverse(reply) => &mut reply.order_no,
            Self::Statement(reply) => &mut reply.order_no,
        };
        *subject = other(subject);
    }
}

/// Another number of the same shape.
pub(super) fn other(number: &str) -> String {
    let stem: String = number.chars().take(number.chars().count().saturating_sub(1)).collect();
    format!("{stem}{}", if number.ends_with('7') { '8' } else { '7' })
}

pub(super) fn notice_json(notice: &WireNotice) -> String {
    serde_json::to_string(notice).unwrap_or_default()
}
