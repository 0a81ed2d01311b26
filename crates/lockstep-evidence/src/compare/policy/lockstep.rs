//! Ours: the production rules. Commands go in through `lockstep_core::decide`, effects come out and are performed on
//! the desk. There is no rule of paying in this file.

use lockstep_core::binding::MandateState;
use lockstep_core::catalogue::{Disposition, look_up};
use lockstep_core::channel::{ChannelBook, ChannelId, Direction};
use lockstep_core::effect::{Effect, MoneyOrder, Planned, Wake};
use lockstep_core::health::{self, Call, Gate, HealthBook, HealthPolicy, Scope, Signal};
use lockstep_core::money::{Currency, Money};
use lockstep_core::payment::{
    FundsClock, Look, MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, PaymentCommand, PaymentState,
    QueryAnswer, RefundPolicy, RetryBudget, RetryPolicy,
};
use lockstep_core::routing::RoutingRules;
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Facts, Slice, decide};

use super::super::desk::{Desk, QUERY_MS, Sent};
use super::super::draw::{For, Stream};
use super::super::truth::{Said, Status, Truth};
use super::super::world::{Codes, World};
use super::{Policy, signing};

/// A timer that is not an effect: the borrower signs again on this channel.
const SIGN_AGAIN: u64 = 1 << 62;
/// A timer of the policy as a whole: look at the health book. Smaller tags are probes of that channel.
const LOOK: u64 = u64::MAX;

/// The production rules at work.
pub(crate) struct Lockstep<'w> {
    world: &'w World,
    book: ChannelBook,
    retry: RetryPolicy,
    health: HealthBook,
    rules: RoutingRules,
    refunds: RefundPolicy,
    funds: FundsClock,
    budget: RetryBudget,
    ids: Vec<ChannelId>,
    /// By issuer: a borrower with live mandates.
    bound: Vec<Option<Slice>>,
    slices: Vec<Option<Slice>>,
    /// Refusals of our own rules, by order.
    refused: Vec<Option<String>>,
    /// Desk attempt by (order, attempt number - 1).
    attempts: Vec<Vec<usize>>,
    /// Effects that wait for their moment, and places among them that are free again.
    later: Vec<Option<Effect>>,
    free: Vec<usize>,
    seeds: Stream,
    /// When the health book has to be looked at next, and probes that are under way: channel and moment sent.
    look_at: Option<i64>,
    probes: Vec<Option<i64>>,
}

impl<'w> Lockstep<'w> {
    pub(crate) fn new(truth: &'w Truth<'w>) -> Self {
        let world = truth.world;
        let capabilities = world.channels.iter().enumerate().map(|(place, channel)| {
            let mut capability = channel.capability.clone();
            capability.hours.maintenance = truth.announced(place);
            capability
        });
        let book = ChannelBook::new(capabilities);
        let mut ours = Self {
            world,
            retry: RetryPolicy::default(),
            health: HealthBook::new(&book, HealthPolicy::default()),
            book,
            rules: RoutingRules::default(),
            refunds: RefundPolicy::default(),
            funds: FundsClock::default(),
            budget: RetryBudget::default(),
            ids: world.channels.iter().map(|channel| channel.capability.id.clone()).collect(),
            bound: Vec::new(),
            slices: vec![None; truth.orders.len()],
            refused: vec![None; truth.orders.len()],
            attempts: vec![Vec::new(); truth.orders.len()],
            later: Vec::new(),
            free: Vec::new(),
            seeds: Stream::new(truth.seed, For::Choice, &[u64::MAX]),
            look_at: None,
            probes: vec![None; world.channels.len()],
        };
        ours.bound = world
            .issuers
            .iter()
            .map(|(issuer, _)| {
                let seed = ours.seed();
                signing::bound(world, issuer, &ours.facts(truth.start, seed)).ok()
            })
            .collect();
        ours
    }

