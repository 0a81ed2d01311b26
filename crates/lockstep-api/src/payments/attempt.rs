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
    /// The stand-in instrument it would debit; left out for the payment's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<String>,
    /// `ready`, `failed_just_now`, `ramping`, `breaker_open`, `closed`, `limit_used_up`, `amount_out_of_range`,
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
