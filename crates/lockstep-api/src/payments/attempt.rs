//! An attempt as it is shown.

use lockstep_core::catalogue::Reason;
use lockstep_core::payment::route::{Candidate, Finding};
use lockstep_core::payment::{
    Attempt, AttemptState, PeoplesDecision, Proposal, Reversal, ReversalState, Source,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::outcome::OutcomeWord;
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
    /// The stand-in instrument it would debit; left out for the payment's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<String>,
    /// `ready`, `failed_alike`, `failed_just_now`, `ramping`, `breaker_open`, `closed`, `limit_used_up`, `amount_out_of_range`,
    /// `outside_mandate`, `instrument_not_usable`, `excluded_by_rule`, `no_mandate` or `unable`.
    #[schema(pattern = "^[a-z_]+$")]
    finding: &'static str,
    /// The finding's reason, for what stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// The lender's rule that excludes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// When it is no longer closed or used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// Estimated probability that an attempt would move the money, in millionths; 0 where nobody looked.
    #[schema(minimum = 0, maximum = 1_000_000)]
    chance_ppm: u32,
    /// One standard deviation of that estimate, in millionths.
    #[schema(minimum = 0)]
    spread_ppm: u32,
    /// Price of a success in 1/1000 of a minor unit.
    #[schema(minimum = 0)]
    cost_milli_minor: u64,
    /// The probability with which it was going to be chosen, in millionths. All shares of an attempt add to
    /// 1,000,000; attempts of before this was kept have 0.
    #[schema(minimum = 0, maximum = 1_000_000)]
    share_ppm: u32,
}

impl From<&Candidate> for CandidateView {
    fn from(candidate: &Candidate) -> Self {
        let (finding, rule, until) = match &candidate.finding {
            Finding::Ready => ("ready", None, None),
            Finding::FailedAlike => ("failed_alike", None, None),
            Finding::FailedJustNow => ("failed_just_now", None, None),
            Finding::Ramping { .. } => ("ramping", None, None),
            Finding::BreakerOpen { .. } => ("breaker_open", None, None),
            Finding::Closed { opens_at } => ("closed", None, Some(*opens_at)),
            Finding::LimitUsedUp { until, .. } => ("limit_used_up", None, Some(*until)),
            Finding::AmountOutOfRange => ("amount_out_of_range", None, None),
            Finding::OutsideMandate { .. } => ("outside_mandate", None, None),
            Finding::InstrumentNotUsable { .. } => ("instrument_not_usable", None, None),
            Finding::ExcludedByRule { rule } => ("excluded_by_rule", Some(rule.clone()), None),
            Finding::NoMandate => ("no_mandate", None, None),
            Finding::Unable => ("unable", None, None),
        };
        Self {
            channel: candidate.channel.to_string(),
            binding_id: candidate.binding.map(|binding| binding.to_string()),
            finding,
            reason: (!candidate.finding.ready()).then(|| candidate.finding.reason()),
            rule,
            until: until.map(Time),
            chance_ppm: candidate.chance_ppm,
            spread_ppm: candidate.spread_ppm,
            cost_milli_minor: candidate.cost_milli_minor,
            share_ppm: candidate.share_ppm,
        }
    }
}

/// A flaw of the transaction that moved the money: it may yet be sent back.
#[derive(Serialize, ToSchema)]
#[schema(as = Defect)]
pub(crate) struct DefectView {
    /// The channel's code.
    code: String,
    /// When the channel said that the transaction stands; absent while that is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Time>,
}

/// A reversal: the channel was told to undo the attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Reversal)]
pub(crate) struct ReversalView {
    /// `sending`, `unanswered`, `reversed`, `refused` or `not_found`.
    #[schema(pattern = "^[a-z_]+$")]
    status: &'static str,
    /// When it was begun.
    since: Time,
    /// How often it was sent.
    sent: u16,
}

impl From<&Reversal> for ReversalView {
    fn from(reversal: &Reversal) -> Self {
        let status = match reversal.state {
            ReversalState::Sending => "sending",
            ReversalState::Unanswered { .. } => "unanswered",
            ReversalState::Reversed { .. } => "reversed",
            ReversalState::Refused { .. } => "refused",
            ReversalState::NotFound { .. } => "not_found",
        };
        Self { status, since: reversal.since.into(), sent: reversal.sent }
    }
}

