//! The rules of paying: accepting, trying, asking, cancelling. What follows from an answer is in `settle`.

use std::time::Duration;

use super::answer::{MoneyAnswer, QueryAnswer, ReversalAnswer, StatementAnswer};
use super::attempt::AttemptState;
use super::people::Outcome;
use super::proof::ClearToRetry;
use super::route::{self, Route};
use super::{Payment, PaymentEvent, PaymentState, Purpose, Stopped, defect, people, reversal, settle, statement, RefundCommand, refund, excuse, plan, split};
use crate::binding::{Binding, BindingEvent, micro_deposit_settled};
use crate::catalogue::Reason;
use crate::channel::{ChannelId, Direction};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, MoneyOrder, PaymentQuery, Wake};
use crate::id::{ApiKeyId, Mint, PaymentId};
use crate::money::Money;
use crate::order::{Order, OrderEvent, OrderState};
use crate::refusal::Refusal;
use crate::time::{Day, Timestamp};

/// What can be asked of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentCommand {
    /// Collect what an order owes from a binding (both in the slice).
    Collect {
        /// Part of what is owed, in minor units; `None` for all of it.
        amount_minor: Option<i64>,
        /// Channels it may use; empty means every channel with a live mandate.
        channels: Vec<ChannelId>,
    },
    /// It is time for the next part of an order that is collected in parts (order and binding in the slice).
    CollectPart {
        /// How much, in minor units.
        amount_minor: i64,
        /// Channels it may use; empty means every channel with a live mandate.
        channels: Vec<ChannelId>,
    },
    /// It is time for the next attempt.
    Try {
        /// Attempts there were when the timer was set.
        attempts: u16,
    },
    /// Bring the next attempt forward.
    TryNow,
    /// The channel answered to the request to move money.
    MoneyAnswered {
        /// The attempt.
        attempt: u16,
        /// Its answer.
        answer: MoneyAnswer,
    },
    /// It is time to ask about an unknown attempt.
    Ask {
        /// The attempt.
        attempt: u16,
        /// Questions there were when the timer was set.
        asked: u16,
    },
    /// It is time to ask once more about an attempt that was closed as "not found".
    CheckClosed {
        /// The attempt.
        attempt: u16,
    },
    /// The channel answered to a question.
    QueryAnswered {
        /// The attempt.
        attempt: u16,
        /// Its answer.
        answer: QueryAnswer,
    },
    /// The channel sent a notice by itself (signature and order number verified).
    Noticed {
        /// The attempt.
        attempt: u16,
        /// From which channel.
        channel: ChannelId,
        /// Its code.
        code: String,
        /// The channel's own number.
        channel_ref: Option<String>,
        /// The amount it says it moved.
        amount_minor: Option<i64>,
    },
    /// An unknown attempt has reached its deadline.
    Deadline {
        /// The attempt.
        attempt: u16,
    },
    /// It is time to reverse an unknown attempt, or to send its reversal again.
    Reverse {
        /// The attempt.
        attempt: u16,
        /// Reversals sent when the timer was set.
        sent: u16,
    },
    /// Something came back from sending a reversal.
    ReversalAnswered {
        /// The attempt.
        attempt: u16,
        /// The answer.
        answer: ReversalAnswer,
    },
    /// A statement in which an attempt may stand should be ready.
    ReadStatement {
        /// The attempt.
        attempt: u16,
        /// The statement's day.
        day: Day,
    },
    /// What a statement says about an attempt.
    StatementAnswered {
        /// The attempt.
        attempt: u16,
        /// The statement's day.
        day: Day,
        /// The answer.
        answer: StatementAnswer,
    },
    /// It is time to ask whether a flawed transaction stands.
    ConfirmDefect {
        /// The attempt.
        attempt: u16,
        /// Questions asked when the timer was set.
        asked: u16,
    },
    /// A person says what became of an overdue attempt.
    ProposeOutcome {
        /// The attempt.
        attempt: u16,
        /// What became of it.
        outcome: Outcome,
        /// What that rests on, 1–500 characters.
        evidence: String,
        /// Whose key.
        by: ApiKeyId,
    },
    /// A second person says the same.
    ApproveOutcome {
        /// The attempt.
        attempt: u16,
        /// What became of it; has to be what was proposed.
        outcome: Outcome,
        /// Whose key.
        by: ApiKeyId,
    },
    /// The proposal is taken back or rejected.
    WithdrawProposal {
        /// The attempt.
        attempt: u16,
        /// Whose key.
        by: ApiKeyId,
    },
    /// The lender takes the payment back.
    Cancel,
    /// Something about its refunds.
    Refund(RefundCommand),
}

