//! The laws that hold after every decision of every test: scenario, random or crashed.

mod refunds;
mod told;
mod undoing;

use std::collections::BTreeSet;

use super::channels::WINDOW_S;
use super::world::{RowState, World};
use crate::binding::{Binding, Verification};
use crate::decision::{Decision, Event, Slice};
use crate::diagnosis::diagnose;
use crate::effect::{Effect, Wake};
use crate::order::{Order, OrderState};
use crate::payment::{Attempt, AttemptState, Payment, PaymentEvent, PaymentState, PaymentStatus};
use crate::refusal::Refusal;
use crate::time::Timestamp;

pub(crate) use self::refunds::contradicted as refund_contradicted;

/// Every refusal has a code and a sentence in both languages.
pub(crate) fn refusal(refusal: &Refusal) {
    let sentence = refusal.sentence();
    assert!(!refusal.code().is_empty() && !sentence.zh.is_empty() && !sentence.en.is_empty(), "{refusal:?}");
}

/// What a decision may do to a slice.
pub(crate) fn decision(world: &World, before: &Slice, after: &Slice, decision: &Decision) {
    openings(before, decision);
    stand_ins(before, decision);
    versions(before, after, decision);
    money_orders(world, decision);
    undoing::decision(before, decision);
    refunds::orders(world, before, decision);
    told::check(before, after, decision);
    let entries = crate::ledger::entries(after, &decision.events);
    assert_eq!(entries.iter().map(|entry| entry.amount_minor).sum::<i64>(), 0, "the ledger sums to zero");
    for planned in &decision.effects {
        assert!(planned.due_at >= world.now, "an effect is due in the past: {planned:?}");
        let text = serde_json::to_string(&planned.effect).expect("effects are stored");
        assert_eq!(serde_json::from_str::<Effect>(&text).expect("and loaded"), planned.effect);
    }
}

/// No attempt is opened while another could move money or has moved it, nor after the payment's window.
fn openings(before: &Slice, decision: &Decision) {
    let mut slice = before.clone();
    for event in &decision.events {
        if let (Event::Payment(PaymentEvent::AttemptOpened { number, at, .. }), Some(payment)) =
            (event, &slice.payment)
        {
            for attempt in &payment.attempts {
                assert!(
                    matches!(attempt.state, AttemptState::Failed { .. }),
                    "{number} opened beside {attempt:?}"
                );
            }
            assert!(*at < payment.window_ends, "{number} opened after the window");
            assert_eq!(usize::from(*number), payment.attempts.len() + 1);
            let owed = slice
                .order
                .as_ref()
                .is_none_or(|order| order.outstanding_minor() >= payment.money.amount_minor);
            assert!(owed, "{number} opened though the order doesn't owe that much any more");
        }
        slice.apply(event);
    }
}

/// Versions count events.
fn versions(before: &Slice, after: &Slice, decision: &Decision) {
    let versions = |slice: &Slice| {
        let of = [
            slice.borrower.as_ref().map(|one| one.version),
            slice.binding.as_ref().map(|one| one.version),
            slice.order.as_ref().map(|one| one.version),
            slice.payment.as_ref().map(|one| one.version),
        ];
        let stand_ins = slice.stand_ins.iter().map(|one| one.version).sum::<u64>();
        of.into_iter().flatten().sum::<u64>() + stand_ins
    };
    assert_eq!(versions(after) - versions(before), decision.events.len() as u64, "versions count events");
}

/// Every attempt that opens is sent, nothing else is, and no order number is used twice.
fn money_orders(world: &World, decision: &Decision) {
    let sent: Vec<_> = decision
        .effects
        .iter()
        .filter_map(|planned| match &planned.effect {
            Effect::MoveMoney(order) => Some(order),
            _ => None,
        })
        .collect();
    let opened = decision
        .events
        .iter()
        .filter(|event| matches!(event, Event::Payment(PaymentEvent::AttemptOpened { .. })));
    assert_eq!(opened.count(), sent.len(), "an attempt and its sending are one");
    let known: BTreeSet<_> = world
        .effects
        .iter()
        .filter_map(|row| match &row.planned.effect {
            Effect::MoveMoney(order) => Some(order.order_no.as_str()),
            _ => None,
        })
        .collect();
    for order in sent {
        assert!(!known.contains(order.order_no.as_str()), "{} is used twice", order.order_no);
        assert_eq!(Payment::of_order_no(&order.order_no), Some((order.payment, order.attempt)));
    }
}

/// What is counted against a day's limit is what was opened on it and has not been proven to have moved nothing.
fn usage_is_what_moved_or_may_have(world: &World, binding: &Binding) {
    for (channel, usage) in &binding.usage {
        for (day, counted) in &usage.days {
            let payments = world.payments.values();
            let attempts = payments.flat_map(|payment| {
                let of = |attempt: &&Attempt| attempt.binding.unwrap_or(payment.binding) == binding.id;
                payment.attempts.iter().filter(of).map(|attempt| (attempt, payment.money.amount_minor))
            });
            let counts = |attempt: &Attempt| {
                attempt.channel == *channel && attempt.counted_on == Some(*day) && attempt.failure().is_none()
            };
            let sum: i64 = attempts.filter(|(attempt, _)| counts(attempt)).map(|(_, minor)| minor).sum();
            assert_eq!(sum, *counted, "{channel} on {day:?}");
        }
    }
}

