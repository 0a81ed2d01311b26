//! Money that moved on a transaction the channel calls flawed (debited after the channel's own deadline, or debited
//! and not booked). It has moved, so nothing may be debited again; but it may yet be sent back. The channel is asked,
//! and its statement read, until it says which.

use std::time::Duration;

use super::attempt::{Attempt, AttemptState};
use super::decide::question;
use super::proof::FailureProof;
use super::settle::Meaning;
use super::{Payment, PaymentEvent, PaymentState, Purpose, Stopped, refund};
use crate::catalogue::Reason;
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, Wake};
use crate::order::OrderEvent;

/// Waits before the channel is asked whether a flawed transaction stands, in seconds; the last repeats. Channels
/// settle such transactions with a day's books, so asking more often would tell nothing.
const LADDER_S: [u64; 4] = [3600, 6 * 3600, 12 * 3600, 24 * 3600];

/// People are told, and a timer asks.
pub(super) fn found(payment: &Payment, number: u16, decision: &mut Decision, facts: &Facts<'_>) {
    decision.effect(facts.now, Effect::Alarm(Alarm::DefectiveSuccess { payment: payment.id }));
    ask_later(payment, number, 0, decision, facts);
}

fn ask_later(payment: &Payment, attempt: u16, asked: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let step = LADDER_S.get(usize::from(asked)).or(LADDER_S.last()).copied().unwrap_or_default();
    let wake = Wake::ConfirmDefect { payment: payment.id, attempt, asked };
    decision.effect_at(facts.now.plus(Duration::from_secs(step)), Effect::Wake(wake));
}

/// It is time to ask whether a flawed transaction stands.
pub(super) fn ask(payment: &Payment, number: u16, asked: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let due = payment.attempt(number).is_some_and(|attempt| {
        attempt.open_defect().is_some()
            && matches!(attempt.state, AttemptState::Succeeded { asked: so_far, .. } if so_far == asked)
    });
    if let Some(question) = question(payment, number, facts).filter(|_| due) {
        decision.effect(facts.now, question);
    }
    decision
}

/// The channel was asked and could not tell: ask again later.
pub(super) fn still_open(slice: &Slice, attempt: &Attempt, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    if let (Some(payment), AttemptState::Succeeded { asked, .. }) = (&slice.payment, &attempt.state) {
        decision.event(PaymentEvent::StillUnknown { number: attempt.number, at: facts.now });
        ask_later(payment, attempt.number, asked.saturating_add(1), &mut decision, facts);
    }
    decision
}

/// The channel says something about money that moved on a flawed transaction.
pub(super) fn told(
    slice: &Slice,
    attempt: &Attempt,
    meaning: &Meaning,
    code: &str,
    facts: &Facts<'_>,
) -> Decision {
    match meaning {
        Meaning::Moved { defect: None } => settled(slice, attempt, facts),
        Meaning::NotMoved { .. } => sent_back(slice, attempt, Some(code), facts),
        // An order that was found flawed and is not found now is no proof of anything.
        Meaning::Moved { .. } | Meaning::Unknown { .. } | Meaning::NotFound => Decision::nothing(),
    }
}

/// The transaction stands.
fn settled(slice: &Slice, attempt: &Attempt, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    decision.event(PaymentEvent::DefectSettled { number: attempt.number, at: facts.now });
    confirm(slice, &mut decision);
    decision
}

fn confirm(slice: &Slice, decision: &mut Decision) {
    if let (Some(payment), Some(order)) = (&slice.payment, &slice.order)
        && order.awaits_confirmation_of(payment.id)
    {
        decision.event(OrderEvent::Confirmed { payment: payment.id });
    }
}

/// The channel has sent the money back: what was booked with it is undone.
pub(super) fn sent_back(slice: &Slice, attempt: &Attempt, code: Option<&str>, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let (number, at) = (attempt.number, facts.now);
    let proof = FailureProof::sent_back(code);
    decision.event(PaymentEvent::SentBack { number, code: code.map(str::to_owned), proof, at });
    if let Some(payment) = &slice.payment {
        refund::withdraw_all_of(payment, attempt, &mut decision, facts);
    }
    let after = slice.after(&decision);
    let Some(payment) = &after.payment else {
        return decision;
    };
    // Beside a living attempt nothing was booked yet.
    let PaymentState::Succeeded { attempt: through, .. } = payment.state else {
        return decision;
    };
    let other =
        payment.attempts.iter().find(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
    if let Some(other) = other {
        if through == number {
            decision.event(PaymentEvent::Succeeded { attempt: other.number, at });
        }
        surplus_returned(payment, &mut decision);
        confirm(&after, &mut decision);
        return decision;
    }
    let (reason, stopped) = (Reason::SentBackByChannel, Stopped::Final);
    decision.event(PaymentEvent::Failed { reason, stopped, at });
    let booked = after.order.as_ref().is_some_and(|order| order.awaits_confirmation_of(payment.id));
    if booked {
        let (payment, amount_minor) = (payment.id, payment.money.amount_minor);
        decision.event(OrderEvent::CollectionUndone { payment, amount_minor, at });
    } else {
        surplus_returned(payment, &mut decision);
    }
    decision
}

fn surplus_returned(payment: &Payment, decision: &mut Decision) {
    match payment.purpose {
        Purpose::Repayment { .. } => {
            let (payment, amount_minor) = (payment.id, payment.money.amount_minor);
            decision.event(OrderEvent::SurplusReturned { payment, amount_minor });
        }
        Purpose::MicroDeposit => {}
    }
}
