//! Reversals and people: what was told as a success stays, and what was begun is carried on.

use crate::decision::{Decision, Event, Slice};
use crate::effect::{Effect, Wake};
use crate::payment::{Attempt, AttemptState, Payment, PaymentEvent, ReversalState, Source};
use crate::scenario::channels::WINDOW_S;
use crate::scenario::world::{RowState, World};
use crate::time::Timestamp;

/// No attempt succeeds while a reversal of ours may undo it, or after one has; and nothing that succeeded is reversed.
pub(super) fn decision(before: &Slice, decision: &Decision) {
    let mut slice = before.clone();
    for event in &decision.events {
        if let (Event::Payment(PaymentEvent::AttemptSucceeded { number, source, at, .. }), Some(payment)) =
            (event, &slice.payment)
        {
            stays(payment.attempt(*number).expect("it was opened"), *source, *at);
        }
        slice.apply(event);
    }
    for planned in &decision.effects {
        if let Effect::Reverse(order) = &planned.effect {
            let payment = slice.payment.as_ref().expect("a reversal has its payment");
            let attempt = payment.attempt(order.attempt).expect("and its attempt");
            assert!(!matches!(attempt.state, AttemptState::Succeeded { .. }), "{attempt:?} is reversed");
            assert_eq!(order.order_no, attempt.order_no);
            assert_eq!(order.reversal_no, Payment::reversal_no(payment.id, attempt.number));
            assert_eq!(Payment::of_order_no(&order.reversal_no), None, "no order has a reversal's number");
        }
    }
}

fn stays(attempt: &Attempt, source: Source, at: Timestamp) {
    let window = std::time::Duration::from_secs(WINDOW_S);
    let quiet = match attempt.reversal.as_ref().map(|reversal| &reversal.state) {
        None => true,
        Some(ReversalState::Sending | ReversalState::Reversed { .. }) => false,
        Some(ReversalState::Unanswered { at: back }) => source == Source::People && at >= back.plus(window),
        Some(ReversalState::Refused { at: back, .. } | ReversalState::NotFound { at: back }) => {
            at >= back.plus(window)
        }
    };
    assert!(quiet, "succeeded by {source:?} under a reversal: {attempt:?}");
}

/// A reversal that got no answer is sent again.
pub(super) fn carried_on(world: &World, payment: &Payment) {
    for attempt in &payment.attempts {
        let Some(reversal) = &attempt.reversal else { continue };
        let open = matches!(attempt.state, AttemptState::Unknown { .. } | AttemptState::Failed { .. });
        if !open || !matches!(reversal.state, ReversalState::Unanswered { .. }) {
            continue;
        }
        let set = world.effects.iter().any(|row| {
            let wanted =
                Wake::ReverseAttempt { payment: payment.id, attempt: attempt.number, sent: reversal.sent };
            row.state == RowState::Ready && row.planned.effect == Effect::Wake(wanted)
        });
        assert!(set, "an unanswered reversal without a timer: {attempt:?}");
    }
}