/// What holds in the world after a decision about a slice.
pub(crate) fn world(world: &World, before: &Slice, touched: &Slice) {
    folds(world, before, touched);
    if let Some(payment) = &touched.payment {
        attempts(world, payment);
        refunds::payment(world, payment);
        timers(world, payment);
        undoing::carried_on(world, payment);
        diagnosed(world, payment);
    }
    if let Some(order) = &touched.order {
        order_adds_up(world, order);
    }
    for binding in touched.binding.iter().chain(&touched.stand_ins) {
        usage_is_what_moved_or_may_have(world, binding);
    }
    if let Some(Verification::DepositSending { payment }) =
        touched.binding.as_ref().map(|one| &one.verification)
    {
        let status = world.payments[payment].status();
        assert!(status.is_live(), "the deposit is {status:?} and the binding waits for it");
    }
}

/// A stand-in is debited only where its borrower agreed, and never for proving an account.
fn stand_ins(before: &Slice, decision: &Decision) {
    for event in &decision.events {
        let Event::Payment(PaymentEvent::AttemptOpened { binding: Some(used), .. }) = event else { continue };
        let payment = before.payment.as_ref().map(|payment| (payment.borrower, payment.purpose.order()));
        let borrower = payment.map_or_else(
            || before.order.as_ref().expect("a new payment has its order").borrower,
            |(borrower, order)| {
                assert!(order.is_some(), "a deposit proves one account");
                borrower
            },
        );
        let used = before.instrument(Some(*used)).expect("it was loaded");
        assert!(used.may_stand_in() && used.borrower == borrower, "nobody agreed to {}", used.id);
        assert_ne!(Some(used.id), before.binding.as_ref().map(|own| own.id));
    }
}

/// Events, as stored and loaded again, fold to the state; and so does the state itself.
fn folds(world: &World, before: &Slice, touched: &Slice) {
    let folded = |id: &dyn std::fmt::Display| world.folded[&id.to_string()].clone();
    if let Some(one) = touched.borrower.as_ref().filter(|_| touched.borrower != before.borrower) {
        assert_eq!(folded(&one.id).borrower.as_ref(), Some(one), "fold(events) == state");
        assert_eq!(again(one), *one);
    }
    if let Some(one) = touched.binding.as_ref().filter(|_| touched.binding != before.binding) {
        assert_eq!(folded(&one.id).binding.as_ref(), Some(one), "fold(events) == state");
        assert_eq!(again(one), *one);
    }
    for one in touched.stand_ins.iter().filter(|one| !before.stand_ins.contains(one)) {
        assert_eq!(folded(&one.id).binding.as_ref(), Some(one), "fold(events) == state");
    }
    if let Some(one) = touched.order.as_ref().filter(|_| touched.order != before.order) {
        assert_eq!(folded(&one.id).order.as_ref(), Some(one), "fold(events) == state");
        assert_eq!(again(one), *one);
    }
    if let Some(one) = touched.payment.as_ref().filter(|_| touched.payment != before.payment) {
        assert_eq!(folded(&one.id).payment.as_ref(), Some(one), "fold(events) == state");
        assert_eq!(again(one), *one);
    }
}

/// An event as it is stored and loaded.
pub(crate) fn stored(event: &Event) -> Event {
    match event {
        Event::Borrower(event) => Event::Borrower(again(event)),
        Event::Binding(event) => Event::Binding(again(event)),
        Event::Order(event) => Event::Order(again(event)),
        Event::Payment(event) => Event::Payment(again(event)),
        Event::StandIn { binding, event } => Event::StandIn { binding: *binding, event: again(event) },
    }
}

fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it is stored");
    serde_json::from_str(&text).expect("it is loaded")
}

