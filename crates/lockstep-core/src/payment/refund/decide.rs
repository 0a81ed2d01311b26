//! The rules of refunding: asking, approving, and what opens by itself. Sending is in `send`, what follows from an
//! answer in `settle`.

use super::reading::Claim;
use super::send::{ask_about, check_closed, deadline, send, try_planned};
use super::way::{self, Way};
use super::{Refund, RefundCommand, RefundEvent, RefundReason, RefundState, SurplusPolicy, settle};
use crate::audit::Who;
use crate::channel::Direction;
use crate::decision::{Decision, Event, Facts, Slice};
use crate::money::Money;
use crate::payment::attempt::{Attempt, AttemptState};
use crate::payment::{Payment, PaymentEvent, PaymentState};
use crate::refusal::Refusal;

/// The number of a refund has three digits.
const MAX_REFUNDS: usize = 999;

/// Decides about the refunds of a payment.
pub(in crate::payment) fn decide(
    slice: &Slice,
    payment: &Payment,
    command: &RefundCommand,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    match command {
        RefundCommand::Ask { amount_minor, reason, attempt, by } => {
            ask(slice, payment, *amount_minor, reason, *attempt, by, facts)
        }
        RefundCommand::Approve { refund, by } => approve(slice, payment, *refund, by, facts),
        RefundCommand::Withdraw { refund, by } => withdraw(payment, *refund, by, facts),
        RefundCommand::Try { refund, tries } => Ok(try_planned(slice, payment, *refund, *tries, facts)),
        RefundCommand::Answered { refund, try_no, answer } => {
            Ok(settle::answered(slice, payment, (*refund, *try_no), answer, facts))
        }
        RefundCommand::QueryAnswered { refund, try_no, answer } => {
            Ok(settle::query_answered(slice, payment, (*refund, *try_no), answer, facts))
        }
        RefundCommand::Noticed { refund, try_no, channel, code, channel_ref, amount_minor } => {
            let claim = Claim { code, channel_ref: channel_ref.as_ref(), amount_minor: *amount_minor };
            Ok(settle::noticed(slice, payment, (*refund, *try_no), channel, claim, facts))
        }
        RefundCommand::AskAbout { refund, try_no, asked } => {
            Ok(ask_about(payment, (*refund, *try_no), *asked, facts))
        }
        RefundCommand::CheckClosed { refund, try_no } => Ok(check_closed(payment, (*refund, *try_no), facts)),
        RefundCommand::Deadline { refund, try_no } => Ok(deadline(payment, (*refund, *try_no), facts)),
    }
}

/// An event of one refund.
pub(super) fn happened(decision: &mut Decision, refund: u16, event: RefundEvent, facts: &Facts<'_>) {
    decision.event(PaymentEvent::Refund { number: refund, event, at: facts.now });
}

fn ask(
    slice: &Slice,
    payment: &Payment,
    amount_minor: Option<i64>,
    reason: &RefundReason,
    attempt: Option<u16>,
    by: &Who,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let attempt = source_of(payment, attempt)?;
    let left = payment.refundable_of(attempt);
    let too_much = Refusal::RefundTooMuch { refundable_minor: left, currency: payment.money.currency };
    let amount_minor = amount_minor.unwrap_or(left);
    let money = Money::new(amount_minor, payment.money.currency).map_err(|_| too_much.clone())?;
    if amount_minor > left {
        return Err(too_much);
    }
    if payment.refunds.len() >= MAX_REFUNDS {
        return Err(Refusal::TooManyRefunds);
    }
    if way::find(payment, attempt, money, facts) == Way::Nowhere {
        return Err(Refusal::NoRefundChannel);
    }
    let opened = RefundEvent::Opened {
        attempt: attempt.number,
        amount_minor,
        surplus_minor: payment.surplus_unclaimed_minor().min(amount_minor),
        reason: reason.clone(),
        asked_by: Some(by.clone()),
        held: needs_approval(payment, amount_minor, facts),
    };
    let mut decision = Decision::nothing();
    open(slice, payment, opened, &mut decision, facts);
    Ok(decision)
}

