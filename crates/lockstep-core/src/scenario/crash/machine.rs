//! A small engine: load, decide, commit, perform. It can die between any two of its steps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::People;
use super::bank::{Bank, Undone};
use crate::binding::{BindingCommand, CodeRef, SignAnswer};
use crate::catalogue::Scheme;
use crate::channel::{Capability, ChannelBook, ChannelId};
use crate::command::Command;
use crate::decision::Slice;
use crate::effect::{Delivery, Effect, MoneyOrder, RefundOrder, SignRequest};
use crate::payment::{
    MoneyAnswer, NoAnswer, OriginalOutcome, PaymentCommand, PaymentStatus, QueryAnswer, RefundCommand,
    ReversalAnswer, StatementAnswer,
};
use crate::refusal::Refusal;
use crate::scenario::channels::{WINDOW_S, not_found_code, success_code};
use crate::scenario::world::{Key, RowState, World, woken};

/// The process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crash;

/// The engine with everything around it. A crash loses `memory` and nothing else.
pub(crate) struct Machine {
    /// What is stored.
    pub(crate) world: World,
    /// What the bank did.
    pub(crate) bank: Bank,
    /// Codes that borrowers entered.
    memory: BTreeMap<String, String>,
    /// Steps so far.
    pub(crate) points: u64,
    /// Commands delivered and effects performed so far.
    pub(crate) deliveries: u64,
    /// Crashes so far.
    pub(crate) crashes: u64,
    /// At which steps to die.
    pub(crate) crash_at: Vec<u64>,
    /// Which delivery to do twice.
    pub(crate) repeat: Option<u64>,
}

impl Machine {
    /// An empty world and a good bank.
    pub(crate) fn new() -> Self {
        let mut world = World::new();
        // The network's own table has no code for "no such order", so this netsunion speaks another one.
        world.book = ChannelBook::new(world.book.iter().cloned().map(|capability| {
            let scheme =
                if capability.scheme == Scheme::NetworkPb { Scheme::Iso8583F39 } else { capability.scheme };
            Capability { scheme, ..capability }
        }));
        Self {
            world,
            bank: Bank::default(),
            memory: BTreeMap::new(),
            points: 0,
            deliveries: 0,
            crashes: 0,
            crash_at: Vec::new(),
            repeat: None,
        }
    }

    /// A place to die.
    fn point(&mut self) -> Result<(), Crash> {
        self.points += 1;
        if self.crash_at.contains(&self.points) {
            self.crashes += 1;
            return Err(Crash);
        }
        Ok(())
    }

    /// Whether what is being done now is to be done twice.
    fn twice(&mut self) -> bool {
        self.deliveries += 1;
        self.repeat == Some(self.deliveries)
    }

    /// Somebody outside asks for something.
    pub(crate) fn submit(&mut self, key: &Key, command: &Command) -> Result<Result<Slice, Refusal>, Crash> {
        self.point()?;
        let answer = self.world.run(key, command).map(|(slice, _)| slice);
        if self.twice() {
            let _ = self.world.run(key, command);
        }
        self.point()?;
        Ok(answer)
    }

    /// The borrower enters the code that the bank texted last on a channel.
    pub(crate) fn enter_code(
        &mut self,
        key: &Key,
        channel: &ChannelId,
        request_no: &str,
    ) -> Result<(), Crash> {
        let reference = format!("code {}", self.points);
        self.memory.insert(reference.clone(), self.bank.codes[request_no].clone());
        let command = BindingCommand::ConfirmCode { channel: channel.clone(), code: CodeRef(reference) };
        self.submit(key, &Command::Binding(command)).map(|_| ())
    }

    /// People act, or the earliest effect is performed, or time passes. `false` when nothing is left to do.
    pub(crate) fn turn(&mut self, people: People) -> Result<bool, Crash> {
        if people(self)? {
            return Ok(true);
        }
        let ready = self.world.effects.iter().enumerate().filter(|(_, row)| row.state == RowState::Ready);
        let Some((index, row)) = ready.min_by_key(|(index, row)| (row.planned.due_at, *index)) else {
            return Ok(false);
        };
        self.world.now = self.world.now.max(row.planned.due_at);
        self.perform(index)?;
        Ok(true)
    }