fn attempts(world: &World, payment: &Payment) {
    let live = payment.attempts.iter().filter(|attempt| attempt.could_move_money()).count();
    assert!(live <= 1, "{live} attempts could move money");
    assert_eq!(live == 1, matches!(payment.status(), PaymentStatus::Trying | PaymentStatus::Unknown));
    for attempt in &payment.attempts {
        let AttemptState::Failed { proof, .. } = &attempt.state else {
            continue;
        };
        let proof = serde_json::to_value(proof).expect("a proof");
        if proof["proof"] == "by_two_people" {
            assert_ne!(proof["proposed_by"], proof["approved_by"], "one person is not two");
        }
        if proof["proof"] == "not_in_statement" {
            let at = |field: &str| proof[field].as_i64().expect("a moment");
            let window_ms = i64::try_from(WINDOW_S * 1000).expect("short");
            assert!(at("read_at") - at("unknown_since") >= window_ms, "read within the window: {proof}");
        }
        if proof["proof"] == "not_found_after_window" {
            let at = |field: &str| proof[field].as_i64().expect("a moment");
            let window_ms = i64::try_from(WINDOW_S * 1000).expect("short");
            assert!(
                at("asked_at") - at("unknown_since") >= window_ms,
                "not found within the window: {proof}"
            );
        }
    }
    let moved =
        payment.attempts.iter().any(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
    if moved && live == 0 {
        assert_eq!(payment.status(), PaymentStatus::Succeeded, "money moved and the payment doesn't know");
    }
    let never_tried = [PaymentStatus::Waiting, PaymentStatus::Failed, PaymentStatus::Cancelled];
    assert!(moved || live == 1 || never_tried.contains(&payment.status()));
    assert!(world.now >= payment.updated_at);
}

/// What waits has its timer, and what is unknown ends or raises an alarm.
fn timers(world: &World, payment: &Payment) {
    let set = |wanted: &dyn Fn(&Wake) -> Option<Timestamp>| {
        world.effects.iter().any(|row| match &row.planned.effect {
            Effect::Wake(wake) if row.state == RowState::Ready => {
                wanted(wake).is_some_and(|at| row.planned.due_at >= at)
            }
            _ => false,
        })
    };
    match &payment.state {
        PaymentState::Waiting { until, .. } => {
            let opened = payment.attempts.len();
            assert!(
                set(&|wake| match wake {
                    Wake::TryPayment { payment: of, attempts }
                        if *of == payment.id && usize::from(*attempts) == opened =>
                    {
                        Some(*until)
                    }
                    _ => None,
                }),
                "waits without a timer"
            );
        }
        PaymentState::Unknown { attempt, .. } => {
            let overdue = payment
                .attempt(*attempt)
                .is_some_and(|attempt| matches!(attempt.state, AttemptState::Unknown { overdue: true, .. }));
            let deadline = set(&|wake| match wake {
                Wake::UnknownDeadline { payment: of, attempt: number }
                    if *of == payment.id && number == attempt =>
                {
                    Some(Timestamp::from_millis(i64::MIN))
                }
                _ => None,
            });
            assert!(overdue || deadline, "unknown without a deadline");
        }
        PaymentState::Trying { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed { .. }
        | PaymentState::Cancelled { .. } => {}
    }
}

fn diagnosed(world: &World, payment: &Payment) {
    let diagnosis = diagnose(payment, &world.book);
    let texts = [&diagnosis.title, &diagnosis.borrower, &diagnosis.support, &diagnosis.next_step];
    for text in texts.into_iter().chain(diagnosis.evidence.iter().map(|evidence| &evidence.text)) {
        assert!(!text.zh.is_empty() && !text.en.is_empty(), "{:?} lacks words", diagnosis.cause);
    }
}

/// Every amount that moved is either collected or surplus, and an order waits only for a payment that lives.
fn order_adds_up(world: &World, order: &Order) {
    let payments: Vec<_> =
        world.payments.values().filter(|one| one.purpose.order() == Some(order.id)).collect();
    let moved: i64 = payments
        .iter()
        .filter(|payment| payment.status() == PaymentStatus::Succeeded)
        .map(|payment| {
            let moved = payment
                .attempts
                .iter()
                .filter(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
            payment.money.amount_minor * i64::try_from(moved.count()).expect("few")
        })
        .sum();
    for one in &order.unconfirmed {
        let payment = &world.payments[&one.payment];
        assert_eq!(payment.status(), PaymentStatus::Succeeded, "unconfirmed and not collected");
    }
    let returned =
        payments.iter().flat_map(|payment| &payment.refunds).map(|refund| refund.surplus_moved_minor);
    assert_eq!(
        order.collected_minor + order.surplus_minor + returned.sum::<i64>(),
        moved,
        "collected, surplus and the surplus that went back are what moved"
    );
    let refunded = payments.iter().map(|payment| payment.refunded_minor()).sum::<i64>();
    let of_surplus =
        payments.iter().flat_map(|payment| &payment.refunds).map(|refund| refund.surplus_moved_minor);
    assert_eq!(order.refunded_minor, refunded - of_surplus.sum::<i64>(), "what went back is shown");
    assert!(order.surplus_minor >= 0, "more surplus went back than there was");
    assert!(order.collected_minor <= order.money.amount_minor, "collected more than owed");
    let live: Vec<_> =
        payments.iter().filter(|payment| payment.status().is_live()).map(|payment| payment.id).collect();
    match &order.state {
        OrderState::Collecting { payment } => assert_eq!(live, [*payment], "collecting what doesn't live"),
        OrderState::Open => {
            assert!(live.is_empty() && order.outstanding_minor() > 0, "open: {order:?} {live:?}")
        }
        OrderState::Collected { .. } => {
            assert!(live.is_empty() && order.outstanding_minor() == 0, "{order:?}")
        }
        OrderState::Cancelled { .. } => assert!(live.is_empty(), "cancelled with a living payment"),
    }
}