/// Decides about a payment.
pub(crate) fn decide(
    slice: &Slice,
    command: &PaymentCommand,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    if let PaymentCommand::Collect { amount_minor, channels } = command {
        return collect(slice, *amount_minor, channels, facts);
    }
    if let PaymentCommand::CollectPart { amount_minor, channels } = command {
        return Ok(split::collect(slice, *amount_minor, channels, facts));
    }
    let payment = slice.payment.as_ref().ok_or(Refusal::PaymentNotFound)?;
    match command {
        PaymentCommand::Collect { .. } | PaymentCommand::CollectPart { .. } => Ok(Decision::nothing()),
        PaymentCommand::Try { attempts } => Ok(try_planned(slice, payment, *attempts, facts)),
        PaymentCommand::TryNow => try_now(slice, payment, facts),
        PaymentCommand::Cancel => cancel(slice, payment, facts),
        PaymentCommand::Refund(command) => refund::decide(slice, payment, command, facts),
        PaymentCommand::Ask { attempt, asked } => Ok(ask(payment, *attempt, *asked, facts)),
        PaymentCommand::CheckClosed { attempt } => Ok(check_closed(payment, *attempt, facts)),
        PaymentCommand::Reverse { attempt, sent } => Ok(reversal::due(payment, *attempt, *sent, facts)),
        PaymentCommand::ReversalAnswered { attempt, answer } => {
            Ok(reversal::answered(slice, payment, *attempt, answer, facts))
        }
        PaymentCommand::ReadStatement { attempt, day } => Ok(statement::due(payment, *attempt, *day, facts)),
        PaymentCommand::StatementAnswered { attempt, day, answer } => {
            Ok(statement::answered(slice, payment, *attempt, *day, answer, facts))
        }
        PaymentCommand::ConfirmDefect { attempt, asked } => Ok(defect::ask(payment, *attempt, *asked, facts)),
        PaymentCommand::ProposeOutcome { attempt, outcome, evidence, by } => {
            people::propose(payment, *attempt, *outcome, evidence, *by, facts)
        }
        PaymentCommand::ApproveOutcome { attempt, outcome, by } => {
            people::approve(slice, payment, *attempt, *outcome, *by, facts)
        }
        PaymentCommand::WithdrawProposal { attempt, by } => people::withdraw(payment, *attempt, *by, facts),
        PaymentCommand::Deadline { attempt } => Ok(deadline(slice, payment, *attempt, facts)),
        PaymentCommand::MoneyAnswered { attempt, answer } => {
            Ok(settle::money_answered(slice, payment, *attempt, answer, facts))
        }
        PaymentCommand::QueryAnswered { attempt, answer } => {
            Ok(settle::query_answered(slice, payment, *attempt, answer, facts))
        }
        PaymentCommand::Noticed { attempt, channel, code, channel_ref, amount_minor } => {
            let claim =
                settle::Claim { code, channel_ref: channel_ref.as_ref(), amount_minor: *amount_minor };
            Ok(settle::noticed(slice, payment, *attempt, channel, claim, facts))
        }
    }
}

fn collect(
    slice: &Slice,
    amount_minor: Option<i64>,
    channels: &[ChannelId],
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let order = slice.order.as_ref().ok_or(Refusal::OrderNotFound)?;
    let binding = slice.binding.as_ref().ok_or(Refusal::BindingNotFound)?;
    match &order.state {
        OrderState::Open => {}
        OrderState::Collecting { payment } => return Err(Refusal::PaymentUnderWay { payment: *payment }),
        OrderState::Collected { .. } => return Err(Refusal::OrderCollected),
        OrderState::Cancelled { .. } => return Err(Refusal::OrderCancelled),
    }
    if binding.borrower != order.borrower {
        return Err(Refusal::NotTheBorrowers);
    }
    usable(binding)?;
    let amount_minor = amount_minor.unwrap_or_else(|| order.outstanding_minor());
    let money = Money::new(amount_minor, order.money.currency).map_err(|_| Refusal::AmountNotAllowed)?;
    if amount_minor > order.outstanding_minor() {
        return Err(Refusal::AmountNotAllowed);
    }
    if let Some(unknown) = channels.iter().find(|channel| facts.channels.get(channel).is_none()) {
        return Err(Refusal::ChannelNotFound { channel: unknown.clone() });
    }
    let window_ends = order.due_at.max(facts.now).plus(Duration::from_secs(facts.retry.window_s));
    let mut decision = Decision::nothing();
    let opening = Opening { money, channels, window_ends };
    let after = open_payment(slice, order, binding, &opening, &mut decision, facts);
    let payment = after.payment.as_ref().ok_or(Refusal::PaymentNotFound)?;
    if let Route::Nowhere { reason } = route::choose(&after, facts) {
        let offers = route::signable(payment, binding, facts);
        return Err(Refusal::NoLiveMandate { reason, offers });
    }
    if order.due_at > facts.now {
        wait(payment, order.due_at, None, &mut decision, facts);
    } else if let Some(clear) = payment.clear_to_retry() {
        open_attempt(&after, clear, &mut decision, facts);
    }
    Ok(decision)
}