    fn seed(&mut self) -> [u8; 16] {
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.seeds.bits().to_be_bytes());
        seed[8..].copy_from_slice(&self.seeds.bits().to_be_bytes());
        seed
    }

    fn facts(&self, now: i64, seed: [u8; 16]) -> Facts<'_> {
        Facts {
            now: Timestamp::from_millis(now),
            asked_at: Timestamp::from_millis(now),
            seed,
            channels: &self.book,
            retry: &self.retry,
            health: &self.health,
            rules: &self.rules,
            refunds: &self.refunds,
            funds: &self.funds,
            budget: &self.budget,
        }
    }

    /// Decides, applies the events, performs the effects.
    fn command(&mut self, order: usize, command: &Command, desk: &mut Desk<'_>) {
        let Some(mut slice) = self.slices[order].take() else { return };
        let seed = self.seed();
        match decide(&slice, command, &self.facts(desk.now, seed)) {
            Ok(decision) => {
                let before = slice.clone();
                decision.events.iter().for_each(|event| slice.apply(event));
                self.budget.learn(&before, &slice, &self.retry.storm);
                if let Some(look) = Look::of(&before, &slice) {
                    self.funds.learn(&look, &self.retry);
                }
                self.slices[order] = Some(slice);
                for planned in decision.effects {
                    self.plan(order, planned, desk);
                }
            }
            Err(refusal) => {
                self.slices[order] = Some(slice);
                self.refused[order] = Some(refusal.code().to_owned());
            }
        }
    }

    fn plan(&mut self, order: usize, planned: Planned, desk: &mut Desk<'_>) {
        let due_at = planned.due_at.as_millis();
        if due_at <= desk.now {
            return self.perform(order, planned.effect, desk);
        }
        let place = self.free.pop().unwrap_or(self.later.len());
        if place == self.later.len() {
            self.later.push(None);
        }
        self.later[place] = Some(planned.effect);
        desk.wake(order, due_at, place as u64);
    }

    fn perform(&mut self, order: usize, effect: Effect, desk: &mut Desk<'_>) {
        match effect {
            Effect::MoveMoney(money) => self.send(order, &money, desk),
            Effect::QueryPayment(query) => {
                let number = usize::from(query.attempt).saturating_sub(1);
                if let Some(attempt) = self.attempts[order].get(number) {
                    desk.ask(order, *attempt);
                }
            }
            Effect::Wake(wake) => {
                if let Some(command) = awaken(&wake) {
                    self.command(order, &command, desk);
                }
            }
            // Nothing was debited twice here, so nothing goes back.
            Effect::Refund(_) | Effect::QueryRefund(_) => {}
            // The world's channels neither reverse nor give statements: their capabilities don't say so.
            Effect::Reverse(_) | Effect::ReadStatement(_) => {}
            // The borrower signs by himself (see `repair`), and nobody here reads notices and alarms.
            Effect::RequestCode(_)
            | Effect::Sign(_)
            | Effect::QueryMandate(_)
            | Effect::CancelMandate { .. }
            | Effect::Notify { .. }
            | Effect::Alarm(_) => {}
        }
    }

    fn send(&mut self, order: usize, money: &MoneyOrder, desk: &mut Desk<'_>) {
        let Some(channel) = self.ids.iter().position(|id| *id == money.channel) else { return };
        let attempt = desk.send(order, channel, money.money.amount_minor);
        let numbers = &mut self.attempts[order];
        let number = usize::from(money.attempt);
        numbers.resize(number.max(numbers.len()), attempt);
        numbers[number - 1] = attempt;
    }

    fn attempt_number(&self, order: usize, attempt: usize) -> Option<u16> {
        let number = self.attempts[order].iter().position(|known| *known == attempt)?;
        u16::try_from(number + 1).ok()
    }

    /// A call to a channel, as the health book reads it.
    fn call(&self, order: usize, channel: usize, sent_at: i64, desk: &Desk<'_>) -> Option<Call<'_>> {
        let issuer = &self.world.issuers[usize::from(desk.truth.orders[order].issuer)].0;
        Some(Call {
            capability: self.book.get(&self.ids[channel])?,
            issuer: Some(issuer.clone()),
            direction: Direction::Collect,
            sent_at: Timestamp::from_millis(sent_at),
            at: Timestamp::from_millis(desk.now),
        })
    }

    /// The one place where what came back feeds the health book.
    fn learn(&mut self, signal: Option<Signal>, desk: &mut Desk<'_>) {
        if let Some(signal) = signal {
            self.health.observe(&signal);
            self.look_later(desk);
        }
    }

    /// Sets the timer for what the health book wants next: a probe, or time to do its part.
    fn look_later(&mut self, desk: &mut Desk<'_>) {
        let now = Timestamp::from_millis(desk.now);
        let under_way = |id: &ChannelId| {
            self.ids.iter().zip(&self.probes).any(|(known, sent)| known == id && sent.is_some())
        };
        let next = [self.health.next_probe(now, under_way), self.health.next_turn()];
        let Some(next) = next.into_iter().flatten().min() else { return };
        let at = next.as_millis().max(desk.now + 1);
        if self.look_at.is_none_or(|set| at < set || set <= desk.now) {
            self.look_at = Some(at);
            desk.wake_policy(at, LOOK);
        }
    }

    fn look(&mut self, desk: &mut Desk<'_>) {
        if self.look_at.is_some_and(|at| at > desk.now) {
            return;
        }
        self.look_at = None;
        let now = Timestamp::from_millis(desk.now);
        self.health.advance(now);
        for id in self.health.probes_due(now) {
            let Some(channel) = self.ids.iter().position(|known| *known == id) else { continue };
            if self.probes[channel].is_none() {
                self.health.probe_sent(&id, now);
                self.probes[channel] = Some(desk.now);
                desk.wake_policy(desk.now + QUERY_MS, channel as u64);
            }
        }
        self.look_later(desk);
    }

    /// A probe came back.
    fn probed(&mut self, channel: usize, desk: &mut Desk<'_>) {
        let Some(sent_at) = self.probes[channel].take() else { return };
        let answered = desk.truth.answers_probe(channel, sent_at);
        let (sent_at, now) = (Timestamp::from_millis(sent_at), Timestamp::from_millis(desk.now));
        self.health.probed(&self.ids[channel], answered, sent_at, now);
        self.look_later(desk);
    }

    /// Where the world says that the borrower signs again, the mandate holds again.
    fn repair(&mut self, order: usize, sent: &Sent, desk: &mut Desk<'_>) {
        let channel = usize::from(sent.channel);
        let instrument = self.world.channels[channel].instrument;
        let (_, until) = desk.truth.orders[order].bound[instrument].stale;
        if sent.outcome.said == Said::Stale && until < desk.truth.end {
            desk.wake(order, until, SIGN_AGAIN | channel as u64);
        }
    }

    fn sign_again(&mut self, order: usize, channel: usize, now: i64) {
        let Some(slice) = self.slices[order].take() else { return };
        let seed = self.seed();
        let id = &self.ids[channel];
        let mandate = slice.binding.as_ref().and_then(|binding| binding.mandates.get(id));
        let ended = mandate.is_some_and(|mandate| matches!(mandate.state, MandateState::Ended { .. }));
        let signed = if ended {
            signing::sign_again(self.world, &slice, id, &self.facts(now, seed)).unwrap_or(slice)
        } else {
            slice
        };
        self.slices[order] = Some(signed);
    }

    fn open(&mut self, order: usize, desk: &mut Desk<'_>) {
        let latent = &desk.truth.orders[order];
        let amount = Money::new(latent.amount_minor, Currency::CNY);
        let (Ok(money), Some(Some(bound))) = (amount, self.bound.get(usize::from(latent.issuer))) else {
            self.refused[order] = Some("nothing is bound".to_owned());
            return;
        };
        self.slices[order] = Some(bound.clone());
        let due_at = Timestamp::from_millis(latent.due);
        let reference = format!("order {order}");
        self.command(order, &Command::CreateOrder { reference, money, due_at, partial: None }, desk);
        let collect = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
        self.command(order, &Command::Payment(collect), desk);
    }
}

