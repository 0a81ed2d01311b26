//! What can happen to a payment.

use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, AttemptState, Source};
use super::people::{Outcome, PeoplesDecision, Proposal};
use super::proof::FailureProof;
use super::reversal::{Reversal, ReversalState};
use super::route::Candidate;
use super::{Payment, PaymentState, Purpose, RefundEvent, Stopped};
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::id::{ApiKeyId, BindingId, BorrowerId, PaymentId, TenantId};
use crate::money::Money;
use crate::time::{Day, Timestamp};

/// What can happen to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PaymentEvent {
    /// Accepted.
    Created {
        /// Its id.
        id: PaymentId,
        /// The lender.
        tenant: TenantId,
        /// Whose money.
        borrower: BorrowerId,
        /// Which instrument.
        binding: BindingId,
        /// What for.
        purpose: Purpose,
        /// How much.
        money: Money,
        /// Channels it may use; empty means every channel with a live mandate.
        channels: Vec<ChannelId>,
        /// No attempt is opened at or after this moment.
        window_ends: Timestamp,
        /// When.
        at: Timestamp,
    },
    /// An attempt was opened.
    AttemptOpened {
        /// Its number.
        number: u16,
        /// Where.
        channel: ChannelId,
        /// The stand-in instrument it debits; `None` for the payment's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        binding: Option<BindingId>,
        /// The day its amount counts on against a limit of the day or month; `None` where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted_on: Option<Day>,
        /// All candidates, best first.
        ranked: Vec<Candidate>,
        /// When.
        at: Timestamp,
    },
    /// Nobody knows whether the attempt moved money.
    AttemptUnknown {
        /// Its number.
        number: u16,
        /// Why we don't know.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// The channel was asked and could not tell.
    StillUnknown {
        /// The attempt.
        number: u16,
        /// When.
        at: Timestamp,
    },
    /// The unknown attempt outlived its deadline; people were told.
    DeadlinePassed {
        /// The attempt.
        number: u16,
        /// When.
        at: Timestamp,
    },
    /// The channel sent a notice by itself; it is checked by asking.
    Noticed {
        /// The attempt.
        number: u16,
        /// The code it carried.
        code: String,
        /// When.
        at: Timestamp,
    },
    /// A reversal of the attempt was sent.
    ReversalSent {
        /// The attempt.
        number: u16,
        /// When.
        at: Timestamp,
    },
    /// What came of sending the reversal.
    ReversalBack {
        /// The attempt.
        number: u16,
        /// Where the reversal stands now.
        state: ReversalState,
        /// When.
        at: Timestamp,
    },
    /// The channel's statement of a day is complete and doesn't list the attempt.
    NotInStatement {
        /// The attempt.
        number: u16,
        /// The statement's day.
        day: Day,
        /// When it was read.
        at: Timestamp,
    },
    /// A person said what became of an overdue attempt.
    OutcomeProposed {
        /// The attempt.
        number: u16,
        /// What became of it.
        outcome: Outcome,
        /// What that rests on, in the person's words.
        evidence: String,
        /// Whose key.
        by: ApiKeyId,
        /// When.
        at: Timestamp,
    },
    /// The proposal was taken back or rejected.
    ProposalWithdrawn {
        /// The attempt.
        number: u16,
        /// Whose key.
        by: ApiKeyId,
        /// When.
        at: Timestamp,
    },
    /// A second person said the same: it is decided.
    OutcomeApproved {
        /// The attempt.
        number: u16,
        /// What became of it.
        outcome: Outcome,
        /// What that rests on.
        evidence: String,
        /// The first one's key.
        proposed_by: ApiKeyId,
        /// The second one's key.
        approved_by: ApiKeyId,
        /// When.
        at: Timestamp,
    },
    /// The channel has proven that money did not move which two people said had moved.
    DecisionContradicted {
        /// The attempt.
        number: u16,
        /// The channel's code, if there was one.
        code: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// The channel said that a flawed transaction stands: its money is the lender's.
    DefectSettled {
        /// The attempt.
        number: u16,
        /// When.
        at: Timestamp,
    },
    /// The channel sent the money of a flawed transaction back to the borrower.
    SentBack {
        /// The attempt.
        number: u16,
        /// The channel's code, if there was one.
        code: Option<String>,
        /// The proof.
        proof: FailureProof,
        /// When.
        at: Timestamp,
    },
    /// The attempt moved the money.
    AttemptSucceeded {
        /// Its number.
        number: u16,
        /// From where we know.
        source: Source,
        /// The channel's own number.
        channel_ref: Option<String>,
        /// The code, when the channel calls the transaction flawed.
        defect: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// The attempt moved no money.
    AttemptFailed {
        /// Its number.
        number: u16,
        /// Why.
        reason: Reason,
        /// The channel's own code, if there was one.
        code: Option<String>,
        /// The proof.
        proof: FailureProof,
        /// When.
        at: Timestamp,
    },
    /// The next attempt is planned.
    Waiting {
        /// When it may open.
        until: Timestamp,
        /// Why it waits.
        reason: Option<Reason>,
        /// When this was decided.
        at: Timestamp,
    },
    /// The payment is done.
    Succeeded {
        /// Through which attempt.
        attempt: u16,
        /// When.
        at: Timestamp,
    },
    /// The payment has ended without money.
    Failed {
        /// The cause people can act on.
        reason: Reason,
        /// Why no further attempt is made.
        stopped: Stopped,
        /// When.
        at: Timestamp,
    },
    /// The lender took it back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
    /// Something happened to one of its refunds.
    Refund {
        /// Which.
        number: u16,
        /// What.
        event: RefundEvent,
        /// When.
        at: Timestamp,
    },
}

impl PaymentEvent {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Created { at, .. }
            | Self::AttemptOpened { at, .. }
            | Self::AttemptUnknown { at, .. }
            | Self::StillUnknown { at, .. }
            | Self::DeadlinePassed { at, .. }
            | Self::Noticed { at, .. }
            | Self::ReversalSent { at, .. }
            | Self::ReversalBack { at, .. }
            | Self::NotInStatement { at, .. }
            | Self::OutcomeProposed { at, .. }
            | Self::ProposalWithdrawn { at, .. }
            | Self::OutcomeApproved { at, .. }
            | Self::DecisionContradicted { at, .. }
            | Self::DefectSettled { at, .. }
            | Self::SentBack { at, .. }
            | Self::AttemptSucceeded { at, .. }
            | Self::AttemptFailed { at, .. }
            | Self::Waiting { at, .. }
            | Self::Succeeded { at, .. }
            | Self::Failed { at, .. }
            | Self::Cancelled { at }
            | Self::Refund { at, .. } => *at,
        }
    }
}

