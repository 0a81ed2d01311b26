//! What holds for refunds, always.

use std::collections::BTreeSet;

use crate::decision::{Decision, Event, Slice};
use crate::effect::{Effect, RefundWake, Wake};
use crate::id::PaymentId;
use crate::payment::{AttemptState, Payment, PaymentEvent, Refund, RefundEvent, RefundState, RefundStatus};
use crate::scenario::channels::WINDOW_S;
use crate::scenario::world::{RowState, World};

/// A try and its sending are one, no number is used twice, and none opens beside one that could move money.
pub(crate) fn orders(world: &World, before: &Slice, decision: &Decision) {
    let mut slice = before.clone();
    let mut opened = 0;
    for event in &decision.events {
        if let Event::Payment(PaymentEvent::Refund { number, event: RefundEvent::TryOpened { .. }, .. }) =
            event
        {
            opened += 1;
            let refund =
                slice.payment.as_ref().and_then(|payment| payment.refund(*number)).expect("a refund");
            let dead = refund.tries.iter().all(|one| matches!(one.state, AttemptState::Failed { .. }));
            assert!(dead, "a try was opened beside {:?}", refund.tries);
        }
        slice.apply(event);
    }
    let of = |effect: &Effect| match effect {
        Effect::Refund(order) => Some(order.clone()),
        _ => None,
    };
    let sent: Vec<_> = decision.effects.iter().filter_map(|planned| of(&planned.effect)).collect();
    assert_eq!(opened, sent.len(), "a try and its sending are one");
    let known: BTreeSet<_> =
        world.effects.iter().filter_map(|row| of(&row.planned.effect)).map(|o| o.order_no).collect();
    for order in sent {
        assert!(!known.contains(&order.order_no), "{} is used twice", order.order_no);
        assert_eq!(Refund::of_order_no(&order.order_no), Some((order.payment, order.refund, order.try_no)));
        assert_eq!(Payment::of_order_no(&order.order_no), None, "a refund's number is no attempt's");
    }
}

/// The payment of which this decision believes that a closed try moved money after all.
pub(crate) fn contradicted(before: &Slice, decision: &Decision) -> Option<PaymentId> {
    let payment = before.payment.as_ref()?;
    let closed = |number: u16, try_no: u16| {
        let one = payment.refund(number).and_then(|refund| refund.try_of(try_no));
        one.is_some_and(|one| matches!(one.state, AttemptState::Failed { .. }))
    };
    let contradicts = decision.events.iter().any(|event| match event {
        Event::Payment(PaymentEvent::Refund {
            number,
            event: RefundEvent::TrySucceeded { try_no, .. },
            ..
        }) => closed(*number, *try_no),
        _ => false,
    });
    contradicts.then_some(payment.id)
}

/// What went back or could still never exceeds what was taken, unless a channel broke its word. Where a channel sent a debit
/// back by itself, what was under way of it may still move; nothing more is begun.
pub(crate) fn payment(world: &World, payment: &Payment) {
    let stands =
        |refund: &&Refund| payment.attempt(refund.attempt).is_some_and(|one| payment.taken_by(one) > 0);
    if !world.refunds_contradicted.contains(&payment.id) {
        let claimed: i64 = payment.refunds.iter().filter(stands).map(Refund::claimed_minor).sum();
        let taken = payment.taken_minor();
        assert!(claimed <= taken, "{claimed} goes back of {taken}");
    }
    for refund in payment.refunds.iter().filter(|refund| !stands(refund)) {
        let to_come = matches!(refund.state, RefundState::Proposed | RefundState::Waiting { .. });
        assert!(!to_come, "a refund is still to come of a debit that was sent back");
    }
    for refund in &payment.refunds {
        let live = refund.tries.iter().filter(|one| one.could_move_money()).count();
        assert!(live <= 1, "{live} tries could move money");
        let under_way = matches!(refund.status(), RefundStatus::Trying | RefundStatus::Unknown);
        assert_eq!(live == 1, under_way, "{refund:?}");
        if refund.moved_minor > 0 && live == 0 {
            assert_eq!(
                refund.status(),
                RefundStatus::Succeeded,
                "money went back and the refund doesn't know"
            );
        }
        proofs(refund);
        timers(world, payment, refund);
    }
}

fn proofs(refund: &Refund) {
    for one in &refund.tries {
        let AttemptState::Failed { proof, .. } = &one.state else { continue };
        let proof = serde_json::to_value(proof).expect("a proof");
        if proof["proof"] == "not_found_after_window" {
            let at = |field: &str| proof[field].as_i64().expect("a moment");
            let window_ms = i64::try_from(WINDOW_S * 1000).expect("short");
            assert!(at("asked_at") - at("unknown_since") >= window_ms, "within the window: {proof}");
        }
    }
}

/// What waits has its timer, and what is unknown ends or raises an alarm.
fn timers(world: &World, payment: &Payment, refund: &Refund) {
    let set = |wanted: &dyn Fn(RefundWake) -> bool| {
        world.effects.iter().any(|row| match row.planned.effect {
            Effect::Wake(Wake::Refund { payment: of, refund: number, wake }) => {
                row.state == RowState::Ready && of == payment.id && number == refund.number && wanted(wake)
            }
            _ => false,
        })
    };
    match refund.state {
        RefundState::Waiting { .. } => {
            let opened = refund.tries.len();
            let due = |wake| matches!(wake, RefundWake::Try { tries } if usize::from(tries) == opened);
            assert!(set(&due), "waits without a timer");
        }
        RefundState::Unknown { try_no: live, .. } => {
            let state = refund.try_of(live).map(|one| &one.state);
            let overdue = matches!(state, Some(AttemptState::Unknown { overdue: true, .. }));
            let deadline = |wake| matches!(wake, RefundWake::Deadline { try_no } if try_no == live);
            assert!(overdue || set(&deadline), "unknown without a deadline");
        }
        RefundState::Proposed
        | RefundState::Trying { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Failed { .. }
        | RefundState::Withdrawn { .. } => {}
    }
}
