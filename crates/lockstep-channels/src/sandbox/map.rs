//! The port's words as the wire's, and the wire's as the port's. Nothing here guesses: what doesn't fit the
//! question is no answer.

use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::Direction;
use lockstep_core::effect::{MoneyOrder, PaymentQuery, SignRequest};
use lockstep_core::payment::{MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, QueryAnswer};
use lockstep_core::planted::{self, Bug};
use lockstep_core::sensitive::OneTimeCode;

use super::Silence;
use super::wire::{Pay, PayQuestion, PayQuestionReply, PayReply, SignQuestion, SignReply, SignStep};
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

pub(super) fn pay_question(query: &PaymentQuery) -> PayQuestion {
    PayQuestion { order_no: query.order_no.clone(), sent_at: query.sent_at }
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
    let amount_fits = reply.amount_minor == order.money.amount_minor || planted::is(Bug::AmountNotChecked);
    if !about(&order.order_no, &reply.order_no) || !amount_fits {
        return WRONG_ORDER.into();
    }
    let amount_minor = Some(reply.amount_minor);
    MoneyAnswer::Answered { code: reply.code, channel_ref: reply.channel_ref, amount_minor }
}

/// The question doesn't say how much, so the amount goes on to the rules, which compare it with the payment's.
pub(super) fn query_answer(query: &PaymentQuery, reply: PayQuestionReply) -> QueryAnswer {
    if !about(&query.order_no, &reply.order_no) {
        return WRONG_ORDER.into();
    }
    let original = reply.original.map(|original| OriginalOutcome {
        code: original.code,
        channel_ref: original.channel_ref,
        amount_minor: Some(original.amount_minor),
    });
    QueryAnswer::Answered { code: reply.code, original }
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