impl Policy for Lockstep<'_> {
    fn due(&mut self, order: usize, desk: &mut Desk<'_>) {
        self.open(order, desk);
    }

    fn answered(&mut self, order: usize, attempt: usize, desk: &mut Desk<'_>) {
        let sent = desk.logs[order].sent[attempt];
        let Some(number) = self.attempt_number(order, attempt) else { return };
        let channel = usize::from(sent.channel);
        let answer = answer(&self.world.channels[channel].given.codes, &sent);
        let call = self.call(order, channel, sent.at, desk);
        self.learn(call.and_then(|call| health::of_money(call, &answer)), desk);
        let command = PaymentCommand::MoneyAnswered { attempt: number, answer };
        self.repair(order, &sent, desk);
        self.command(order, &Command::Payment(command), desk);
    }

    fn told(&mut self, order: usize, attempt: usize, status: Status, desk: &mut Desk<'_>) {
        let sent = desk.logs[order].sent[attempt];
        let Some(number) = self.attempt_number(order, attempt) else { return };
        let answer = status_answer(self.world, &sent, status);
        let call = self.call(order, usize::from(sent.channel), desk.now - QUERY_MS, desk);
        let attempt_sent_at = Timestamp::from_millis(sent.at);
        let signal =
            call.and_then(|call| health::of_query(call, attempt_sent_at, &answer, self.health.policy()));
        self.learn(signal, desk);
        let command = PaymentCommand::QueryAnswered { attempt: number, answer };
        self.command(order, &Command::Payment(command), desk);
    }

    fn timer(&mut self, order: usize, tag: u64, desk: &mut Desk<'_>) {
        if tag & SIGN_AGAIN != 0 {
            return self.sign_again(order, (tag & !SIGN_AGAIN) as usize, desk.now);
        }
        let place = tag as usize;
        if let Some(effect) = self.later.get_mut(place).and_then(Option::take) {
            self.free.push(place);
            self.perform(order, effect, desk);
        }
    }

    fn clock(&mut self, tag: u64, desk: &mut Desk<'_>) {
        if tag == LOOK { self.look(desk) } else { self.probed(tag as usize, desk) }
    }

    fn judges_channels(&self) -> bool {
        true
    }

    fn suspects(&self, channel: usize, now: i64) -> bool {
        let outlook =
            self.health.outlook(&self.ids[channel], None, Direction::Collect, Timestamp::from_millis(now));
        matches!(outlook.gate, Gate::Shut { scope: Scope::Channel, .. })
    }

    fn ending(&self, order: usize) -> String {
        let payment = self.slices[order].as_ref().and_then(|slice| slice.payment.as_ref());
        match payment.map(|payment| &payment.state) {
            Some(PaymentState::Failed { reason, stopped, .. }) => {
                let stopped = serde_json::to_value(stopped).ok();
                let stopped = stopped.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
                format!("{}: {reason}", stopped.replace('_', " "))
            }
            Some(PaymentState::Unknown { .. }) => "outcome unknown to the end".to_owned(),
            Some(PaymentState::Waiting { .. } | PaymentState::Trying { .. }) => "still at work".to_owned(),
            Some(PaymentState::Succeeded { .. }) => "collected too late".to_owned(),
            Some(PaymentState::Cancelled { .. }) => "cancelled".to_owned(),
            None => self.refused[order].clone().unwrap_or_else(|| "never begun".to_owned()),
        }
    }
}

