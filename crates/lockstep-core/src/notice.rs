//! Notices: what the lender's systems are told. Derived from what changed, so no rule can forget to tell.

use serde::{Deserialize, Serialize};

use crate::binding::{Binding, BindingStatus};
use crate::catalogue::Reason;
use crate::decision::{Decision, Facts, Slice};
use crate::effect::Effect;
use crate::id::{BindingId, BorrowerId, NoticeId, OrderId, PaymentId, TenantId};
use crate::money::Money;
use crate::order::{Order, OrderState};
use crate::payment::{
    Excuse, Payment, PaymentState, PaymentStatus, Refund, RefundState, RefundStatus, refund_notice,
};
use crate::time::Timestamp;

/// What the lender's systems are told. Stored as it will be sent, so every try sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The lender.
    pub tenant: TenantId,
    /// For example `payment.succeeded`.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// About what.
    pub subject: Subject,
    /// The subject's version; notices about one subject are delivered in this order.
    pub version: u64,
}

/// What a notice is about, as it stood then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum Subject {
    /// A payment.
    Payment {
        /// Its id.
        payment: PaymentId,
        /// Whose.
        borrower: BorrowerId,
        /// The order it is for.
        order: Option<OrderId>,
        /// How much.
        money: Money,
        /// Where it stands.
        status: PaymentStatus,
        /// The cause, where there is one.
        reason: Option<Reason>,
        /// When the next attempt may open.
        next_try_at: Option<Timestamp>,
    },
    /// A refund of a payment.
    Refund {
        /// The payment.
        payment: PaymentId,
        /// Its refund, from 1.
        number: u16,
        /// Whose.
        borrower: BorrowerId,
        /// The order the payment was for.
        order: Option<OrderId>,
        /// How much goes back.
        money: Money,
        /// Why the money goes back: the lender's code, or `surplus`.
        reason: String,
        /// Where it stands.
        status: RefundStatus,
        /// Why it failed.
        cause: Option<Reason>,
        /// What has gone back of the payment so far, in minor units.
        refunded_minor: i64,
    },
    /// A binding.
    Binding {
        /// Its id.
        binding: BindingId,
        /// Whose.
        borrower: BorrowerId,
        /// The instrument, masked.
        masked: String,
        /// Where it stands.
        #[serde(flatten)]
        status: BindingStatus,
    },
    /// An order.
    Order {
        /// Its id.
        order: OrderId,
        /// Whose.
        borrower: BorrowerId,
        /// What was collected so far, in minor units.
        collected_minor: i64,
        /// Money that has to go back, in minor units.
        surplus_minor: i64,
        /// What was collected and given back, in minor units.
        #[serde(default)]
        refunded_minor: i64,
        /// The time that need not be counted against the borrower.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excused: Option<Excuse>,
    },
}

impl Subject {
    /// The id of what it is about, for ordering.
    pub fn id(&self) -> String {
        match self {
            Self::Payment { payment, .. } | Self::Refund { payment, .. } => payment.to_string(),
            Self::Binding { binding, .. } => binding.to_string(),
            Self::Order { order, .. } => order.to_string(),
        }
    }
}

/// Adds a notice for everything whose word changed.
pub(crate) fn add(before: &Slice, decision: &mut Decision, facts: &Facts<'_>) {
    let after = before.after(decision);
    let mut notices = Vec::new();
    if let Some(payment) = &after.payment {
        notices.extend(of_payment(before.payment.as_ref(), payment, facts.now));
        for (refund, kind) in refund_notice::news(before.payment.as_ref(), payment) {
            notices.push(of_refund(payment, refund, kind, facts.now));
        }
    }
    if let Some(binding) = &after.binding {
        notices.extend(of_binding(before.binding.as_ref(), binding, facts.now));
    }
    for (before, binding) in before.stand_ins.iter().zip(&after.stand_ins) {
        notices.extend(of_binding(Some(before), binding, facts.now));
    }
    if let Some(order) = &after.order {
        notices.extend(of_order(before.order.as_ref(), order, facts.now));
    }
    let Some(bucket) = notices.first().map(|notice| bucket_of(&notice.subject)) else {
        return;
    };
    // Its own stream of ids: the mint of the decision has handed out others from the same seed.
    let mut seed = facts.seed;
    seed[0] ^= 0x5a;
    let mut mint = crate::id::Mint::new(bucket, facts.now, seed);
    for notice in notices {
        decision.effect(facts.now, Effect::Notify { id: NoticeId::mint(&mut mint), notice });
    }
}

fn bucket_of(subject: &Subject) -> crate::id::Bucket {
    match subject {
        Subject::Payment { payment, .. } | Subject::Refund { payment, .. } => payment.bucket(),
        Subject::Binding { binding, .. } => binding.bucket(),
        Subject::Order { order, .. } => order.bucket(),
    }
}