/// A new payment of an order.
pub(super) struct Opening<'a> {
    /// How much.
    pub(super) money: Money,
    /// Channels it may use; empty means every channel with a live mandate.
    pub(super) channels: &'a [ChannelId],
    /// No attempt is opened at or after this moment.
    pub(super) window_ends: Timestamp,
}

/// Opens a payment for an order, without an attempt. Gives back the slice with it.
pub(super) fn open_payment(
    slice: &Slice,
    order: &Order,
    binding: &Binding,
    opening: &Opening<'_>,
    decision: &mut Decision,
    facts: &Facts<'_>,
) -> Slice {
    let id = PaymentId::mint(&mut facts.mint(order.borrower.bucket()));
    decision.event(PaymentEvent::Created {
        id,
        tenant: order.tenant,
        borrower: order.borrower,
        binding: binding.id,
        purpose: Purpose::Repayment { order: order.id },
        money: opening.money,
        channels: opening.channels.to_vec(),
        window_ends: opening.window_ends,
        at: facts.now,
    });
    decision.event(OrderEvent::PaymentOpened { payment: id });
    slice.after(decision)
}

pub(super) fn usable(binding: &Binding) -> Result<(), Refusal> {
    if binding.unbound_at.is_some() {
        return Err(Refusal::BindingUnbound);
    }
    match &binding.observed {
        Some(observation) if observation.status.hopeless() => {
            let reason = observation.status.reason().unwrap_or(Reason::CardStateWrong);
            Err(Refusal::BindingNotUsable { reason })
        }
        _ => Ok(()),
    }
}

/// Opens a micro-deposit to a new binding's account. Called while the binding is being decided.
pub(crate) fn open_deposit(
    binding: &Binding,
    channels: &[ChannelId],
    money: Money,
    mint: &mut Mint,
    decision: &mut Decision,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let able = |channel: &&ChannelId| {
        let limits = facts.channels.get(channel).and_then(|capability| capability.limits(Direction::PayOut));
        limits.is_some_and(|limits| limits.allow(money))
    };
    let channels: Vec<_> = channels.iter().filter(able).cloned().collect();
    if channels.is_empty() {
        return Err(Refusal::NoPayOutChannel);
    }
    let id = PaymentId::mint(mint);
    let created = PaymentEvent::Created {
        id,
        tenant: binding.tenant,
        borrower: binding.borrower,
        binding: binding.id,
        purpose: Purpose::MicroDeposit,
        money,
        channels,
        window_ends: facts.now.plus(Duration::from_secs(facts.retry.window_s)),
        at: facts.now,
    };
    let payment = Payment::evolve(None, &created);
    decision.event(created);
    let sent = BindingEvent::DepositSent { payment: id };
    let slice = Slice { binding: Binding::evolve(Some(binding.clone()), &sent), payment, ..Slice::default() };
    decision.event(sent);
    if let Some(clear) = slice.payment.as_ref().and_then(Payment::clear_to_retry) {
        open_attempt(&slice, clear, decision, facts);
    }
    Ok(())
}