/// What a timer means, as the engine's loop reads it.
fn awaken(wake: &Wake) -> Option<Command> {
    let command = match *wake {
        Wake::TryPayment { attempts, .. } => PaymentCommand::Try { attempts },
        Wake::AskPayment { attempt, asked, .. } => PaymentCommand::Ask { attempt, asked },
        Wake::CheckClosed { attempt, .. } => PaymentCommand::CheckClosed { attempt },
        Wake::UnknownDeadline { attempt, .. } => PaymentCommand::Deadline { attempt },
        Wake::ReverseAttempt { attempt, sent, .. } => PaymentCommand::Reverse { attempt, sent },
        Wake::ReadStatement { attempt, day, .. } => PaymentCommand::ReadStatement { attempt, day },
        Wake::ConfirmDefect { attempt, asked, .. } => PaymentCommand::ConfirmDefect { attempt, asked },
        // No order of this world is collected in parts.
        Wake::CollectPart { .. } | Wake::Refund { .. } | Wake::AskMandate { .. } => return None,
    };
    Some(Command::Payment(command))
}

/// What was said, as the channel's wire says it.
fn answer(codes: &Codes, sent: &Sent) -> MoneyAnswer {
    match code(codes, sent.outcome.said) {
        Some(code) => {
            let amount_minor = (sent.outcome.said == Said::Success).then_some(sent.amount_minor);
            MoneyAnswer::Answered { code: code.to_owned(), channel_ref: None, amount_minor }
        }
        None if sent.outcome.said == Said::Nothing => MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut },
        None => MoneyAnswer::NotSent { why: NotSent::NoConnection },
    }
}

fn code(codes: &Codes, said: Said) -> Option<&str> {
    match said {
        Said::Success => Some(&codes.success),
        Said::NoFunds => Some(&codes.no_funds),
        Said::DoNotHonour => Some(&codes.do_not_honour),
        Said::Limit => Some(&codes.limit),
        Said::Stale => Some(&codes.stale),
        Said::AccountClosed => Some(&codes.account_closed),
        Said::Technical => codes.technical.as_deref(),
        Said::Closed => codes.closed.as_deref(),
        Said::TooMany => Some(&codes.too_many),
        Said::Unreached | Said::Nothing => None,
    }
}

fn status_answer(world: &World, sent: &Sent, status: Status) -> QueryAnswer {
    let channel = &world.channels[usize::from(sent.channel)];
    let codes = &channel.given.codes;
    let original = |code: &str, amount_minor| QueryAnswer::Answered {
        code: codes.success.clone(),
        original: Some(OriginalOutcome { code: code.to_owned(), channel_ref: None, amount_minor }),
    };
    match status {
        Status::Nothing => QueryAnswer::NoAnswer { why: NoAnswer::TimedOut },
        Status::Processing => original(&codes.processing, None),
        Status::Paid => original(&codes.success, Some(sent.amount_minor)),
        Status::NotExecuted => {
            let not_executed = code(codes, sent.outcome.said).unwrap_or(&codes.not_executed);
            let verdict = look_up(channel.capability.scheme, not_executed);
            if verdict.disposition == Disposition::NotFound {
                QueryAnswer::Answered { code: not_executed.to_owned(), original: None }
            } else {
                original(not_executed, None)
            }
        }
    }
}