    fn perform(&mut self, index: usize) -> Result<(), Crash> {
        let effect = self.world.effects[index].planned.effect.clone();
        self.point()?;
        let twice = self.twice();
        if effect.delivery() == Delivery::Once {
            self.world.effects[index].state = RowState::Sending;
            self.point()?;
        } else if twice {
            self.call(&effect);
        }
        let answer = self.call(&effect);
        self.point()?;
        // One transaction: what the answer changes, and that the effect is done.
        self.world.effects[index].state = RowState::Done;
        if let Some((key, command)) = answer {
            let _ = self.world.run(&key, &command);
            if twice {
                self.point()?;
                let _ = self.world.run(&key, &command);
            }
        }
        self.point()
    }

    /// Starts again after a crash: what was being sent has an unknown outcome, never a second sending.
    pub(crate) fn restart(&mut self) -> Result<(), Crash> {
        self.memory.clear();
        for index in 0..self.world.effects.len() {
            if self.world.effects[index].state != RowState::Sending {
                continue;
            }
            self.point()?;
            let why = NoAnswer::Interrupted;
            let (key, command) = match &self.world.effects[index].planned.effect {
                Effect::MoveMoney(order) => money_answered(order, MoneyAnswer::NoAnswer { why }),
                Effect::Refund(order) => refund_answered(order, MoneyAnswer::NoAnswer { why }),
                Effect::Sign(request) => sign_answered(request, SignAnswer::NoAnswer { why }),
                other => panic!("{other:?} may be repeated"),
            };
            self.world.effects[index].state = RowState::Done;
            self.world.run(&key, &command).expect("an answer is never refused");
            self.point()?;
        }
        Ok(())
    }

