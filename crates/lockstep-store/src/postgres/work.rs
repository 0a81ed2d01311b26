//! What waits to be written.

use lockstep_core::id::{Bucket, DeliveryId, EffectId, InboxId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Claim, Commit, Delivered, InboxRow, InboxState};

use crate::{commit_rules, entity_key};

/// A change that waits for its turn.
pub(super) enum Work {
    Commit(Box<Commit>),
    BeginSending { effect: EffectId, at: Timestamp, claim: Claim },
    Finish(EffectId),
    Postpone { effect: EffectId, due_at: Timestamp },
    Delivered { delivery: DeliveryId, outcome: Delivered, at: Timestamp },
    Receive(Box<InboxRow>),
    InboxState { message: InboxId, state: InboxState },
}

impl Work {
    /// The bucket it lives in, which chooses its lane: changes of one bucket stay in their order.
    pub(super) fn bucket(&self) -> Bucket {
        match self {
            Self::Commit(commit) => commit_rules::bucket_of(commit),
            Self::BeginSending { effect, .. } | Self::Finish(effect) | Self::Postpone { effect, .. } => {
                effect.bucket()
            }
            Self::Delivered { delivery, .. } => delivery.bucket(),
            Self::Receive(row) => row.id.bucket(),
            Self::InboxState { message, .. } => message.bucket(),
        }
    }

    /// The bucket that the node has to hold for it; `None` for what any node may write: an answer by itself, and what comes
    /// in from a channel. Both are kept from being written twice by their keys.
    pub(super) fn owned(&self) -> Option<Bucket> {
        match self {
            Self::Commit(commit) => commit_rules::owned(commit),
            Self::Receive(_) => None,
            _ => Some(self.bucket()),
        }
    }

    /// What it touches. Two that touch the same travel one after the other, never in one transaction: one statement
    /// changes a row once.
    pub(super) fn touches(&self) -> Vec<String> {
        match self {
            Self::Commit(commit) => touched_by(commit),
            Self::BeginSending { effect, .. } | Self::Finish(effect) | Self::Postpone { effect, .. } => {
                vec![effect.to_string()]
            }
            Self::Delivered { delivery, .. } => vec![delivery.to_string()],
            Self::Receive(row) => {
                vec![format!("message {} {}", row.channel, row.message_id), row.id.to_string()]
            }
            Self::InboxState { message, .. } => vec![message.to_string()],
        }
    }
}

fn touched_by(commit: &Commit) -> Vec<String> {
    let changes = commit.changes.iter().map(|changed| entity_key::of(&changed.state).text);
    let paid = commit.entries.iter().map(|entry| entry.payment.to_string());
    let done = commit.done.iter().map(ToString::to_string);
    let keys = commit.sealed.iter().map(|sealed| format!("key {}", sealed.borrower));
    let answers = commit.answer.iter().map(|(key, _)| format!("answer {} {}", key.tenant, key.key));
    changes.chain(paid).chain(done).chain(keys).chain(answers).collect()
}
