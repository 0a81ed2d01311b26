//! Paying, killed at every step: the bank is debited exactly once.

use crate::channel::Direction;
use crate::command::Command;
use crate::money::{Currency, Money};
use crate::order::OrderState;
use crate::payment::PaymentCommand;
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::crash::{Crash, Flow, Loss, Machine, every_step};
use crate::scenario::world::{Key, World};

/// A card on two channels and an order that is due.
fn owing() -> Machine {
    let mut machine = Machine::new();
    let world = &mut machine.world;
    let borrower = new_borrower(world, "B1");
    bound_card(
        world,
        borrower,
        "C1",
        &[World::channel("unionpay"), World::channel("netsunion")],
        (None, None),
    );
    let money = Money::new(10_000, Currency::CNY).unwrap();
    let command =
        Command::CreateOrder { reference: "R1".to_owned(), money, due_at: world.now, partial: None };
    world.run(&Key::NewOrder(borrower, "R1".to_owned()), &command).unwrap();
    world.finish_effects();
    machine
}

fn losing(losses: &[Loss]) -> Machine {
    let mut machine = owing();
    machine.bank.losses.extend(losses);
    machine
}

/// The lender collects as long as the order is open.
fn collecting(machine: &mut Machine) -> Result<bool, Crash> {
    let order = machine.world.orders.values().next().unwrap();
    if order.state != OrderState::Open {
        return Ok(false);
    }
    let key = Key::Collect(order.id, *machine.world.bindings.keys().next().unwrap());
    let command = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
    machine.submit(&key, &Command::Payment(command)).map(|_| true)
}

fn debited_once(machine: &Machine) {
    let debits: Vec<_> =
        machine.bank.executed.iter().filter(|order| order.direction == Direction::Collect).collect();
    assert_eq!(debits.len(), 1, "debits: {debits:?}");
    let order = machine.world.orders.values().next().unwrap();
    assert!(matches!(order.state, OrderState::Collected { .. }));
    assert_eq!((order.collected_minor, order.surplus_minor), (10_000, 0));
    assert_eq!(machine.world.payments.len(), 1, "one payment");
}

fn check(prepare: fn() -> Machine) {
    every_step(&Flow { prepare, people: collecting, end: debited_once });
}

#[test]
fn paying() {
    check(owing);
}

#[test]
fn paying_when_the_request_is_lost() {
    check(|| losing(&[Loss::Request]));
}

#[test]
fn paying_when_the_answer_is_lost() {
    check(|| losing(&[Loss::Answer]));
}

#[test]
fn paying_when_the_bank_is_late() {
    check(|| losing(&[Loss::Late]));
}

#[test]
fn paying_when_two_requests_are_lost() {
    check(|| losing(&[Loss::Request, Loss::Request]));
}
