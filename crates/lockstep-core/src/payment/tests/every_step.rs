//! Paying, killed at every step: the bank is debited exactly once.

use crate::channel::{ChannelBook, Direction, QueryRules};
use crate::command::Command;
use crate::money::{Currency, Money};
use crate::order::OrderState;
use crate::payment::{Payment, PaymentCommand, PaymentState};
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::crash::{Crash, Flow, Loss, Machine, every_step};
use crate::scenario::world::{Key, World};

/// A card on two channels and an order that is due.
fn owing() -> Machine {
    owing_on(["unionpay", "netsunion"])
}

fn owing_on(channels: [&str; 2]) -> Machine {
    let mut machine = Machine::new();
    let world = &mut machine.world;
    let borrower = new_borrower(world, "B1");
    bound_card(world, borrower, "C1", &channels.map(World::channel), (None, None));
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

/// A channel that takes reversals and answers no questions, and one to go to afterwards.
fn reversing(losses: &[Loss], reversal_losses: &[Loss]) -> Machine {
    let mut machine = owing_on(["acquirer", "unionpay"]);
    machine.bank.mute = Some("acquirer");
    machine.bank.losses.extend(losses);
    machine.bank.reversal_losses.extend(reversal_losses);
    machine
}

/// Whatever was executed and undone, one debit is kept, and it is the one the order counts.
fn kept_once(machine: &Machine) {
    let kept = machine.bank.kept();
    assert_eq!(kept.len(), 1, "kept: {kept:?}");
    let order = machine.world.orders.values().next().unwrap();
    assert!(matches!(order.state, OrderState::Collected { .. }));
    assert_eq!((order.collected_minor, order.surplus_minor), (10_000, 0));
    let payment = machine.world.payments.values().next().unwrap();
    assert_eq!(Some((payment.id, kept[0].attempt)), Payment::of_order_no(&kept[0].order_no));
    let PaymentState::Succeeded { attempt, .. } = payment.state else { panic!("{payment:?}") };
    assert_eq!(attempt, kept[0].attempt, "what is kept is what the lender was told of");
}

fn check_kept(prepare: fn() -> Machine) {
    every_step(&Flow { prepare, people: collecting, end: kept_once });
}

#[test]
fn reversing_what_was_executed() {
    check_kept(|| reversing(&[Loss::Answer], &[]));
}

#[test]
fn reversing_what_comes_late() {
    check_kept(|| reversing(&[Loss::Late], &[Loss::Answer]));
}

/// The reversal's answers get lost, one is executed late, and the channel goes on showing the original as done.
#[test]
fn reversing_when_reversals_are_lost() {
    check_kept(|| {
        let mut machine = reversing(&[Loss::Answer], &[Loss::Request, Loss::Answer, Loss::Late]);
        machine.bank.mute = None;
        machine.bank.shows_reversed = true;
        machine.world.book = without_questions_before_reversal(&machine);
        machine
    });
}

/// The first question comes after the first reversal.
fn without_questions_before_reversal(machine: &Machine) -> ChannelBook {
    ChannelBook::new(machine.world.book.iter().cloned().map(|mut capability| {
        if capability.reversal.is_some() {
            capability.query = Some(QueryRules { ladder_s: vec![310, 30] });
        }
        capability
    }))
}

/// A channel that takes no questions and writes a statement.
fn stating(losses: &[Loss]) -> Machine {
    let mut machine = owing_on(["clearing", "unionpay"]);
    machine.bank.losses.extend(losses);
    machine.world.book = ChannelBook::new(machine.world.book.iter().cloned().map(|mut capability| {
        capability.query = capability.query.filter(|_| capability.id.as_str() != "clearing");
        capability
    }));
    machine
}

#[test]
fn a_statement_finds_what_was_executed() {
    check_kept(|| stating(&[Loss::Answer]));
}

#[test]
fn statements_prove_that_nothing_was_executed() {
    check_kept(|| stating(&[Loss::Request]));
}
