//! An attempt as it is shown.

use lockstep_core::catalogue::Reason;
use lockstep_core::payment::route::{Candidate, Finding};
use lockstep_core::payment::{Attempt, AttemptState, Source};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{ReasonCode, Time};

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptStatus {
    /// To be sent, or being sent.
    Sending,
    /// Nobody knows whether money moved.
    Unknown,
    /// The money moved.
    Succeeded,
    /// No money moved; `proof` says how we know.
    Failed,
}

/// A channel that was considered for an attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Candidate)]
pub(crate) struct CandidateView {
    /// The channel.
    channel: String,
    /// `ready`, `failed_just_now`, `closed`, `amount_out_of_range`, `outside_mandate`, `no_mandate` or
    /// `unable`.
    #[schema(pattern = "^[a-z_]+$")]
    finding: &'static str,
}

impl From<&Candidate> for CandidateView {
    fn from(candidate: &Candidate) -> Self {
        let finding = match candidate.finding {
            Finding::Ready => "ready",
            Finding::FailedJustNow => "failed_just_now",
            Finding::Closed { .. } => "closed",
            Finding::AmountOutOfRange => "amount_out_of_range",
            Finding::OutsideMandate { .. } => "outside_mandate",
            Finding::NoMandate => "no_mandate",
            Finding::Unable => "unable",
        };
        Self { channel: candidate.channel.to_string(), finding }
    }
}

/// One try on one channel.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// From 1.
    number: u16,
    /// Where.
    channel: String,
    /// The number under which the channel knows it.
    order_no: String,
    /// Where it stands.
    status: AttemptStatus,
    /// When it was opened.
    opened_at: Time,
    /// Since when it stands like this; absent while it is being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
    /// Why it failed or is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// The channel's own code, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Why we are sure that no money moved: `final_decline`, `not_found_after_window` or `never_left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    proof: Option<&'static str>,
    /// From where we know that money moved: `answer`, `query` or `notice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    source: Option<Source>,
    /// The channel's own number for the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_ref: Option<String>,
    /// How often the channel was asked, while it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<u16>,
    /// All channels considered, best first.
    considered: Vec<CandidateView>,
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        let mut view = Self {
            number: attempt.number,
            channel: attempt.channel.to_string(),
            order_no: attempt.order_no.clone(),
            status: AttemptStatus::Sending,
            opened_at: attempt.opened_at.into(),
            since: None,
            reason: None,
            code: None,
            proof: None,
            source: None,
            channel_ref: None,
            asked: None,
            considered: attempt.ranked.iter().map(CandidateView::from).collect(),
        };
        view.stand(&attempt.state);
        view
    }
}

impl AttemptView {
    fn stand(&mut self, state: &AttemptState) {
        match state {
            AttemptState::Sending => {}
            AttemptState::Unknown { reason, since, asked, .. } => {
                self.status = AttemptStatus::Unknown;
                (self.reason, self.since, self.asked) = (Some(*reason), Some(Time(*since)), Some(*asked));
            }
            AttemptState::Succeeded { at, source, channel_ref, defect } => {
                self.status = AttemptStatus::Succeeded;
                (self.since, self.source) = (Some(Time(*at)), Some(*source));
                (self.channel_ref, self.code) = (channel_ref.clone(), defect.clone());
            }
            AttemptState::Failed { reason, code, proof, at } => {
                self.status = AttemptStatus::Failed;
                (self.reason, self.since) = (Some(*reason), Some(Time(*at)));
                (self.code, self.proof) = (code.clone(), Some(proof.kind()));
            }
        }
    }
}
