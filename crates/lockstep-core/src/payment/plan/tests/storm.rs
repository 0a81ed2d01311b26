//! Retry storms: while a channel is down, all attempts together stay below 1.2 times the demand.

use std::time::Duration;

use crate::command::Command;
use crate::id::OrderId;
use crate::money::{Currency, Money};
use crate::payment::{MoneyAnswer, NotSent, PaymentCommand, StormPolicy};
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::world::{Key, World, woken};
use crate::time::Timestamp;

/// Lets timers fire until a moment, with every attempt failing at once because nothing can be reached.
fn all_down(world: &mut World, until: Timestamp) {
    loop {
        fail_all(world);
        let Some((due_at, wake)) = world.take_timer(until) else { break };
        world.now = world.now.max(due_at);
        let (key, command) = woken(&wake);
        world.run(&key, &command).expect("a timer is never refused");
    }
    world.now = until;
}

fn fail_all(world: &mut World) {
    let live: Vec<_> = world
        .payments
        .values()
        .filter_map(|payment| payment.live_attempt().map(|attempt| (payment.id, attempt.number)))
        .collect();
    for (payment, attempt) in live {
        let answer = MoneyAnswer::NotSent { why: NotSent::NoConnection };
        let command = Command::Payment(PaymentCommand::MoneyAnswered { attempt, answer });
        world.run(&Key::Payment(payment), &command).expect("an answer is never refused");
        if world.payments[&payment].live_attempt().is_some() {
            fail_all(world);
        }
    }
}

/// A demand of one payment every ten seconds for an hour, by borrowers with these channels.
fn demand(world: &mut World, channels: &[&str]) -> usize {
    let channels: Vec<_> = channels.iter().map(|name| World::channel(name)).collect();
    for index in 0..360 {
        let borrower = new_borrower(world, &format!("B{index}"));
        bound_card(world, borrower, &format!("C{index}"), &channels, (None, None));
        let binding = world.bindings.values().find(|one| one.borrower == borrower).unwrap().id;
        let (reference, due_at) = (format!("R{index}"), world.now);
        let money = Money::new(10_000, Currency::CNY).unwrap();
        let command = Command::CreateOrder { reference: reference.clone(), money, due_at, partial: None };
        let (after, _) = world.run(&Key::NewOrder(borrower, reference), &command).unwrap();
        let order: OrderId = after.order.unwrap().id;
        let command = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
        world.run(&Key::Collect(order, binding), &Command::Payment(command)).unwrap();
        all_down(world, world.now.plus(Duration::from_secs(10)));
    }
    360
}

fn attempts(world: &World) -> usize {
    world.payments.values().map(|payment| payment.attempts.len()).sum()
}

#[test]
fn attempts_stay_below_a_fifth_more_than_the_demand_while_channels_are_down() {
    for channels in [&["unionpay"][..], &["unionpay", "netsunion"]] {
        let mut world = World::new();
        // The small lender's allowance off: what is left is the share.
        world.retry.storm = StormPolicy { free: 0, ..StormPolicy::default() };
        let demand = demand(&mut world, channels);
        let made = attempts(&world);
        assert!(made * 10 <= demand * 12, "{made} attempts for {demand} payments on {channels:?}");
        assert!(made > demand, "some are tried again");
        let waiting = world.payments.values().filter(|payment| payment.status().is_live()).count();
        assert_eq!(waiting, demand, "those that wait are not lost");
    }
}

#[test]
fn without_a_budget_there_would_be_a_storm() {
    let mut world = World::new();
    world.retry.storm = StormPolicy { free: u32::MAX, ..StormPolicy::default() };
    let demand = demand(&mut world, &["unionpay", "netsunion"]);
    assert!(attempts(&world) > demand * 2, "the test above would show one");
}

#[test]
fn a_small_lender_need_not_wait_for_its_share() {
    let mut world = World::new();
    let demand = 1;
    let borrower = new_borrower(&mut world, "B");
    let channels = ["unionpay", "netsunion"].map(World::channel);
    bound_card(&mut world, borrower, "C", &channels, (None, None));
    let (order, binding) = owe(&mut world);
    let command = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
    world.run(&Key::Collect(order, binding), &Command::Payment(command)).unwrap();
    fail_all(&mut world);
    assert_eq!(attempts(&world), demand + 1, "another channel at once");
}

fn owe(world: &mut World) -> (OrderId, crate::id::BindingId) {
    let binding = world.bindings.values().next().unwrap().clone();
    let money = Money::new(10_000, Currency::CNY).unwrap();
    let command = Command::CreateOrder { reference: "R".to_owned(), money, due_at: world.now, partial: None };
    let (after, _) = world.run(&Key::NewOrder(binding.borrower, "R".to_owned()), &command).unwrap();
    (after.order.unwrap().id, binding.id)
}