/// The attempt whose money goes back.
fn source_of(payment: &Payment, number: Option<u16>) -> Result<&Attempt, Refusal> {
    match payment.purpose.direction() {
        Direction::Collect => {}
        Direction::PayOut => return Err(Refusal::NotRefundable),
    }
    // As long as an attempt lives, nobody knows what the money of an earlier one was for.
    match payment.state {
        PaymentState::Trying { .. } => return Err(Refusal::AttemptUnderWay),
        PaymentState::Unknown { .. } => return Err(Refusal::OutcomeUnknown),
        PaymentState::Waiting { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed { .. }
        | PaymentState::Cancelled { .. } => {}
    }
    let took = |attempt: &&Attempt| payment.taken_by(attempt) > 0;
    let source = match number {
        Some(number) => payment.attempt(number).filter(took),
        None => payment.attempts.iter().filter(took).max_by_key(|attempt| payment.refundable_of(attempt)),
    };
    source.ok_or(Refusal::NothingTaken)
}

/// The whole of what people asked back counts, so that many small refunds are no way around it.
fn needs_approval(payment: &Payment, amount_minor: i64, facts: &Facts<'_>) -> bool {
    let by_people = payment.refunds.iter().filter(|refund| refund.asked_by.is_some());
    let sum = by_people.map(Refund::claimed_minor).sum::<i64>().saturating_add(amount_minor);
    facts.refunds.approve_above_minor.is_some_and(|limit| sum > limit)
}

/// Opens a refund by itself for money that should never have been taken: called exactly where the surplus is found, so
/// once for each. `slice` is the slice as it stood when the deciding about it began.
pub(in crate::payment) fn open_for_surplus(
    slice: &Slice,
    attempt: u16,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let Some(payment) = slice.payment.as_ref().map(|payment| with_refunds(payment, decision)) else { return };
    let Some(source) = payment.attempt(attempt) else { return };
    let amount_minor = payment.refundable_of(source);
    if payment.purpose.direction() != Direction::Collect || amount_minor == 0 {
        return;
    }
    let opened = RefundEvent::Opened {
        attempt,
        amount_minor,
        surplus_minor: amount_minor,
        reason: RefundReason::surplus(),
        asked_by: None,
        held: facts.refunds.surplus == SurplusPolicy::Held || !certain(&payment),
    };
    open(slice, &payment, opened, decision, facts);
}

/// Whether all that moved is certain to have moved: a flawed success may still turn out to be none.
fn certain(payment: &Payment) -> bool {
    payment.attempts.iter().all(|attempt| match &attempt.state {
        AttemptState::Succeeded { defect, .. } => defect.is_none(),
        AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Failed { .. } => true,
    })
}

/// The payment with what this decision has already done to its refunds.
fn with_refunds(payment: &Payment, decision: &Decision) -> Payment {
    let mut payment = payment.clone();
    for event in &decision.events {
        if let Event::Payment(PaymentEvent::Refund { number, event, at }) = event {
            payment.apply_refund(*number, event, *at);
        }
    }
    payment
}

fn open(slice: &Slice, payment: &Payment, opened: RefundEvent, decision: &mut Decision, facts: &Facts<'_>) {
    let number = u16::try_from(payment.refunds.len()).unwrap_or(u16::MAX).saturating_add(1);
    let mut payment = payment.clone();
    payment.apply_refund(number, &opened, facts.now);
    happened(decision, number, opened, facts);
    if let Some(clear) = payment.refund(number).and_then(Refund::clear_to_send) {
        send(slice, &payment, number, clear, decision, facts);
    }
}

/// The channel has sent an attempt's money back by itself: what was still to go back of it stays where it is.
pub(in crate::payment) fn withdraw_all_of(
    payment: &Payment,
    attempt: &Attempt,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let by = Who::Channel { channel: attempt.channel.clone() };
    let of_it = payment.refunds.iter().filter(|refund| refund.attempt == attempt.number);
    for refund in
        of_it.filter(|refund| matches!(refund.state, RefundState::Proposed | RefundState::Waiting { .. }))
    {
        happened(decision, refund.number, RefundEvent::Withdrawn { by: by.clone() }, facts);
    }
}

fn approve(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    by: &Who,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let refund = payment.refund(number).ok_or(Refusal::RefundNotFound)?;
    if refund.approved_by.as_ref() == Some(by) {
        return Ok(Decision::nothing());
    }
    if refund.state != RefundState::Proposed {
        return Err(Refusal::RefundNotProposed);
    }
    if refund.asked_by.as_ref() == Some(by) {
        return Err(Refusal::SecondPersonNeeded);
    }
    let money = payment.money_of(refund);
    let source = payment.attempt(refund.attempt).ok_or(Refusal::NothingTaken)?;
    if way::find(payment, source, money, facts) == Way::Nowhere {
        return Err(Refusal::NoRefundChannel);
    }
    let approved = RefundEvent::Approved { by: by.clone() };
    let mut after = payment.clone();
    after.apply_refund(number, &approved, facts.now);
    let mut decision = Decision::nothing();
    happened(&mut decision, number, approved, facts);
    if let Some(clear) = after.refund(number).and_then(Refund::clear_to_send) {
        send(slice, &after, number, clear, &mut decision, facts);
    }
    Ok(decision)
}

fn withdraw(payment: &Payment, number: u16, by: &Who, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mut decision = Decision::nothing();
    match &payment.refund(number).ok_or(Refusal::RefundNotFound)?.state {
        RefundState::Proposed => {
            happened(&mut decision, number, RefundEvent::Withdrawn { by: by.clone() }, facts);
        }
        RefundState::Withdrawn { .. } => {}
        RefundState::Waiting { .. }
        | RefundState::Trying { .. }
        | RefundState::Unknown { .. }
        | RefundState::Succeeded { .. }
        | RefundState::Failed { .. } => return Err(Refusal::RefundNotProposed),
    }
    Ok(decision)
}

impl Payment {
    /// A refund's amount.
    pub fn money_of(&self, refund: &Refund) -> Money {
        Money { amount_minor: refund.amount_minor, currency: self.money.currency }
    }
}
