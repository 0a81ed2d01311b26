//! Plays random commands on the scenario world.

use std::time::Duration;

use crate::binding::{BindingCommand, CodeRef, SignAnswer, Verification};
use crate::channel::ChannelId;
use crate::command::Command;
use crate::money::{Currency, Money};
use crate::order::Partial;
use crate::payment::{MoneyAnswer, NoAnswer, NotSent, PaymentCommand, QueryAnswer};
use crate::scenario::bind::{bind_command, bound_card, new_borrower};
use crate::scenario::channels::{not_found_code, success_code};
use crate::scenario::world::{Key, World, woken};

/// Something that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Time passes and timers fire.
    Wait(u64),
    /// A payment is asked for.
    Collect { order: usize, binding: usize, amount_minor: Option<i64>, channels: usize },
    /// Anything about a payment.
    Payment { payment: usize, command: PaymentCommand },
    /// A payment's latest attempt gets no answer, and after the window the channel has no such order.
    Vanish(usize),
    /// A payment is taken back and another one asked for.
    Again(usize),
    /// The channel says that an attempt succeeded, whatever it said before.
    Moved { payment: usize, attempt: u16 },
    /// An order is taken back.
    Withdraw(usize),
    /// One more order of the binding's borrower.
    Owe { binding: usize, due_in_s: i32 },
    /// A card or an account is bound.
    Bind { borrower: usize, channels: usize },
    /// Anything about a signing; the dice say what.
    Sign { binding: usize, channel: usize, code: String, dice: u8 },
    /// A binding is given up.
    Unbind(usize),
}

const CHANNELS: [&str; 5] = ["unionpay", "netsunion", "wallet", "bankdirect", "nowhere"];

/// Two borrowers with a card and an order each, then everything in turn. The world checks its laws.
pub(super) fn play(mut world: World, ops: &[Op]) {
    for (borrower, card) in [("B1", "C1"), ("B2", "C2")] {
        let id = new_borrower(&mut world, borrower);
        let channels = ["unionpay", "netsunion", "wallet"].map(World::channel);
        bound_card(&mut world, id, card, &channels, (None, None));
    }
    owe(&mut world, 0, 0);
    owe(&mut world, 1, 0);
    for op in ops {
        if let Some((key, command)) = step(&mut world, op) {
            let (versions, effects) = (state(&world), world.effects.len());
            if world.run(&key, &command).is_err() {
                assert_eq!(
                    (versions, effects),
                    (state(&world), world.effects.len()),
                    "a refusal changed something"
                );
            }
        }
    }
}

fn state(world: &World) -> String {
    format!("{:?}{:?}{:?}{:?}", world.borrowers, world.bindings, world.orders, world.payments)
}

fn pick<K: Copy, V>(map: &std::collections::BTreeMap<K, V>, index: usize) -> Option<K> {
    map.keys().nth(index % map.len().max(1)).copied()
}

fn owe(world: &mut World, binding: usize, due_in_s: i32) {
    let Some(binding) = pick(&world.bindings, binding) else {
        return;
    };
    let borrower = world.bindings[&binding].borrower;
    let reference = format!("loan {}", world.orders.len());
    let millis = world.now.as_millis().saturating_add(i64::from(due_in_s) * 1000);
    let due_at = crate::time::Timestamp::from_millis(millis);
    let money = Money::new(10_000, Currency::CNY).unwrap();
    // Every second order may be collected in parts.
    let partial = (world.orders.len() % 2 == 1)
        .then_some(Partial { min_minor: 1_000, when_no_funds: world.orders.len() % 4 == 1 });
    let command = Command::CreateOrder { reference: reference.clone(), money, due_at, partial };
    world.run(&Key::NewOrder(borrower, reference), &command).unwrap();
}

