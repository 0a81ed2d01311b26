//! The port's words as the wire's, and the wire's as the port's. Nothing here guesses: what doesn't fit the
//! question is no answer.

use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::Direction;
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, QueryAnswer, ReversalAnswer, StatementAnswer,
};
use lockstep_core::planted::{self, Bug};
use lockstep_core::sensitive::OneTimeCode;
use lockstep_core::time::Timestamp;

use super::Silence;
use super::wire::{
    GiveBack, Original, Pay, PayQuestion, PayQuestionReply, PayReply, PayReverse, ReverseReply, SignQuestion,
    SignReply, SignStep, StatementQuestion, StatementReply,
};
use crate::secrets::PersonalFields;

/// Nothing usable came back, or nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    NoAnswer(NoAnswer),
    NotSent(NotSent),
}

impl From<Silence> for Nothing {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::NoConnection => Self::NotSent(NotSent::NoConnection),
            Silence::TimedOut => Self::NoAnswer(NoAnswer::TimedOut),
            Silence::Lost => Self::NoAnswer(NoAnswer::ConnectionLost),
            Silence::TooLarge => Self::NoAnswer(NoAnswer::Unreadable),
        }
    }
}

impl From<Nothing> for MoneyAnswer {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NoAnswer(why) => Self::NoAnswer { why },
            Nothing::NotSent(why) => Self::NotSent { why },
        }
    }
}

impl From<Nothing> for QueryAnswer {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NoAnswer(why) => Self::NoAnswer { why },
            Nothing::NotSent(why) => Self::NotSent { why },
        }
    }
}

impl From<Nothing> for ReversalAnswer {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NoAnswer(why) => Self::NoAnswer { why },
            Nothing::NotSent(why) => Self::NotSent { why },
        }
    }
}

impl From<Nothing> for StatementAnswer {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NoAnswer(why) => Self::NoAnswer { why },
            Nothing::NotSent(why) => Self::NotSent { why },
        }
    }
}

impl From<Nothing> for SignAnswer {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::NoAnswer(why) => Self::NoAnswer { why },
            Nothing::NotSent(why) => Self::NotSent { why },
        }
    }
}

/// A debit rests on its mandate and names no account; a credit needs the account and its holder.
pub(super) fn pay(order: &MoneyOrder, personal: PersonalFields) -> Pay {
    let credit = order.direction == Direction::PayOut;
    Pay {
        order_no: order.order_no.clone(),
        direction: order.direction,
        amount_minor: order.money.amount_minor,
        currency: order.money.currency,
        agreement_no: order.agreement_no.clone(),
        card_number: personal.card_number.filter(|_| credit),
        holder_name: personal.holder_name.filter(|_| credit),
    }
}

/// A refund rests on its debit and names no account.
pub(super) fn refund(order: &RefundOrder) -> GiveBack {
    GiveBack {
        order_no: order.order_no.clone(),
        original_no: order.original_no.clone(),
        original_ref: order.original_ref.clone(),
        amount_minor: order.money.amount_minor,
        currency: order.money.currency,
    }
}

/// What the channel can't refund goes back as a credit.
pub(super) fn refund_credit(order: &RefundOrder, personal: PersonalFields) -> Pay {
    Pay {
        order_no: order.order_no.clone(),
        direction: Direction::PayOut,
        amount_minor: order.money.amount_minor,
        currency: order.money.currency,
        agreement_no: None,
        card_number: personal.card_number,
        holder_name: personal.holder_name,
    }
}

/// The sandbox answers about refunds and debits under the same question.
pub(super) fn refund_question(query: &RefundQuery) -> PayQuestion {
    PayQuestion { order_no: query.order_no.clone(), sent_at: query.sent_at }
}

pub(super) fn pay_question(query: &PaymentQuery) -> PayQuestion {
    PayQuestion { order_no: query.order_no.clone(), sent_at: query.sent_at }
}

/// Attempts are numbered from 1, so no payment ever has the order number that a probe asks about.
const NO_ORDER: &str = "000000000000000000000000000000";

pub(super) fn probe(now: Timestamp) -> PayQuestion {
    PayQuestion { order_no: NO_ORDER.to_owned(), sent_at: now }
}

