//! One try on one channel.

use serde::{Deserialize, Serialize};

use super::people::{Outcome, PeoplesDecision, Proposal};
use super::proof::FailureProof;
use super::reversal::Reversal;
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
    /// Its reversal, once one was sent. Carried to its answer, whatever else becomes known meanwhile.
    #[serde(default)]
    pub reversal: Option<Reversal>,
    /// The last day of those, beginning with the day it was opened, whose statements don't list it.
    #[serde(default)]
    pub absent_through: Option<Day>,
    /// What two people decided about it.
    #[serde(default)]
    pub decided: Option<PeoplesDecision>,
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
    /// The channel's statement of a day.
    Statement,
    /// Two people, one after the other.
    People,
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
        /// What one person says became of it; a second one has to say the same.
        #[serde(default)]
        proposal: Option<Proposal>,
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
        /// Questions asked about the flaw so far.
        #[serde(default)]
        asked: u16,
        /// When the channel said that a flawed transaction stands after all.
        #[serde(default)]
        settled_at: Option<Timestamp>,
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

    /// Since when its outcome is unknown, if it is.
    pub fn unknown_since(&self) -> Option<Timestamp> {
        match self.state {
            AttemptState::Unknown { since, .. } => Some(since),
            AttemptState::Sending | AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => None,
        }
    }

    /// The code of a flawed success of which the channel has not yet said whether it stands.
    pub fn open_defect(&self) -> Option<&str> {
        match &self.state {
            AttemptState::Succeeded { defect: Some(code), settled_at: None, .. } => Some(code),
            AttemptState::Sending
            | AttemptState::Unknown { .. }
            | AttemptState::Succeeded { .. }
            | AttemptState::Failed { .. } => None,
        }
    }

    /// Whether it counts as moved only because two people said so, and the channel has not contradicted them.
    pub fn moved_by_people(&self) -> bool {
        let said = self.decided.as_ref();
        let said = said.is_some_and(|said| said.outcome == Outcome::Moved && said.contradicted_at.is_none());
        said && matches!(self.state, AttemptState::Succeeded { source: Source::People, .. })
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<(Reason, Timestamp)> {
        match &self.state {
            AttemptState::Failed { reason, at, .. } => Some((*reason, *at)),
            AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Succeeded { .. } => None,
        }
    }
}
