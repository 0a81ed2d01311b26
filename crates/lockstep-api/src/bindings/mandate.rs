//! A mandate as it is shown.

use lockstep_core::binding::{Mandate, MandateState, MandateTerms};
use lockstep_core::catalogue::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{ReasonCode, Time};

/// What the borrower agreed to.
#[derive(Serialize, ToSchema)]
#[schema(as = Terms)]
pub(crate) struct TermsView {
    /// Who receives the money.
    payee: String,
    /// What it is for.
    purpose: String,
    /// How often or on which condition.
    condition: String,
    /// Largest single debit, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_amount_minor: Option<i64>,
    /// Most in a day, if the borrower set that.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_minor: Option<i64>,
    /// Most in a calendar month, if the borrower set that.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_minor: Option<i64>,
    /// First moment at which it no longer holds.
    valid_until: Time,
}

impl From<&MandateTerms> for TermsView {
    fn from(terms: &MandateTerms) -> Self {
        Self {
            payee: terms.payee.clone(),
            purpose: terms.purpose.clone(),
            condition: terms.condition.clone(),
            max_amount_minor: terms.max_amount_minor,
            daily_minor: terms.daily_minor,
            monthly_minor: terms.monthly_minor,
            valid_until: terms.valid_until.into(),
        }
    }
}

/// Where a mandate stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MandateStatus {
    /// Waiting until another mandate of the binding has been signed.
    Wanted,
    /// The channel is checking and texting a code.
    RequestingCode,
    /// The borrower has a code to enter.
    AwaitingCode,
    /// A signature is on its way.
    Signing,
    /// Nobody knows whether it arrived; the channel is being asked.
    SigningUnknown,
    /// Holds.
    Live,
    /// Refused; may be asked for again.
    Refused,
    /// Held once.
    Ended,
}

/// The borrower's authority to debit one instrument on one channel.
#[derive(Serialize, ToSchema)]
#[schema(as = Mandate)]
pub(crate) struct MandateView {
    /// Its id.
    #[schema(pattern = "^man_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// The channel it holds on.
    channel: String,
    /// Where it stands.
    status: MandateStatus,
    /// Why it was refused or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// The channel's number for it, while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement_no: Option<String>,
    /// When the code sent dies.
    #[serde(skip_serializing_if = "Option::is_none")]
    code_expires_at: Option<Time>,
    /// Wrong codes left.
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u8>,
    /// Since when it stands like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
    /// What was agreed.
    terms: TermsView,
}

impl From<&Mandate> for MandateView {
    fn from(mandate: &Mandate) -> Self {
        let mut view = Self {
            id: mandate.id.to_string(),
            channel: mandate.channel.to_string(),
            status: MandateStatus::Wanted,
            reason: None,
            agreement_no: mandate.agreement_no().map(str::to_owned),
            code_expires_at: None,
            tries_left: None,
            since: None,
            terms: TermsView::from(&mandate.terms),
        };
        view.stand(&mandate.state);
        view
    }
}

impl MandateView {
    fn stand(&mut self, state: &MandateState) {
        let (status, since) = match state {
            MandateState::Wanted => (MandateStatus::Wanted, None),
            MandateState::RequestingCode { since } => (MandateStatus::RequestingCode, Some(*since)),
            MandateState::AwaitingCode { sent_at, expires_at, tries_left, .. } => {
                self.code_expires_at = Some(Time(*expires_at));
                self.tries_left = Some(*tries_left);
                (MandateStatus::AwaitingCode, Some(*sent_at))
            }
            MandateState::Signing { since, .. } => (MandateStatus::Signing, Some(*since)),
            MandateState::SigningUnknown { since, .. } => (MandateStatus::SigningUnknown, Some(*since)),
            MandateState::Live { since, .. } => (MandateStatus::Live, Some(*since)),
            MandateState::Refused { reason, at } => {
                self.reason = Some(*reason);
                (MandateStatus::Refused, Some(*at))
            }
            MandateState::Ended { reason, at } => {
                self.reason = Some(*reason);
                (MandateStatus::Ended, Some(*at))
            }
        };
        self.status = status;
        self.since = since.map(Time);
    }
}
