//! Refunding, killed at every step: each refund goes back exactly once.

use crate::command::Command;
use crate::money::{Currency, Money};
use crate::payment::{PaymentCommand, PaymentStatus, RefundCommand, RefundReason, RefundStatus, RefundWay};
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::crash::{Crash, Flow, Loss, Machine, every_step};
use crate::scenario::refund::who;
use crate::scenario::world::{Key, World};

/// A card on one channel and an order that is due.
fn owing(losses: &[Loss], above_minor: Option<i64>) -> Machine {
    let mut machine = Machine::new();
    let world = &mut machine.world;
    world.refunds.approve_above_minor = above_minor;
    let borrower = new_borrower(world, "B1");
    bound_card(world, borrower, "C1", &[World::channel("unionpay")], (None, None));
    let money = Money::new(10_000, Currency::CNY).unwrap();
    let command = Command::CreateOrder { reference: "R1".to_owned(), money, due_at: world.now, partial: None };
    world.run(&Key::NewOrder(borrower, "R1".to_owned()), &command).unwrap();
    world.finish_effects();
    machine.bank.refund_losses.extend(losses);
    machine
}

/// The lender collects once, then asks back 60.00 and 40.00 as long as that much is left, each approved by somebody
/// else where that is needed.
fn refunding(machine: &mut Machine) -> Result<bool, Crash> {
    let Some((id, payment)) = machine.world.payments.iter().next().map(|(id, one)| (*id, one.clone())) else {
        let order = *machine.world.orders.keys().next().unwrap();
        let key = Key::Collect(order, *machine.world.bindings.keys().next().unwrap());
        let collect = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
        return machine.submit(&key, &Command::Payment(collect)).map(|_| true);
    };
    if payment.status() != PaymentStatus::Succeeded {
        return Ok(false);
    }
    let proposed = payment.refunds.iter().find(|refund| refund.status() == RefundStatus::Proposed);
    let command = match (proposed, payment.refundable_minor()) {
        (Some(refund), _) => RefundCommand::Approve { refund: refund.number, by: who("K2") },
        (None, 0) => return Ok(false),
        (None, left) => RefundCommand::Ask {
            amount_minor: Some(left.min(6_000)),
            reason: RefundReason::try_from("goodwill".to_owned()).unwrap(),
            attempt: None,
            by: who("K1"),
        },
    };
    machine.submit(&Key::Payment(id), &Command::Payment(PaymentCommand::Refund(command))).map(|_| true)
}

fn given_back_once(machine: &Machine) {
    let payment = machine.world.payments.values().next().unwrap();
    let given: Vec<_> = machine.bank.given_back.iter().map(|order| order.money.amount_minor).collect();
    assert_eq!(given.iter().sum::<i64>(), 10_000, "given back: {given:?}");
    let mut of: Vec<_> = machine.bank.given_back.iter().map(|order| order.refund).collect();
    of.sort_unstable();
    of.dedup();
    assert_eq!(of.len(), payment.refunds.len(), "each refund once: {:?}", machine.bank.given_back);
    for refund in &payment.refunds {
        assert_eq!(refund.status(), RefundStatus::Succeeded, "{refund:?}");
        assert!(refund.tries.iter().all(|one| one.way == RefundWay::Back));
    }
    let order = machine.world.orders.values().next().unwrap();
    assert_eq!((order.collected_minor, order.refunded_minor, order.surplus_minor), (10_000, 10_000, 0));
    let left: i64 = machine
        .world
        .ledger
        .iter()
        .filter(|entry| entry.account == "channel:unionpay")
        .map(|e| e.amount_minor)
        .sum();
    assert_eq!(left, 0, "the channel holds nothing any more");
}

fn check(prepare: fn() -> Machine) {
    every_step(&Flow { prepare, people: refunding, end: given_back_once });
}

#[test]
fn refunding_in_two_parts() {
    check(|| owing(&[], None));
}

#[test]
fn refunding_when_the_request_is_lost() {
    check(|| owing(&[Loss::Request], None));
}

#[test]
fn refunding_when_the_answer_is_lost() {
    check(|| owing(&[Loss::Answer, Loss::Answer], None));
}

#[test]
fn refunding_when_the_bank_is_late() {
    check(|| owing(&[Loss::Late], None));
}

#[test]
fn refunding_with_a_second_person() {
    check(|| owing(&[Loss::Request], Some(0)));
}