/// Opens the next attempt on the best channel, or plans it, or ends the payment if there is none. `slice` is
/// the slice as it stands after the events decided so far.
pub(super) fn open_attempt(slice: &Slice, _clear: ClearToRetry, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = &slice.payment else { return };
    match route::choose(slice, facts) {
        Route::Send { channel, binding: stand_in, ranked, .. } => {
            let Some(binding) = slice.instrument(stand_in) else { return };
            let number = u16::try_from(payment.attempts.len()).unwrap_or(u16::MAX).saturating_add(1);
            let order = MoneyOrder {
                payment: payment.id,
                attempt: number,
                channel: channel.clone(),
                order_no: Payment::order_no(payment.id, number),
                direction: payment.purpose.direction(),
                money: payment.money,
                borrower: payment.borrower,
                tenant: payment.tenant,
                vault_item: binding.instrument.vault_item,
                agreement_no: binding
                    .mandates
                    .get(&channel)
                    .and_then(|mandate| mandate.agreement_no())
                    .map(str::to_owned),
            };
            let collects = payment.purpose.direction() == Direction::Collect;
            let counted_on = collects.then(|| route::counted_on(binding, &channel, facts)).flatten();
            if let Some(day) = counted_on {
                let (channel, amount_minor) = (channel.clone(), payment.money.amount_minor);
                let reserved = BindingEvent::AmountReserved { channel, day, amount_minor };
                decision.instrument_event(stand_in, reserved);
            }
            decision.event(PaymentEvent::AttemptOpened {
                number,
                channel,
                binding: stand_in,
                counted_on,
                ranked,
                at: facts.now,
            });
            decision.effect(facts.now, Effect::MoveMoney(order));
        }
        Route::Wait { until, reason } if until < payment.window_ends => {
            wait(payment, until, Some(reason), decision, facts);
            excuse::record(slice, reason, decision, facts);
        }
        Route::Wait { reason, .. } => fail(slice, reason, Stopped::WindowOver, decision, facts),
        Route::Nowhere { reason } => fail(slice, reason, Stopped::Final, decision, facts),
    }
}

/// Opens the next attempt after a failure, unless technical failures have used up the tries that they may cause:
/// then it waits for its turn. First attempts never do.
pub(super) fn open_again(
    slice: &Slice,
    clear: ClearToRetry,
    reason: Reason,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let Some(payment) = &slice.payment else { return };
    let storm = &facts.retry.storm;
    let until = facts.now.plus(plan::budget::wait(storm, &mut facts.mint(payment.id.bucket())));
    let back_to = match route::choose(slice, facts) {
        Route::Send { channel, .. } => {
            payment.attempts.iter().any(|attempt| attempt.channel == channel).then_some(channel)
        }
        Route::Wait { .. } | Route::Nowhere { .. } => None,
    };
    let applies = plan::budget::applies(payment) && until < payment.window_ends;
    if applies && !facts.budget.allows(back_to.as_ref(), facts.now, storm) {
        wait(payment, until, Some(reason), decision, facts);
        return excuse::record(slice, reason, decision, facts);
    }
    open_attempt(slice, clear, decision, facts);
}

pub(super) fn wait(
    payment: &Payment,
    until: Timestamp,
    reason: Option<Reason>,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    decision.event(PaymentEvent::Waiting { until, reason, at: facts.now });
    let attempts = u16::try_from(payment.attempts.len()).unwrap_or(u16::MAX);
    decision.effect_at(until, Effect::Wake(Wake::TryPayment { payment: payment.id, attempts }));
}

/// Ends the payment without money, and tells the order or binding that it was for.
pub(super) fn fail(
    slice: &Slice,
    reason: Reason,
    stopped: Stopped,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let Some(payment) = &slice.payment else { return };
    decision.event(PaymentEvent::Failed { reason, stopped, at: facts.now });
    tell_purpose(slice, payment, reason, decision, facts);
}

fn try_planned(slice: &Slice, payment: &Payment, attempts: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let PaymentState::Waiting { until, .. } = payment.state else {
        return decision;
    };
    let current = payment.attempts.len() == usize::from(attempts) && facts.now >= until;
    if !current {
        return decision;
    }
    open_next(slice, payment, Asked::ByTimer, &mut decision, facts);
    decision
}

/// Who brings the next attempt about: a person may use up what is kept back for timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByTimer,
    ByPerson,
}

fn open_next(slice: &Slice, payment: &Payment, asked: Asked, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(clear) = payment.clear_to_retry() else {
        return;
    };
    let why = match payment.state {
        PaymentState::Waiting { reason: Some(reason), .. } => reason,
        _ => Reason::CollectionWindowOver,
    };
    let hopeless = slice.binding.as_ref().map(usable);
    match hopeless {
        _ if !still_owed(slice, payment) => end_without_money(slice, payment, decision, facts),
        // The timer came late: we had been stopped.
        _ if facts.now >= payment.window_ends => fail(slice, why, Stopped::WindowOver, decision, facts),
        // Another instrument may stand in for one that can't pay.
        Some(Err(Refusal::BindingNotUsable { reason })) if slice.stand_ins.is_empty() => {
            fail(slice, reason, Stopped::Final, decision, facts)
        }
        Some(Err(Refusal::BindingNotUsable { .. })) => open_attempt(slice, clear, decision, facts),
        Some(Err(_)) => fail(slice, Reason::NoLiveMandate, Stopped::Final, decision, facts),
        _ if asked == Asked::ByTimer => open_again(slice, clear, why, decision, facts),
        _ => open_attempt(slice, clear, decision, facts),
    }
}

