//! What the lender is told.

use crate::binding::Binding;
use crate::decision::{Decision, Slice};
use crate::effect::Effect;
use crate::order::{Order, OrderState};
use crate::payment::Payment;

/// The lender is told of every change of a status word.
pub(super) fn check(before: &Slice, after: &Slice, decision: &Decision) {
    let told = |kind: String| {
        let same = |effect: &Effect| matches!(effect, Effect::Notify { notice, .. } if notice.kind == kind);
        assert!(decision.effects.iter().any(|planned| same(&planned.effect)), "nobody was told {kind}");
    };
    let (old, new) =
        (before.payment.as_ref().map(Payment::status), after.payment.as_ref().map(Payment::status));
    if let Some(status) = new.filter(|_| new != old) {
        told(format!("payment.{}", status.as_str()));
    }
    let (old, new) =
        (before.binding.as_ref().map(Binding::status), after.binding.as_ref().map(Binding::status));
    if let Some(status) = new.as_ref().filter(|_| new != old) {
        let word = serde_json::to_value(status).expect("a status")["status"].as_str().map(str::to_owned);
        told(format!("binding.{}", word.expect("a word")));
    }
    let collected = |order: &Option<Order>| {
        order.as_ref().is_some_and(|order| matches!(order.state, OrderState::Collected { .. }))
    };
    let surplus = |order: &Option<Order>| order.as_ref().map_or(0, |order| order.surplus_minor);
    if surplus(&after.order) > surplus(&before.order) {
        told("order.refund_needed".to_owned());
    } else if collected(&after.order) && !collected(&before.order) {
        told("order.collected".to_owned());
    }
}