fn step(world: &mut World, op: &Op) -> Option<(Key, Command)> {
    match op {
        Op::Wait(millis) => {
            wait(world, *millis);
            None
        }
        Op::Collect { order, binding, amount_minor, channels } => {
            let (order, binding) = (pick(&world.orders, *order)?, pick(&world.bindings, *binding)?);
            let channels: Vec<ChannelId> =
                CHANNELS[1..=*channels].iter().map(|name| World::channel(name)).collect();
            let command = PaymentCommand::Collect { amount_minor: *amount_minor, channels };
            Some((Key::Collect(order, binding), Command::Payment(command)))
        }
        Op::Payment { payment, command } => {
            Some((Key::Payment(pick(&world.payments, *payment)?), Command::Payment(command.clone())))
        }
        Op::Vanish(payment) => {
            let id = pick(&world.payments, *payment)?;
            let last = world.payments[&id].last_attempt()?.clone();
            let (attempt, key) = (last.number, Key::Payment(id));
            let answer = MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
            let lost = PaymentCommand::MoneyAnswered { attempt, answer };
            world.run(&key, &Command::Payment(lost)).expect("an answer is never refused");
            wait(world, 600_000);
            let scheme = world.book.get(&last.channel)?.scheme;
            let answer = QueryAnswer::Answered { code: not_found_code(scheme)?.to_owned(), original: None };
            Some((key, Command::Payment(PaymentCommand::QueryAnswered { attempt, answer })))
        }
        Op::Again(payment) => {
            let id = pick(&world.payments, *payment)?;
            let (order, binding) = (world.payments[&id].purpose.order()?, world.payments[&id].binding);
            let _ = world.run(&Key::Payment(id), &Command::Payment(PaymentCommand::Cancel));
            let collect = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
            Some((Key::Collect(order, binding), Command::Payment(collect)))
        }
        Op::Moved { payment, attempt } => {
            let id = pick(&world.payments, *payment)?;
            let channel = &world.payments[&id].attempt(*attempt)?.channel;
            let code = success_code(world.book.get(channel)?.scheme).to_owned();
            let answer = MoneyAnswer::Answered { code, channel_ref: None, amount_minor: None };
            let command = PaymentCommand::MoneyAnswered { attempt: *attempt, answer };
            Some((Key::Payment(id), Command::Payment(command)))
        }
        Op::Withdraw(order) => Some((Key::Order(pick(&world.orders, *order)?), Command::CancelOrder)),
        Op::Owe { binding, due_in_s } => {
            owe(world, *binding, *due_in_s);
            None
        }
        Op::Bind { borrower, channels } => {
            let borrower = pick(&world.borrowers, *borrower)?;
            let (name, on) =
                if *channels == 3 { ("A3", &CHANNELS[3..4]) } else { ("C3", &CHANNELS[*channels..3]) };
            let on: Vec<_> = on.iter().map(|name| World::channel(name)).collect();
            Some(bind_command(world, borrower, name, &on))
        }
        Op::Sign { binding, channel, code, dice } => sign(world, *binding, CHANNELS[*channel], code, *dice),
        Op::Unbind(binding) => {
            Some((Key::Binding(pick(&world.bindings, *binding)?), Command::Binding(BindingCommand::Unbind)))
        }
    }
}

fn wait(world: &mut World, millis: u64) {
    let until = world.now.plus(Duration::from_millis(millis));
    // Timers may breed timers; what is still due after these fires the next time.
    for _ in 0..200 {
        let Some((due_at, wake)) = world.take_timer(until) else {
            break;
        };
        world.now = world.now.max(due_at);
        let (key, command) = woken(&wake);
        world.run(&key, &command).expect("a timer is never refused");
    }
    world.now = world.now.max(until);
}

fn sign(world: &World, binding: usize, channel: &str, code: &str, dice: u8) -> Option<(Key, Command)> {
    let id = pick(&world.bindings, binding)?;
    let binding = &world.bindings[&id];
    let channel = World::channel(channel);
    let mandate = binding.mandates.get(&channel);
    let request_no =
        mandate.filter(|_| !dice.is_multiple_of(9)).map_or_else(String::new, |mandate| mandate.request_no());
    let answer = match dice / 8 % 8 {
        0 => SignAnswer::NoAnswer { why: NoAnswer::TimedOut },
        1 => SignAnswer::NotSent { why: NotSent::NoConnection },
        2 => SignAnswer::CodeLost,
        odd => SignAnswer::Answered {
            code: code.to_owned(),
            channel_ref: None,
            agreement_no: (odd > 3).then(|| "AG-1".to_owned()),
        },
    };
    let command = match dice % 8 {
        0 => BindingCommand::AddMandate { terms: binding.mandates.values().next()?.terms.clone(), channel },
        1 => BindingCommand::SendCode { channel },
        2 => BindingCommand::CodeAnswered { channel, request_no, answer },
        3 => BindingCommand::ConfirmCode { channel, code: CodeRef("code".to_owned()) },
        4 => BindingCommand::SignAnswered { channel, request_no, answer },
        5 => BindingCommand::MandateAnswered { channel, request_no, answer },
        6 => BindingCommand::AskMandate { channel, asked: u16::from(dice / 64) },
        _ => BindingCommand::ConfirmAmount {
            amount_minor: match &binding.verification {
                Verification::AwaitingAmount { amount_minor, .. } => *amount_minor + i64::from(dice > 200),
                _ => 1,
            },
        },
    };
    Some((Key::Binding(id), Command::Binding(command)))
}