/// What one person says became of the attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Proposal)]
pub(crate) struct ProposalView {
    /// What became of it.
    outcome: OutcomeWord,
    /// What that rests on.
    evidence: String,
    /// Whose key.
    #[schema(pattern = "^key_[0-9A-HJKMNP-TV-Z]{26}$")]
    proposed_by: String,
    /// When.
    at: Time,
}

impl From<&Proposal> for ProposalView {
    fn from(proposal: &Proposal) -> Self {
        Self {
            outcome: proposal.outcome.into(),
            evidence: proposal.evidence.clone(),
            proposed_by: proposal.by.to_string(),
            at: proposal.at.into(),
        }
    }
}

/// What two people decided about the attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomeDecision)]
pub(crate) struct DecisionView {
    /// What became of it.
    outcome: OutcomeWord,
    /// What that rests on.
    evidence: String,
    /// The first one's key.
    #[schema(pattern = "^key_[0-9A-HJKMNP-TV-Z]{26}$")]
    proposed_by: String,
    /// The second one's key.
    #[schema(pattern = "^key_[0-9A-HJKMNP-TV-Z]{26}$")]
    approved_by: String,
    /// When.
    at: Time,
    /// When the channel proved the opposite; absent as long as it hasn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradicted_at: Option<Time>,
}

impl From<&PeoplesDecision> for DecisionView {
    fn from(decision: &PeoplesDecision) -> Self {
        Self {
            outcome: decision.outcome.into(),
            evidence: decision.evidence.clone(),
            proposed_by: decision.proposed_by.to_string(),
            approved_by: decision.approved_by.to_string(),
            at: decision.at.into(),
            contradicted_at: decision.contradicted_at.map(Time),
        }
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
    /// The stand-in instrument it debits, which the borrower agreed to; left out for the payment's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$")]
    pub(super) binding_id: Option<String>,
    /// The instrument it uses: first six and last four digits. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "622202*********0000")]
    pub(super) instrument: Option<String>,
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
    /// Why we are sure that no money moved: `final_decline`, `not_found_after_window`, `never_left`, `reversed`,
    /// `blocked_by_reversal`, `not_in_statement`, `by_two_people` or `sent_back`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    proof: Option<&'static str>,
    /// From where we know that money moved: `answer`, `query`, `notice`, `statement` or `people`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    source: Option<Source>,
    /// The channel's own number for the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_ref: Option<String>,
    /// How often the channel was asked, while it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<u16>,
    /// The flaw, when the channel calls the transaction that moved the money flawed.
    #[serde(skip_serializing_if = "Option::is_none")]
    defect: Option<DefectView>,
    /// Its reversal, once one was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversal: Option<ReversalView>,
    /// The last day whose statement doesn't list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-02")]
    absent_through: Option<String>,
    /// What one person says became of it; a second one has to say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<ProposalView>,
    /// What two people decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
    /// All channels considered, best first.
    considered: Vec<CandidateView>,
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        let mut view = Self {
            number: attempt.number,
            channel: attempt.channel.to_string(),
            binding_id: attempt.binding.map(|binding| binding.to_string()),
            instrument: None,
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
            defect: None,
            reversal: attempt.reversal.as_ref().map(ReversalView::from),
            absent_through: attempt.absent_through.map(|day| day.to_string()),
            proposal: None,
            decision: attempt.decided.as_ref().map(DecisionView::from),
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
            AttemptState::Unknown { reason, since, asked, proposal, .. } => {
                self.proposal = proposal.as_ref().map(ProposalView::from);
                self.status = AttemptStatus::Unknown;
                (self.reason, self.since, self.asked) = (Some(*reason), Some(Time(*since)), Some(*asked));
            }
            AttemptState::Succeeded { at, source, channel_ref, defect, settled_at, .. } => {
                let settled_at = settled_at.map(Time);
                self.defect = defect.clone().map(|code| DefectView { code, settled_at });
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