impl Payment {
    /// The state after an event.
    pub fn evolve(state: Option<Self>, event: &PaymentEvent) -> Option<Self> {
        if let PaymentEvent::Created {
            id,
            tenant,
            borrower,
            binding,
            purpose,
            money,
            channels,
            window_ends,
            at,
        } = event
        {
            debug_assert!(state.is_none(), "a payment is created once");
            return Some(Self {
                id: *id,
                tenant: *tenant,
                borrower: *borrower,
                binding: *binding,
                purpose: *purpose,
                money: *money,
                channels: channels.clone(),
                window_ends: *window_ends,
                state: PaymentState::Waiting { until: *at, reason: None },
                attempts: Vec::new(),
                refunds: Vec::new(),
                version: 1,
                created_at: *at,
                updated_at: *at,
            });
        }
        state.map(|mut payment| {
            payment.version += 1;
            payment.updated_at = event.at();
            payment.apply(event);
            payment
        })
    }

    fn apply(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::Created { .. } | PaymentEvent::Noticed { .. } => {}
            PaymentEvent::AttemptOpened { number, channel, binding, counted_on, ranked, at } => {
                self.attempts.push(Attempt {
                    number: *number,
                    channel: channel.clone(),
                    order_no: Self::order_no(self.id, *number),
                    opened_at: *at,
                    binding: *binding,
                    counted_on: *counted_on,
                    ranked: ranked.clone(),
                    state: AttemptState::Sending,
                    reversal: None,
                    absent_through: None,
                    decided: None,
                });
                self.state = PaymentState::Trying { attempt: *number };
            }
            PaymentEvent::AttemptUnknown { number, reason, at } => {
                let (reason, since) = (*reason, *at);
                let state = AttemptState::Unknown { reason, since, asked: 0, overdue: false, proposal: None };
                self.set(*number, state);
                self.state = PaymentState::Unknown { attempt: *number, since: *at };
            }
            PaymentEvent::StillUnknown { number, .. } => {
                if let Some(AttemptState::Unknown { asked, .. } | AttemptState::Succeeded { asked, .. }) =
                    self.state_of(*number)
                {
                    *asked = asked.saturating_add(1);
                }
            }
            PaymentEvent::ReversalSent { .. }
            | PaymentEvent::ReversalBack { .. }
            | PaymentEvent::NotInStatement { .. }
            | PaymentEvent::OutcomeProposed { .. }
            | PaymentEvent::ProposalWithdrawn { .. }
            | PaymentEvent::OutcomeApproved { .. }
            | PaymentEvent::DecisionContradicted { .. }
            | PaymentEvent::DefectSettled { .. }
            | PaymentEvent::SentBack { .. } => self.apply_to_attempt(event),
            PaymentEvent::DeadlinePassed { number, .. } => {
                if let Some(AttemptState::Unknown { overdue, .. }) = self.state_of(*number) {
                    *overdue = true;
                }
            }
            PaymentEvent::AttemptSucceeded { number, source, channel_ref, defect, at } => {
                let (channel_ref, defect) = (channel_ref.clone(), defect.clone());
                let (at, source, asked, settled_at) = (*at, *source, 0, None);
                let state = AttemptState::Succeeded { at, source, channel_ref, defect, asked, settled_at };
                self.set(*number, state);
            }
            PaymentEvent::AttemptFailed { number, reason, code, proof, at } => {
                let (code, proof) = (code.clone(), proof.clone());
                self.set(*number, AttemptState::Failed { reason: *reason, code, proof, at: *at });
            }
            PaymentEvent::Waiting { until, reason, .. } => {
                self.state = PaymentState::Waiting { until: *until, reason: *reason };
            }
            PaymentEvent::Succeeded { attempt, at } => {
                self.state = PaymentState::Succeeded { attempt: *attempt, at: *at };
            }
            PaymentEvent::Failed { reason, stopped, at } => {
                self.state = PaymentState::Failed { reason: *reason, stopped: *stopped, at: *at };
            }
            PaymentEvent::Cancelled { at } => self.state = PaymentState::Cancelled { at: *at },
            PaymentEvent::Refund { number, event, at } => self.apply_refund(*number, event, *at),
        }
    }

    /// What belongs to one attempt and leaves the payment's own state alone.
    fn apply_to_attempt(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::ReversalSent { number, at } => {
                if let Some(attempt) = self.attempt_mut(*number) {
                    let (sent, since) =
                        attempt.reversal.as_ref().map_or((0, *at), |one| (one.sent, one.since));
                    let sent = sent.saturating_add(1);
                    attempt.reversal = Some(Reversal { since, sent, state: ReversalState::Sending });
                }
            }
            PaymentEvent::ReversalBack { number, state, .. } => {
                if let Some(reversal) = self.attempt_mut(*number).and_then(|one| one.reversal.as_mut()) {
                    reversal.state = state.clone();
                }
            }
            PaymentEvent::NotInStatement { number, day, .. } => {
                if let Some(attempt) = self.attempt_mut(*number) {
                    attempt.absent_through = Some(*day);
                }
            }
            PaymentEvent::OutcomeProposed { number, outcome, evidence, by, at } => {
                let (outcome, evidence, by, at) = (*outcome, evidence.clone(), *by, *at);
                self.propose(*number, Some(Proposal { outcome, evidence, by, at }));
            }
            PaymentEvent::ProposalWithdrawn { number, .. } => self.propose(*number, None),
            PaymentEvent::OutcomeApproved { number, outcome, evidence, proposed_by, approved_by, at } => {
                if let Some(attempt) = self.attempt_mut(*number) {
                    attempt.decided = Some(PeoplesDecision {
                        outcome: *outcome,
                        evidence: evidence.clone(),
                        proposed_by: *proposed_by,
                        approved_by: *approved_by,
                        at: *at,
                        contradicted_at: None,
                    });
                }
            }
            PaymentEvent::DecisionContradicted { number, at, .. } => {
                if let Some(decided) = self.attempt_mut(*number).and_then(|one| one.decided.as_mut()) {
                    decided.contradicted_at = Some(*at);
                }
            }
            PaymentEvent::DefectSettled { number, at } => {
                if let Some(AttemptState::Succeeded { settled_at, .. }) = self.state_of(*number) {
                    *settled_at = Some(*at);
                }
            }
            PaymentEvent::SentBack { number, code, proof, at } => {
                let (reason, code, proof, at) = (Reason::SentBackByChannel, code.clone(), proof.clone(), *at);
                self.set(*number, AttemptState::Failed { reason, code, proof, at });
            }
            PaymentEvent::Created { .. }
            | PaymentEvent::AttemptOpened { .. }
            | PaymentEvent::AttemptUnknown { .. }
            | PaymentEvent::StillUnknown { .. }
            | PaymentEvent::DeadlinePassed { .. }
            | PaymentEvent::Noticed { .. }
            | PaymentEvent::AttemptSucceeded { .. }
            | PaymentEvent::AttemptFailed { .. }
            | PaymentEvent::Waiting { .. }
            | PaymentEvent::Succeeded { .. }
            | PaymentEvent::Failed { .. }
            | PaymentEvent::Cancelled { .. }
            | PaymentEvent::Refund { .. } => {}
        }
    }

    fn propose(&mut self, number: u16, proposed: Option<Proposal>) {
        if let Some(AttemptState::Unknown { proposal, .. }) = self.state_of(number) {
            *proposal = proposed;
        }
    }

    fn attempt_mut(&mut self, number: u16) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number)
    }

    fn state_of(&mut self, number: u16) -> Option<&mut AttemptState> {
        self.attempts.iter_mut().find(|attempt| attempt.number == number).map(|attempt| &mut attempt.state)
    }

    fn set(&mut self, number: u16, state: AttemptState) {
        if let Some(current) = self.state_of(number) {
            *current = state;
        }
    }
}