pub(super) fn sign_step(
    request: &SignRequest,
    personal: PersonalFields,
    code: Option<OneTimeCode>,
) -> SignStep {
    SignStep {
        request_no: request.request_no.clone(),
        channel_ref: request.channel_ref.clone(),
        card_number: personal.card_number,
        holder_name: personal.holder_name,
        id_number: personal.id_number,
        mobile: personal.mobile,
        code,
    }
}

pub(super) fn sign_question(request: &SignRequest) -> SignQuestion {
    SignQuestion { request_no: request.request_no.clone(), channel_ref: request.channel_ref.clone() }
}

const WRONG_ORDER: Nothing = Nothing::NoAnswer(NoAnswer::WrongOrder);

/// Whether a reply is about the attempt that was asked about.
fn about(asked: &str, replied: &str) -> bool {
    asked == replied || planted::is(Bug::OrderNumberNotChecked)
}

pub(super) fn money_answer(order: &MoneyOrder, reply: PayReply) -> MoneyAnswer {
    answer(&order.order_no, order.money.amount_minor, reply)
}

pub(super) fn refund_answer(order: &RefundOrder, reply: PayReply) -> MoneyAnswer {
    answer(&order.order_no, order.money.amount_minor, reply)
}

fn answer(order_no: &str, asked_minor: i64, reply: PayReply) -> MoneyAnswer {
    let amount_fits = reply.amount_minor == asked_minor || planted::is(Bug::AmountNotChecked);
    if !about(order_no, &reply.order_no) || !amount_fits {
        return WRONG_ORDER.into();
    }
    let amount_minor = Some(reply.amount_minor);
    MoneyAnswer::Answered { code: reply.code, channel_ref: reply.channel_ref, amount_minor }
}

pub(super) fn query_answer(query: &PaymentQuery, reply: PayQuestionReply) -> QueryAnswer {
    question_answer(&query.order_no, reply)
}

/// The question doesn't say how much, so the amount goes on to the rules, which compare it with the payment's.
pub(super) fn question_answer(order_no: &str, reply: PayQuestionReply) -> QueryAnswer {
    if !about(order_no, &reply.order_no) {
        return WRONG_ORDER.into();
    }
    QueryAnswer::Answered { code: reply.code, original: reply.original.map(outcome) }
}

fn outcome(original: Original) -> OriginalOutcome {
    OriginalOutcome {
        code: original.code,
        channel_ref: original.channel_ref,
        amount_minor: Some(original.amount_minor),
    }
}

pub(super) fn reversal(order: &ReversalOrder) -> PayReverse {
    PayReverse {
        reversal_no: order.reversal_no.clone(),
        order_no: order.order_no.clone(),
        amount_minor: order.money.amount_minor,
        currency: order.money.currency,
        sent_at: order.sent_at,
    }
}

/// An answer about part of the amount, or about something else, is no answer.
pub(super) fn reversal_answer(order: &ReversalOrder, reply: ReverseReply) -> ReversalAnswer {
    let same = reply.reversal_no == order.reversal_no
        && reply.order_no == order.order_no
        && reply.amount_minor == order.money.amount_minor;
    if same { ReversalAnswer::Answered { code: reply.code } } else { WRONG_ORDER.into() }
}

pub(super) fn statement_question(query: &StatementQuery) -> StatementQuestion {
    StatementQuestion { order_no: query.order_no.clone(), day: query.day }
}

pub(super) fn statement_answer(query: &StatementQuery, reply: StatementReply) -> StatementAnswer {
    match reply.line {
        _ if reply.order_no != query.order_no || reply.day != query.day => WRONG_ORDER.into(),
        _ if !reply.ready => StatementAnswer::NotReady,
        Some(line) => StatementAnswer::Listed { line: outcome(line) },
        None => StatementAnswer::NotListed,
    }
}

pub(super) fn sign_answer(request: &SignRequest, reply: SignReply) -> SignAnswer {
    if reply.request_no != request.request_no {
        return WRONG_ORDER.into();
    }
    SignAnswer::Answered {
        code: reply.code,
        channel_ref: reply.channel_ref,
        agreement_no: reply.agreement_no,
    }
}
