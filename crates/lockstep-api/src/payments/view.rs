//! A payment as it is shown.

use lockstep_core::Slice;
use lockstep_core::binding::Binding;
use lockstep_core::catalogue::Reason;
use lockstep_core::payment::{Payment, PaymentState, Purpose, Stopped};
use lockstep_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::OfferView;
use super::attempt::AttemptView;
use super::refunds::RefundView;
use crate::wire::{MoneyView, PaymentWord, ReasonCode, Time};

/// The intent to move one amount for one purpose, with its attempts.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    /// Its id.
    #[schema(pattern = "^pay_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// Whose money.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: String,
    /// Which instrument.
    #[schema(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$")]
    binding_id: String,
    /// The order it collects; absent for a micro-deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    /// `repayment` or `micro_deposit`.
    #[schema(pattern = "^[a-z_]+$")]
    purpose: &'static str,
    /// How much. Absent for a micro-deposit: knowing it is the borrower's proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyView>,
    /// Where it stands.
    #[schema(value_type = PaymentWord)]
    status: &'static str,
    /// Why it waits or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// The money moved on a transaction the channel calls flawed, and may yet be sent back: don't book it for good,
    /// and don't collect it again. Absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    to_be_confirmed: bool,
    /// Why no further attempt is made: `final`, `attempts_used_up`, `window_over`, or `in_parts` when the order goes
    /// on in smaller payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    stopped: Option<Stopped>,
    /// When the next attempt may open.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<Time>,
    /// Since when its outcome is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_since: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Time>,
    /// Channels it may use; empty means every channel with a live mandate.
    channels: Vec<String>,
    /// No attempt is opened at or after this moment.
    window_ends: Time,
    /// Its attempts, oldest first. At most one of them ever moves money.
    attempts: Vec<AttemptView>,
    /// What the borrower could do so that it gets another way, where it has none. Left out in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<OfferView>,
    /// What goes back of it, oldest first.
    refunds: Vec<RefundView>,
    /// What has gone back, in minor units.
    refunded_minor: i64,
    /// What could still be asked back, in minor units: what was taken, less what went back or is on its way.
    refundable_minor: i64,
    /// Counts its changes.
    version: u64,
    /// When it was accepted.
    created_at: Time,
    /// When it last changed.
    updated_at: Time,
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        let (purpose, amount) = match payment.purpose {
            Purpose::Repayment { .. } => ("repayment", Some(MoneyView::from(payment.money))),
            Purpose::MicroDeposit => ("micro_deposit", None),
        };
        let mut view = Self {
            id: payment.id.to_string(),
            borrower_id: payment.borrower.to_string(),
            binding_id: payment.binding.to_string(),
            order_id: payment.purpose.order().map(|order| order.to_string()),
            purpose,
            amount,
            status: payment.status().as_str(),
            reason: None,
            to_be_confirmed: payment.attempts.iter().any(|attempt| attempt.open_defect().is_some()),
            stopped: None,
            next_try_at: None,
            unknown_since: None,
            ended_at: None,
            channels: payment.channels.iter().map(ToString::to_string).collect(),
            window_ends: payment.window_ends.into(),
            attempts: payment.attempts.iter().map(AttemptView::from).collect(),
            offers: Vec::new(),
            refunds: payment.refunds.iter().map(|refund| RefundView::of(payment, refund)).collect(),
            refunded_minor: payment.refunded_minor(),
            refundable_minor: refundable(payment),
            version: payment.version,
            created_at: payment.created_at.into(),
            updated_at: payment.updated_at.into(),
        };
        view.stand(&payment.state);
        view
    }
}

/// A micro-deposit took nothing, and its amount is a secret.
pub(crate) fn refundable(payment: &Payment) -> i64 {
    match payment.purpose {
        Purpose::Repayment { .. } => payment.refundable_minor(),
        Purpose::MicroDeposit => 0,
    }
}

impl PaymentView {
    /// As [`PaymentView::from`], with what can be said once its instruments are known.
    pub(crate) fn with(
        payment: &Payment,
        binding: Option<&Binding>,
        stand_ins: &[Binding],
        engine: &Engine,
    ) -> Self {
        let mut view = Self::from(payment);
        for attempt in &mut view.attempts {
            let used = match &attempt.binding_id {
                None => binding,
                Some(id) => stand_ins.iter().find(|one| one.id.to_string() == *id),
            };
            attempt.instrument = used.map(|binding| binding.instrument.masked.clone());
        }
        let offers = binding.map(|binding| engine.offers(payment, binding)).unwrap_or_default();
        view.offers = offers.iter().map(|offer| OfferView::of(offer, Some(engine.channels()))).collect();
        view
    }

    /// The payment of a slice.
    pub(crate) fn of_slice(slice: &Slice, engine: &Engine) -> Option<Self> {
        let payment = slice.payment.as_ref()?;
        Some(Self::with(payment, slice.binding.as_ref(), &slice.stand_ins, engine))
    }

    fn stand(&mut self, state: &PaymentState) {
        match state {
            PaymentState::Waiting { until, reason } => {
                (self.next_try_at, self.reason) = (Some(Time(*until)), *reason);
            }
            PaymentState::Trying { .. } => {}
            PaymentState::Unknown { since, .. } => {
                (self.unknown_since, self.reason) = (Some(Time(*since)), Some(Reason::OutcomeUnknown));
            }
            PaymentState::Succeeded { at, .. } | PaymentState::Cancelled { at } => {
                self.ended_at = Some(Time(*at))
            }
            PaymentState::Failed { reason, stopped, at } => {
                self.ended_at = Some(Time(*at));
                (self.reason, self.stopped) = (Some(*reason), Some(*stopped));
            }
        }
    }
}