/// Whether the order still owes the payment's amount. Another payment may have collected it meanwhile (a late
/// success of an older one).
pub(super) fn still_owed(slice: &Slice, payment: &Payment) -> bool {
    slice.order.as_ref().is_none_or(|order| order.outstanding_minor() >= payment.money.amount_minor)
}

pub(super) fn end_without_money(
    slice: &Slice,
    payment: &Payment,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    decision.event(PaymentEvent::Cancelled { at: facts.now });
    tell_purpose(slice, payment, Reason::CancelledByLender, decision, facts);
}

/// Tells the order or binding that a payment was for that it has ended without money.
fn tell_purpose(
    slice: &Slice,
    payment: &Payment,
    reason: Reason,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    match payment.purpose {
        Purpose::Repayment { .. } => {
            decision.event(OrderEvent::PaymentClosed { payment: payment.id, at: facts.now })
        }
        Purpose::MicroDeposit => {
            let settled =
                slice.binding.as_ref().and_then(|binding| micro_deposit_settled(binding, Err(reason), facts));
            if let Some(event) = settled {
                decision.event(event);
            }
        }
    }
}

fn try_now(slice: &Slice, payment: &Payment, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match payment.state {
        PaymentState::Waiting { .. } => {}
        PaymentState::Trying { .. } => return Err(Refusal::AttemptUnderWay),
        PaymentState::Unknown { .. } => return Err(Refusal::OutcomeUnknown),
        PaymentState::Succeeded { .. } | PaymentState::Failed { .. } | PaymentState::Cancelled { .. } => {
            return Err(Refusal::PaymentEnded);
        }
    }
    let mut decision = Decision::nothing();
    open_next(slice, payment, Asked::ByPerson, &mut decision, facts);
    Ok(decision)
}

fn cancel(slice: &Slice, payment: &Payment, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match payment.state {
        PaymentState::Waiting { .. } => {
            let mut decision = Decision::nothing();
            end_without_money(slice, payment, &mut decision, facts);
            Ok(decision)
        }
        PaymentState::Trying { .. } => Err(Refusal::AttemptUnderWay),
        PaymentState::Unknown { .. } => Err(Refusal::OutcomeUnknown),
        PaymentState::Cancelled { .. } => Ok(Decision::nothing()),
        PaymentState::Succeeded { .. } | PaymentState::Failed { .. } => Err(Refusal::PaymentEnded),
    }
}

/// The question about an attempt, if its channel takes questions.
pub(super) fn question(payment: &Payment, number: u16, facts: &Facts<'_>) -> Option<Effect> {
    let attempt = payment.attempt(number)?;
    facts.channels.get(&attempt.channel)?.query.as_ref()?;
    Some(Effect::QueryPayment(PaymentQuery {
        payment: payment.id,
        attempt: number,
        channel: attempt.channel.clone(),
        order_no: attempt.order_no.clone(),
        sent_at: attempt.opened_at,
    }))
}

fn ask(payment: &Payment, number: u16, asked: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let state = payment.attempt(number).map(|attempt| &attempt.state);
    let due = matches!(state, Some(AttemptState::Unknown { asked: so_far, .. }) if *so_far == asked);
    if let Some(question) = question(payment, number, facts).filter(|_| due) {
        decision.effect(facts.now, question);
    }
    decision
}

fn check_closed(payment: &Payment, number: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let closed = payment
        .attempt(number)
        .is_some_and(|attempt| attempt.failure().is_some() || attempt.moved_by_people());
    if let Some(question) = question(payment, number, facts).filter(|_| closed) {
        decision.effect(facts.now, question);
    }
    decision
}

fn deadline(slice: &Slice, payment: &Payment, number: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let state = payment.attempt(number).map(|attempt| &attempt.state);
    if matches!(state, Some(AttemptState::Unknown { overdue: false, .. })) {
        decision.event(PaymentEvent::DeadlinePassed { number, at: facts.now });
        decision
            .effect(facts.now, Effect::Alarm(Alarm::UnknownTooLong { payment: payment.id, attempt: number }));
        excuse::record(slice, Reason::OutcomeUnknown, &mut decision, facts);
    }
    decision
}