    fn call(&mut self, effect: &Effect) -> Option<(Key, Command)> {
        let scheme = effect.channel().and_then(|channel| self.world.book.get(channel)).map(|one| one.scheme);
        let (yes, unknown) = (scheme.map(success_code).unwrap_or_default(), scheme.and_then(not_found_code));
        let no_such = || unknown.expect("a code for it").to_owned();
        let yes = yes.to_owned();
        let now = self.world.now;
        let late_at = now.plus(Duration::from_millis(WINDOW_S * 1000 - 1));
        let signed =
            |code: String, agreement_no| SignAnswer::Answered { code, channel_ref: None, agreement_no };
        Some(match effect {
            Effect::MoveMoney(order) => {
                let amount_minor = Some(order.money.amount_minor);
                let answer = match self.bank.move_money(order, now, late_at) {
                    true => MoneyAnswer::Answered { code: yes, channel_ref: None, amount_minor },
                    false => MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut },
                };
                money_answered(order, answer)
            }
            Effect::QueryPayment(query) => {
                let mute = self.bank.mute == Some(query.channel.as_str());
                let answer = match self.bank.find(&query.order_no, now) {
                    _ if mute => QueryAnswer::NoAnswer { why: NoAnswer::TimedOut },
                    Some(order) => {
                        let amount_minor = Some(order.money.amount_minor);
                        let original = OriginalOutcome { code: yes.clone(), channel_ref: None, amount_minor };
                        QueryAnswer::Answered { code: yes, original: Some(original) }
                    }
                    None => QueryAnswer::Answered { code: no_such(), original: None },
                };
                let command = PaymentCommand::QueryAnswered { attempt: query.attempt, answer };
                (Key::Payment(query.payment), Command::Payment(command))
            }
            Effect::Refund(order) => {
                let late_at = now.plus(Duration::from_millis(WINDOW_S * 1000 - 1));
                let amount_minor = Some(order.money.amount_minor);
                let answer = match self.bank.give_back(order, late_at) {
                    true => MoneyAnswer::Answered { code: yes, channel_ref: None, amount_minor },
                    false => MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut },
                };
                refund_answered(order, answer)
            }
            Effect::QueryRefund(query) => {
                let answer = match self.bank.find_refund(&query.order_no, now) {
                    Some(order) => {
                        let amount_minor = Some(order.money.amount_minor);
                        let original = OriginalOutcome { code: yes.clone(), channel_ref: None, amount_minor };
                        QueryAnswer::Answered { code: yes, original: Some(original) }
                    }
                    None => QueryAnswer::Answered { code: no_such(), original: None },
                };
                let command =
                    RefundCommand::QueryAnswered { refund: query.refund, try_no: query.try_no, answer };
                (Key::Payment(query.payment), Command::Payment(PaymentCommand::Refund(command)))
            }
            Effect::RequestCode(request) => {
                self.bank.text(request);
                let (channel, request_no) = (request.channel.clone(), request.request_no.clone());
                let command = BindingCommand::CodeAnswered { channel, request_no, answer: signed(yes, None) };
                (Key::Binding(request.binding), Command::Binding(command))
            }
            Effect::Sign(request) => {
                let code = request.code.as_ref().map(|reference| self.memory.remove(&reference.0));
                let answer = match code {
                    Some(None) => SignAnswer::CodeLost,
                    code => signed(yes, self.bank.sign(request, code.flatten().as_ref())),
                };
                sign_answered(request, answer)
            }
            Effect::QueryMandate(request) => {
                let answer = match self.bank.signed.get(&request.request_no) {
                    Some(agreement_no) => signed(yes, Some(agreement_no.clone())),
                    None => signed(no_such(), None),
                };
                let (channel, request_no) = (request.channel.clone(), request.request_no.clone());
                let command = BindingCommand::MandateAnswered { channel, request_no, answer };
                (Key::Binding(request.binding), Command::Binding(command))
            }
            Effect::Reverse(order) => {
                let answer = match self.bank.reverse(order, now, late_at) {
                    Some(Undone::Reversed) => ReversalAnswer::Answered { code: yes },
                    Some(Undone::NotFound) => ReversalAnswer::Answered { code: no_such() },
                    None => ReversalAnswer::NoAnswer { why: NoAnswer::TimedOut },
                };
                let command = PaymentCommand::ReversalAnswered { attempt: order.attempt, answer };
                (Key::Payment(order.payment), Command::Payment(command))
            }
            Effect::ReadStatement(query) => {
                let answer = match self.bank.listed(&query.order_no, query.day, now) {
                    Some(order) => {
                        let amount_minor = Some(order.money.amount_minor);
                        let line = OriginalOutcome { code: yes, channel_ref: None, amount_minor };
                        StatementAnswer::Listed { line }
                    }
                    None => StatementAnswer::NotListed,
                };
                let command =
                    PaymentCommand::StatementAnswered { attempt: query.attempt, day: query.day, answer };
                (Key::Payment(query.payment), Command::Payment(command))
            }
            Effect::Wake(wake) => woken(wake),
            Effect::CancelMandate { .. } | Effect::Notify { .. } | Effect::Alarm(_) => return None,
        })
    }

    /// In the end nothing is being sent, nothing is unknown and nothing waits.
    pub(crate) fn at_rest(&self) {
        assert!(self.world.effects.iter().all(|row| row.state == RowState::Done), "something is left to do");
        for payment in self.world.payments.values() {
            assert_eq!(payment.status(), PaymentStatus::Succeeded, "{payment:?}");
        }
        let alarms = self.world.effects.iter().filter(|row| matches!(row.planned.effect, Effect::Alarm(_)));
        assert_eq!(alarms.count(), 0, "nobody has to be alarmed");
    }
}

fn money_answered(order: &MoneyOrder, answer: MoneyAnswer) -> (Key, Command) {
    let command = PaymentCommand::MoneyAnswered { attempt: order.attempt, answer };
    (Key::Payment(order.payment), Command::Payment(command))
}

fn refund_answered(order: &RefundOrder, answer: MoneyAnswer) -> (Key, Command) {
    let command = RefundCommand::Answered { refund: order.refund, try_no: order.try_no, answer };
    (Key::Payment(order.payment), Command::Payment(PaymentCommand::Refund(command)))
}

fn sign_answered(request: &SignRequest, answer: SignAnswer) -> (Key, Command) {
    let (channel, request_no) = (request.channel.clone(), request.request_no.clone());
    let command = BindingCommand::SignAnswered { channel, request_no, answer };
    (Key::Binding(request.binding), Command::Binding(command))
}
