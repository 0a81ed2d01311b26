//! Sending a refund's tries, and the timers around them.

use super::decide::happened;
use super::way::{self, Way};
use super::{ClearToSend, Refund, RefundEvent, RefundState, RefundWay};
use crate::catalogue::Reason;
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, RefundOrder, RefundQuery, RefundTrouble, RefundWake, Wake};
use crate::payment::Payment;
use crate::payment::attempt::AttemptState;
use crate::time::Timestamp;

/// Opens the next try, or plans it, or ends the refund if there is no way. `payment` is as it stands after the events
/// decided so far.
pub(super) fn send(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    _clear: ClearToSend,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let (Some(refund), Some(binding)) = (payment.refund(number), &slice.binding) else { return };
    let Some(source) = payment.attempt(refund.attempt) else { return };
    let money = payment.money_of(refund);
    let (channel, way) = match way::find(payment, source, money, facts) {
        Way::Now(channel, way) => (channel, way),
        Way::At(until) => return wait(payment, refund, until, Reason::OutsideHours, decision, facts),
        Way::Nowhere => return fail(payment, number, Reason::RefundNotAllowed, decision, facts),
    };
    let original_ref = match &source.state {
        AttemptState::Succeeded { channel_ref, .. } => channel_ref.clone(),
        AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Failed { .. } => None,
    };
    let try_no = u16::try_from(refund.tries.len()).unwrap_or(u16::MAX).saturating_add(1);
    let order = RefundOrder {
        payment: payment.id,
        refund: number,
        try_no,
        channel: channel.clone(),
        order_no: Refund::order_no(payment.id, number, try_no),
        way,
        original_no: source.order_no.clone(),
        original_ref: original_ref.filter(|_| way == RefundWay::Back),
        money,
        borrower: payment.borrower,
        tenant: payment.tenant,
        vault_item: binding.instrument.vault_item,
    };
    happened(decision, number, RefundEvent::TryOpened { try_no, channel, way }, facts);
    decision.effect(facts.now, Effect::Refund(order));
}

pub(super) fn wait(
    payment: &Payment,
    refund: &Refund,
    until: Timestamp,
    reason: Reason,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    happened(decision, refund.number, RefundEvent::Waiting { until, reason }, facts);
    let tries = u16::try_from(refund.tries.len()).unwrap_or(u16::MAX);
    decision.effect_at(until, wake(payment, refund.number, RefundWake::Try { tries }));
}

/// Ends the refund without money: from here on a person has to find another way.
pub(super) fn fail(
    payment: &Payment,
    number: u16,
    reason: Reason,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    happened(decision, number, RefundEvent::Failed { reason }, facts);
    decision.effect(facts.now, alarm(payment, number, RefundTrouble::Failed));
}

pub(super) fn wake(payment: &Payment, refund: u16, wake: RefundWake) -> Effect {
    Effect::Wake(Wake::Refund { payment: payment.id, refund, wake })
}

pub(super) fn alarm(payment: &Payment, refund: u16, trouble: RefundTrouble) -> Effect {
    Effect::Alarm(Alarm::Refund { payment: payment.id, refund, trouble })
}

pub(super) fn try_planned(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    tries: u16,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(refund) = payment.refund(number) else { return decision };
    let due = matches!(refund.state, RefundState::Waiting { until, .. } if facts.now >= until);
    if let Some(clear) = refund.clear_to_send().filter(|_| due && refund.tries.len() == usize::from(tries)) {
        send(slice, payment, number, clear, &mut decision, facts);
    }
    decision
}

/// The question about a try, if its channel takes questions.
pub(super) fn question(payment: &Payment, (number, try_no): (u16, u16), facts: &Facts<'_>) -> Option<Effect> {
    let one = payment.refund(number)?.try_of(try_no)?;
    facts.channels.get(&one.channel)?.query.as_ref()?;
    Some(Effect::QueryRefund(RefundQuery {
        payment: payment.id,
        refund: number,
        try_no,
        channel: one.channel.clone(),
        order_no: one.order_no.clone(),
        way: one.way,
        sent_at: one.opened_at,
    }))
}

pub(super) fn ask_about(payment: &Payment, which: (u16, u16), asked: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let state = payment.refund(which.0).and_then(|refund| refund.try_of(which.1)).map(|one| &one.state);
    let due = matches!(state, Some(AttemptState::Unknown { asked: so_far, .. }) if *so_far == asked);
    if let Some(question) = question(payment, which, facts).filter(|_| due) {
        decision.effect(facts.now, question);
    }
    decision
}

pub(super) fn check_closed(payment: &Payment, which: (u16, u16), facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let state = payment.refund(which.0).and_then(|refund| refund.try_of(which.1)).map(|one| &one.state);
    let closed = matches!(state, Some(AttemptState::Failed { .. }));
    if let Some(question) = question(payment, which, facts).filter(|_| closed) {
        decision.effect(facts.now, question);
    }
    decision
}

pub(super) fn deadline(payment: &Payment, (number, try_no): (u16, u16), facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let state = payment.refund(number).and_then(|refund| refund.try_of(try_no)).map(|one| &one.state);
    if matches!(state, Some(AttemptState::Unknown { overdue: false, .. })) {
        happened(&mut decision, number, RefundEvent::DeadlinePassed { try_no }, facts);
        decision.effect(facts.now, alarm(payment, number, RefundTrouble::UnknownTooLong));
    }
    decision
}
