//! A refund as it is shown.

use lockstep_core::audit::Who;
use lockstep_core::catalogue::Reason;
use lockstep_core::payment::{AttemptState, Payment, Refund, RefundState, RefundTry, RefundWay, Source};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{MoneyView, ReasonCode, RefundWord, Time};

/// Money that goes back to the instrument it was taken from.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    /// The payment.
    #[schema(pattern = "^pay_[0-9A-HJKMNP-TV-Z]{26}$")]
    payment_id: String,
    /// From 1, within the payment.
    #[schema(minimum = 1, maximum = 999)]
    number: u16,
    /// How much.
    amount: MoneyView,
    /// The part of it that should never have been taken, in minor units.
    surplus_minor: i64,
    /// Why: the lender's code, or `surplus` for money that should never have been taken.
    #[schema(pattern = "^[a-z0-9_]{1,64}$")]
    reason: String,
    /// The attempt whose money it is.
    attempt: u16,
    /// Where it stands.
    #[schema(value_type = RefundWord)]
    status: &'static str,
    /// The key that asked for it; absent when it opened by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    /// When it was asked for.
    asked_at: Time,
    /// The key that approved it, where that was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    /// Why it waits, is unknown or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    cause: Option<Reason>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Time>,
    /// Its tries, oldest first. At most one of them ever moves money.
    tries: Vec<RefundTryView>,
}

/// One try of a refund on one channel.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundTry)]
pub(crate) struct RefundTryView {
    /// From 1, within the refund.
    number: u16,
    /// Where.
    channel: String,
    /// `back` for a refund of the debit, `pay_out` for a credit to the same instrument.
    #[schema(value_type = String, pattern = "^[a-z_]+$")]
    way: RefundWay,
    /// The number under which the channel knows it.
    order_no: String,
    /// `sending`, `unknown`, `succeeded` or `failed`.
    #[schema(pattern = "^[a-z]+$")]
    status: &'static str,
    /// When it was opened.
    opened_at: Time,
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
    /// The channel's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_ref: Option<String>,
}

/// A key's id; people at the command line and rules have none.
fn key_of(who: &Who) -> Option<String> {
    match who {
        Who::ApiKey { key } => Some(key.to_string()),
        Who::Channel { .. } | Who::Timer | Who::Cli => None,
    }
}

impl RefundView {
    /// One refund of a payment.
    pub(crate) fn of(payment: &Payment, refund: &Refund) -> Self {
        let (cause, next_try_at, ended_at) = match &refund.state {
            RefundState::Proposed | RefundState::Trying { .. } => (None, None, None),
            RefundState::Waiting { until, reason } => (*reason, Some(Time(*until)), None),
            RefundState::Unknown { .. } => (Some(Reason::OutcomeUnknown), None, None),
            RefundState::Succeeded { at } | RefundState::Withdrawn { at, .. } => {
                (None, None, Some(Time(*at)))
            }
            RefundState::Failed { reason, at } => (Some(*reason), None, Some(Time(*at))),
        };
        Self {
            payment_id: payment.id.to_string(),
            number: refund.number,
            amount: payment.money_of(refund).into(),
            surplus_minor: refund.surplus_minor,
            reason: refund.reason.as_str().to_owned(),
            attempt: refund.attempt,
            status: refund.status().as_str(),
            asked_by: refund.asked_by.as_ref().and_then(key_of),
            asked_at: refund.asked_at.into(),
            approved_by: refund.approved_by.as_ref().and_then(key_of),
            cause,
            next_try_at,
            ended_at,
            tries: refund.tries.iter().map(RefundTryView::from).collect(),
        }
    }
}

impl From<&RefundTry> for RefundTryView {
    fn from(one: &RefundTry) -> Self {
        let mut view = Self {
            number: one.number,
            channel: one.channel.to_string(),
            way: one.way,
            order_no: one.order_no.clone(),
            status: "sending",
            opened_at: one.opened_at.into(),
            reason: None,
            code: None,
            proof: None,
            source: None,
            channel_ref: None,
        };
        match &one.state {
            AttemptState::Sending => {}
            AttemptState::Unknown { reason, .. } => (view.status, view.reason) = ("unknown", Some(*reason)),
            AttemptState::Succeeded { source, channel_ref, defect, .. } => {
                (view.status, view.source) = ("succeeded", Some(*source));
                (view.channel_ref, view.code) = (channel_ref.clone(), defect.clone());
            }
            AttemptState::Failed { reason, code, proof, .. } => {
                (view.status, view.reason) = ("failed", Some(*reason));
                (view.code, view.proof) = (code.clone(), Some(proof.kind()));
            }
        }
        view
    }
}
