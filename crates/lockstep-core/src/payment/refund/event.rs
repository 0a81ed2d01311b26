//! What can happen to a refund.

use serde::{Deserialize, Serialize};

use super::{Refund, RefundReason, RefundState, RefundTry, RefundWay};
use crate::audit::Who;
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::payment::attempt::{AttemptState, Source};
use crate::payment::{FailureProof, Payment};
use crate::time::Timestamp;

/// What can happen to a refund of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum RefundEvent {
    /// Accepted.
    Opened {
        /// The attempt whose money goes back.
        attempt: u16,
        /// How much, in minor units.
        amount_minor: i64,
        /// The part of it that should never have been taken.
        surplus_minor: i64,
        /// Why.
        reason: RefundReason,
        /// Who asked; `None` when a rule opened it by itself.
        asked_by: Option<Who>,
        /// Whether a second person has to approve it first.
        held: bool,
    },
    /// A second person approved it.
    Approved {
        /// Who.
        by: Who,
    },
    /// It was taken back before it was approved.
    Withdrawn {
        /// By whom.
        by: Who,
    },
    /// A try was opened.
    TryOpened {
        /// Its number.
        try_no: u16,
        /// Where.
        channel: ChannelId,
        /// As what.
        way: RefundWay,
    },
    /// Nobody knows whether the try moved money.
    TryUnknown {
        /// Its number.
        try_no: u16,
        /// Why we don't know.
        reason: Reason,
    },
    /// The channel was asked and could not tell.
    StillUnknown {
        /// The try.
        try_no: u16,
    },
    /// The unknown try outlived its deadline; people were told.
    DeadlinePassed {
        /// The try.
        try_no: u16,
    },
    /// The channel sent a notice by itself; it is checked by asking.
    Noticed {
        /// The try.
        try_no: u16,
        /// The code it carried.
        code: String,
    },
    /// The try moved the money.
    TrySucceeded {
        /// Its number.
        try_no: u16,
        /// From where we know.
        source: Source,
        /// The channel's own number.
        channel_ref: Option<String>,
        /// The code, when the channel calls the transaction flawed.
        defect: Option<String>,
        /// The part of the amount that should never have been taken.
        surplus_minor: i64,
        /// The part of the amount that nobody had taken: a channel broke its word, and too much went back.
        excess_minor: i64,
    },
    /// The try moved no money.
    TryFailed {
        /// Its number.
        try_no: u16,
        /// Why.
        reason: Reason,
        /// The channel's own code, if there was one.
        code: Option<String>,
        /// The proof.
        proof: FailureProof,
    },
    /// The next try is planned.
    Waiting {
        /// When.
        until: Timestamp,
        /// Why it waits.
        reason: Reason,
    },
    /// It will not go back this way.
    Failed {
        /// The cause.
        reason: Reason,
    },
}

impl Payment {
    pub(in crate::payment) fn apply_refund(&mut self, number: u16, event: &RefundEvent, at: Timestamp) {
        if let RefundEvent::Opened { attempt, amount_minor, surplus_minor, reason, asked_by, held } = event {
            let waiting = RefundState::Waiting { until: at, reason: None };
            self.refunds.push(Refund {
                number,
                attempt: *attempt,
                amount_minor: *amount_minor,
                surplus_minor: *surplus_minor,
                reason: reason.clone(),
                asked_by: asked_by.clone(),
                asked_at: at,
                approved_by: None,
                state: if *held { RefundState::Proposed } else { waiting },
                tries: Vec::new(),
                moved_minor: 0,
                surplus_moved_minor: 0,
            });
            return;
        }
        let payment = self.id;
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.number == number) {
            if let RefundEvent::TryOpened { try_no, channel, way } = event {
                refund.tries.push(RefundTry {
                    number: *try_no,
                    channel: channel.clone(),
                    way: *way,
                    order_no: Refund::order_no(payment, number, *try_no),
                    opened_at: at,
                    state: AttemptState::Sending,
                });
            }
            refund.apply(event, at);
        }
    }
}

impl Refund {
    fn apply(&mut self, event: &RefundEvent, at: Timestamp) {
        match event {
            RefundEvent::Opened { .. } | RefundEvent::Noticed { .. } => {}
            RefundEvent::Approved { by } => {
                self.approved_by = Some(by.clone());
                self.state = RefundState::Waiting { until: at, reason: None };
            }
            RefundEvent::Withdrawn { by } => self.state = RefundState::Withdrawn { by: by.clone(), at },
            RefundEvent::TryOpened { try_no, .. } => self.state = RefundState::Trying { try_no: *try_no },
            RefundEvent::TryUnknown { try_no, reason } => {
                let (reason, asked, overdue, proposal) = (*reason, 0, false, None);
                self.set(*try_no, AttemptState::Unknown { reason, since: at, asked, overdue, proposal });
                self.state = RefundState::Unknown { try_no: *try_no, since: at };
            }
            RefundEvent::StillUnknown { try_no } => {
                if let Some(AttemptState::Unknown { asked, .. }) = self.state_of(*try_no) {
                    *asked = asked.saturating_add(1);
                }
            }
            RefundEvent::DeadlinePassed { try_no } => {
                if let Some(AttemptState::Unknown { overdue, .. }) = self.state_of(*try_no) {
                    *overdue = true;
                }
            }
            RefundEvent::TrySucceeded { try_no, source, channel_ref, defect, surplus_minor, .. } => {
                let (channel_ref, defect) = (channel_ref.clone(), defect.clone());
                let (source, asked, settled_at) = (*source, 0, None);
                let state = AttemptState::Succeeded { at, source, channel_ref, defect, asked, settled_at };
                self.set(*try_no, state);
                self.moved_minor = self.moved_minor.saturating_add(self.amount_minor);
                self.surplus_moved_minor = self.surplus_moved_minor.saturating_add(*surplus_minor);
                self.settle(at);
            }
            RefundEvent::TryFailed { try_no, reason, code, proof } => {
                let (code, proof) = (code.clone(), proof.clone());
                self.set(*try_no, AttemptState::Failed { reason: *reason, code, proof, at });
                self.settle(at);
            }
            RefundEvent::Waiting { until, reason } => {
                self.state = RefundState::Waiting { until: *until, reason: Some(*reason) };
            }
            RefundEvent::Failed { reason } => self.state = RefundState::Failed { reason: *reason, at },
        }
    }

    /// Money went back and nothing more can: it is done. A closed try may turn out to have moved it while the next
    /// one is on its way; then that one's end is waited for.
    fn settle(&mut self, at: Timestamp) {
        if self.moved_minor > 0 && self.live_try().is_none() {
            self.state = RefundState::Succeeded { at };
        }
    }

    fn state_of(&mut self, try_no: u16) -> Option<&mut AttemptState> {
        self.tries.iter_mut().find(|one| one.number == try_no).map(|one| &mut one.state)
    }

    fn set(&mut self, try_no: u16, state: AttemptState) {
        if let Some(current) = self.state_of(try_no) {
            *current = state;
        }
    }
}
