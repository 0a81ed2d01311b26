//! One try on one channel.

use serde::{Deserialize, Serialize};

use super::proof::FailureProof;
use super::route::Candidate;
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::id::BindingId;
use crate::time::{Day, Timestamp};

/// One try on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u16,
    /// Where.
    pub channel: ChannelId,
    /// The number under which the channel knows it.
    pub order_no: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The stand-in instrument it debits; `None` for the payment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<BindingId>,
    /// The day its amount counts on against a limit of the day or month; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_on: Option<Day>,
    /// All candidates there were, best first, each with its reason.
    pub ranked: Vec<Candidate>,
    /// Where it stands.
    pub state: AttemptState,
}

/// From where we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The channel's answer to the request itself.
    Answer,
    /// The channel's answer to a question.
    Query,
    /// A notice that the channel sent by itself.
    Notice,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum AttemptState {
    /// To be sent, or being sent.
    Sending,
    /// Nobody knows whether money moved.
    Unknown {
        /// Why we don't know.
        reason: Reason,
        /// Since when. The request had been sent by then, so the late-execution window counts from here.
        since: Timestamp,
        /// Questions asked so far.
        asked: u16,
        /// Whether its deadline has passed and the alarm was raised.
        overdue: bool,
    },
    /// The money moved.
    Succeeded {
        /// When we knew.
        at: Timestamp,
        /// From where.
        source: Source,
        /// The channel's own number.
        channel_ref: Option<String>,
        /// The code, when the channel calls the transaction flawed.
        defect: Option<String>,
    },
    /// No money moved, and this is the proof.
    Failed {
        /// Why.
        reason: Reason,
        /// The channel's own code, if there was one.
        code: Option<String>,
        /// The proof.
        proof: FailureProof,
        /// When we knew.
        at: Timestamp,
    },
}

impl Attempt {
    /// Whether money could still move through it.
    pub fn could_move_money(&self) -> bool {
        match self.state {
            AttemptState::Sending | AttemptState::Unknown { .. } => true,
            AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => false,
        }
    }

    /// Whether it reached the channel, or may have; attempts that provably never left use up no budget.
    pub fn counts(&self) -> bool {
        match &self.state {
            AttemptState::Failed { proof, .. } => !proof.never_left(),
            AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Succeeded { .. } => true,
        }
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<(Reason, Timestamp)> {
        match &self.state {
            AttemptState::Failed { reason, at, .. } => Some((*reason, *at)),
            AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Succeeded { .. } => None,
        }
    }
}