fn of_payment(before: Option<&Payment>, payment: &Payment, now: Timestamp) -> Option<Notice> {
    let unconfirmed = |payment: &Payment| payment.attempts.iter().any(|one| one.open_defect().is_some());
    let same = before.map(Payment::status) == Some(payment.status());
    let confirmed = same && before.is_some_and(unconfirmed) && !unconfirmed(payment);
    if same && !(confirmed && payment.status() == PaymentStatus::Succeeded) {
        return None;
    }
    let word = if confirmed { "confirmed" } else { payment.status().as_str() };
    let (reason, next_try_at) = match &payment.state {
        PaymentState::Waiting { until, reason } => (*reason, Some(*until)),
        PaymentState::Failed { reason, .. } => (Some(*reason), None),
        PaymentState::Unknown { .. } => (Some(Reason::OutcomeUnknown), None),
        // The money moved, and may yet be sent back: the lender has to know before it books it for good.
        PaymentState::Succeeded { .. } if unconfirmed(payment) => (Some(Reason::DefectiveSuccess), None),
        PaymentState::Trying { .. } | PaymentState::Succeeded { .. } | PaymentState::Cancelled { .. } => {
            (None, None)
        }
    };
    Some(Notice {
        tenant: payment.tenant,
        kind: format!("payment.{word}"),
        at: now,
        subject: Subject::Payment {
            payment: payment.id,
            borrower: payment.borrower,
            order: payment.purpose.order(),
            money: payment.money,
            status: payment.status(),
            reason,
            next_try_at,
        },
        version: payment.version,
    })
}

fn of_refund(payment: &Payment, refund: &Refund, kind: &str, now: Timestamp) -> Notice {
    let cause = match refund.state {
        RefundState::Failed { reason, .. } => Some(reason),
        RefundState::Unknown { .. } => Some(Reason::OutcomeUnknown),
        RefundState::Waiting { reason, .. } => reason,
        RefundState::Proposed
        | RefundState::Trying { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Withdrawn { .. } => None,
    };
    Notice {
        tenant: payment.tenant,
        kind: kind.to_owned(),
        at: now,
        subject: Subject::Refund {
            payment: payment.id,
            number: refund.number,
            borrower: payment.borrower,
            order: payment.purpose.order(),
            money: payment.money_of(refund),
            reason: refund.reason.as_str().to_owned(),
            status: refund.status(),
            cause,
            refunded_minor: payment.refunded_minor(),
        },
        version: payment.version,
    }
}

fn of_binding(before: Option<&Binding>, binding: &Binding, now: Timestamp) -> Option<Notice> {
    let status = binding.status();
    if before.map(Binding::status).as_ref() == Some(&status) {
        return None;
    }
    let word = match status {
        BindingStatus::Verifying => "verifying",
        BindingStatus::AwaitingCode { .. } => "awaiting_code",
        BindingStatus::AwaitingAmount => "awaiting_amount",
        BindingStatus::Usable => "usable",
        BindingStatus::Suspended { .. } => "suspended",
        BindingStatus::NotUsable { .. } => "not_usable",
        BindingStatus::Unbound => "unbound",
    };
    let masked = binding.instrument.masked.clone();
    let subject = Subject::Binding { binding: binding.id, borrower: binding.borrower, masked, status };
    Some(Notice {
        tenant: binding.tenant,
        kind: format!("binding.{word}"),
        at: now,
        subject,
        version: binding.version,
    })
}

fn of_order(before: Option<&Order>, order: &Order, now: Timestamp) -> Vec<Notice> {
    let collected = |order: &Order| matches!(order.state, OrderState::Collected { .. });
    let mut kinds = Vec::new();
    if collected(order) && !before.is_some_and(collected) {
        kinds.push("order.collected");
    }
    if order.surplus_minor > before.map_or(0, |before| before.surplus_minor) {
        kinds.push("order.refund_needed");
    }
    if order.collected_minor < before.map_or(0, |before| before.collected_minor) {
        kinds.push("order.reopened");
    }
    let (old, new) = (before.and_then(|before| before.excused), order.excused);
    if new.is_some() && old.is_none() {
        kinds.push("order.excused");
    }
    if new != old && new.is_some_and(|excuse| excuse.until.is_some()) {
        kinds.push("order.excuse_ended");
    }
    kinds.into_iter().map(|kind| about_order(order, kind, now)).collect()
}

fn about_order(order: &Order, kind: &str, now: Timestamp) -> Notice {
    Notice {
        tenant: order.tenant,
        kind: kind.to_owned(),
        at: now,
        subject: Subject::Order {
            order: order.id,
            borrower: order.borrower,
            collected_minor: order.collected_minor,
            surplus_minor: order.surplus_minor,
            refunded_minor: order.refunded_minor,
            excused: order.excused,
        },
        version: order.version,
    }
}
