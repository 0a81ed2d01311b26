//! Plays random commands on the scenario world.

use std::time::Duration;

use crate::binding::{BindingCommand, CodeRef, SignAnswer, Verification};
use crate::channel::ChannelId;
use crate::command::Command;
use crate::id::PaymentId;
use crate::money::{Currency, Money};
use crate::payment::{MoneyAnswer, NoAnswer, NotSent, PaymentCommand, QueryAnswer, RefundCommand, Outcome, StatementAnswer};
use crate::order::Partial;
use crate::scenario::bind::{bind_command, bound_card, new_borrower};
use crate::scenario::channels::{not_found_code, success_code};
use crate::scenario::pay::key_of;
use crate::scenario::world::{Key, World, woken};
use crate::time::Day;

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
    /// The channel says that a try of a refund moved its money, whatever it said before.
    WentBack { payment: usize, refund: u16, try_no: u16 },
    /// A refund's latest try gets no answer, and after the window the channel has no such order.
    RefundVanishes { payment: usize, refund: u16 },
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
    /// A payment's latest attempt gets no answer; so much later its timers have fired, and reversals are sent.
    Hang { payment: usize, millis: u64 },
    /// A statement says something about an attempt, of the n-th day after it was opened.
    Statement { payment: usize, attempt: u16, days: u8, answer: StatementAnswer },
    /// A person says something about an attempt: proposes, approves or withdraws, as the dice say.
    Judge { payment: usize, attempt: u16, person: u8, dice: u8 },
    /// The borrower agrees that a card may stand in, or takes that back.
    Consent { binding: usize, agree: bool },
}

const CHANNELS: [&str; 8] =
    ["unionpay", "netsunion", "wallet", "bankdirect", "acquirer", "switch", "clearing", "nowhere"];

/// Two borrowers with a card and an order each, then everything in turn. The world checks its laws.
pub(super) fn play(mut world: World, ops: &[Op]) {
    for (borrower, card) in [("B1", "C1"), ("B2", "C2")] {
        let id = new_borrower(&mut world, borrower);
        let channels = match card {
            "C1" => ["unionpay", "netsunion", "wallet"],
            _ => ["acquirer", "switch", "clearing"],
        };
        let channels = channels.map(World::channel);
        bound_card(&mut world, id, card, &channels, (None, None));
    }
    // A second card of the first borrower's, for standing in once that is agreed.
    let first = pick(&world.borrowers, 0).expect("a borrower");
    let channels = ["netsunion", "wallet"].map(World::channel);
    bound_card(&mut world, first, "C4", &channels, (None, None));
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
        Op::WentBack { payment, refund, try_no } => {
            let id = pick(&world.payments, *payment)?;
            let channel = &world.payments[&id].refund(*refund)?.try_of(*try_no)?.channel;
            let code = success_code(world.book.get(channel)?.scheme).to_owned();
            let answer = MoneyAnswer::Answered { code, channel_ref: None, amount_minor: None };
            Some(about(id, RefundCommand::Answered { refund: *refund, try_no: *try_no, answer }))
        }
        Op::RefundVanishes { payment, refund } => {
            let id = pick(&world.payments, *payment)?;
            let last = world.payments[&id].refund(*refund)?.tries.last()?.clone();
            let (refund, try_no) = (*refund, last.number);
            let answer = MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
            let (key, lost) = about(id, RefundCommand::Answered { refund, try_no, answer });
            world.run(&key, &lost).expect("an answer is never refused");
            wait(world, 600_000);
            let scheme = world.book.get(&last.channel)?.scheme;
            let answer = QueryAnswer::Answered { code: not_found_code(scheme)?.to_owned(), original: None };
            Some(about(id, RefundCommand::QueryAnswered { refund, try_no, answer }))
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
        Op::Hang { payment, millis } => {
            let id = pick(&world.payments, *payment)?;
            let attempt = world.payments[&id].last_attempt()?.number;
            let answer = MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
            let lost = PaymentCommand::MoneyAnswered { attempt, answer };
            world.run(&Key::Payment(id), &Command::Payment(lost)).expect("an answer is never refused");
            wait(world, *millis);
            None
        }
        Op::Statement { payment, attempt, days, answer } => {
            let id = pick(&world.payments, *payment)?;
            let opened_at = world.payments[&id].attempt(*attempt)?.opened_at;
            let zone = crate::time::Zone::shanghai();
            let day = (0..*days).fold(Day::of(opened_at, zone), |day, _| day.next());
            let (attempt, answer) = (*attempt, answer.clone());
            let command = PaymentCommand::StatementAnswered { attempt, day, answer };
            Some((Key::Payment(id), Command::Payment(command)))
        }
        Op::Judge { payment, attempt, person, dice } => {
            let id = pick(&world.payments, *payment)?;
            let (attempt, by) = (*attempt, key_of(*person));
            let outcome = if dice.is_multiple_of(2) { Outcome::Moved } else { Outcome::NotMoved };
            let command = match dice / 2 % 8 {
                0..=2 => PaymentCommand::ProposeOutcome { attempt, outcome, evidence: "seen".to_owned(), by },
                7 => PaymentCommand::WithdrawProposal { attempt, by },
                _ => PaymentCommand::ApproveOutcome { attempt, outcome, by },
            };
            Some((Key::Payment(id), Command::Payment(command)))
        }
        Op::Consent { binding, agree } => {
            let command = if *agree { BindingCommand::AgreeStandIn } else { BindingCommand::WithdrawStandIn };
            Some((Key::Binding(pick(&world.bindings, *binding)?), Command::Binding(command)))
        }
        Op::Unbind(binding) => {
            Some((Key::Binding(pick(&world.bindings, *binding)?), Command::Binding(BindingCommand::Unbind)))
        }
    }
}

fn about(payment: PaymentId, command: RefundCommand) -> (Key, Command) {
    (Key::Payment(payment), Command::Payment(PaymentCommand::Refund(command)))
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
