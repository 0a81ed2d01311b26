//! Money that goes back: our word about each refund is the bank's, none goes back twice, and none beyond what was taken.

use std::collections::BTreeMap;

use lockstep_core::id::PaymentId;
use lockstep_core::payment::{AttemptState, Payment, Refund, RefundStatus, RefundTry};
use lockstep_sim::sandbox::Truth;

use super::{Evidence, needs_a_person};
use crate::swarm::Kind;
use crate::trace::Broken;

/// Judges the refunds of one payment.
pub(super) fn judge(evidence: &Evidence<'_>, payment: &Payment, truth: &Truth) {
    for refund in &payment.refunds {
        for one in &refund.tries {
            try_is_so(evidence, payment, refund, one, truth);
        }
        ended(evidence, payment, refund);
    }
}

/// Our word about a try is the bank's.
fn try_is_so(evidence: &Evidence<'_>, payment: &Payment, refund: &Refund, one: &RefundTry, truth: &Truth) {
    let moved = truth.by_order.get(&format!("{}/{}", one.channel, one.order_no)).copied();
    let (order_no, amount) = (&one.order_no, refund.amount_minor);
    match (&one.state, moved) {
        (AttemptState::Succeeded { .. }, Some(moved)) if moved == amount => {}
        (AttemptState::Succeeded { .. }, moved) => {
            let what = format_args!("{order_no}: we say {amount} went back, the bank says {moved:?}");
            evidence.found(Broken::Wrong, payment.id, what);
        }
        (AttemptState::Failed { .. }, Some(moved)) => {
            let what = format_args!("{order_no}: the bank gave {moved} back, we say that nothing moved");
            evidence.found(Broken::Lost, payment.id, what);
        }
        (AttemptState::Failed { .. }, None) => {}
        (AttemptState::Sending | AttemptState::Unknown { .. }, moved) => {
            if !needs_a_person(evidence, &one.channel, order_no, &one.state) {
                let what = format_args!("{order_no}: the refund is still open; the bank gave back {moved:?}");
                evidence.found(Broken::Stuck, payment.id, what);
            }
        }
    }
}

/// Every refund ends, or waits for a person who has to say yes.
fn ended(evidence: &Evidence<'_>, payment: &Payment, refund: &Refund) {
    match refund.status() {
        RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Withdrawn | RefundStatus::Proposed => {
        }
        // Its open try has been judged.
        RefundStatus::Trying | RefundStatus::Unknown => {}
        RefundStatus::Waiting => {
            let what = format_args!("its refund {} still waits at the end", refund.number);
            evidence.found(Broken::Stuck, payment.id, what);
        }
    }
}

/// What the lender is told about the end of a refund.
pub(super) fn last_word(refund: &Refund) -> Option<&'static str> {
    match refund.status() {
        RefundStatus::Succeeded => Some("payment.refunded"),
        RefundStatus::Failed => Some("payment.refund_failed"),
        RefundStatus::Withdrawn => Some("payment.refund_withdrawn"),
        RefundStatus::Proposed => Some("payment.refund_proposed"),
        RefundStatus::Waiting | RefundStatus::Trying | RefundStatus::Unknown => None,
    }
}

/// No refund moved money twice, and no payment gave back more than it took. Returns how often that happened where the
/// world had declared a channel that breaks its word.
pub(super) fn bounded(evidence: &Evidence<'_>, truth: &Truth) -> u64 {
    if evidence.swarm.strength(Kind::NotFoundBeyondWindow) > 0 {
        return truth.double_refunds.len() as u64;
    }
    for refund in &truth.double_refunds {
        let payment = format!("pay_{}", refund.get(..26).unwrap_or_default());
        evidence.found(Broken::DoubleRefund, payment, format_args!("{refund} went back more than once"));
    }
    for payment in &truth.over_refunded {
        let (taken, back) = (sum(&truth.debits_by_payment, payment), sum(&truth.refunds_by_payment, payment));
        let what = format_args!("{back} went back of {taken}");
        evidence.found(Broken::DoubleRefund, format!("pay_{payment}"), what);
    }
    0
}

/// What went back beyond all that was taken, by the banks' books.
pub(super) fn overpaid(truth: &Truth) -> i64 {
    let beyond = truth
        .over_refunded
        .iter()
        .map(|payment| sum(&truth.refunds_by_payment, payment) - sum(&truth.debits_by_payment, payment));
    beyond.sum()
}

fn sum(by_payment: &BTreeMap<String, lockstep_sim::sandbox::Moved>, payment: &str) -> i64 {
    by_payment.get(payment).map_or(0, |moved| moved.sum_minor)
}

/// What went back of money that should never have been taken.
pub(super) fn surplus_returned(payment: &Payment) -> i64 {
    payment.refunds.iter().map(|refund| refund.surplus_moved_minor).sum()
}

/// Whether an order number is that of a refund's try of ours.
pub(super) fn is_ours(key: &str, order_no: &str, payments: &BTreeMap<PaymentId, Payment>) -> bool {
    let found = Refund::of_order_no(order_no)
        .and_then(|(id, number, try_no)| payments.get(&id)?.refund(number)?.try_of(try_no));
    found.is_some_and(|one| key == format!("{}/{order_no}", one.channel))
}
