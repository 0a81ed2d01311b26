//! What follows from an answer: to the request, to a question, or by itself.

use std::time::Duration;

use super::answer::{MoneyAnswer, NoAnswer, NotSent, QueryAnswer};
use super::attempt::{Attempt, AttemptState, Source};
use super::decide::{end_without_money, fail, open_attempt, question, still_owed, wait};
use super::plan::{self, Elsewhere, Next};
use super::proof::{FailureProof, window_end};
use super::route::{self, Finding, Route};
use super::{Payment, PaymentEvent, PaymentState, Purpose};
use crate::binding::{Binding, BindingEvent, InstrumentStatus, Observation, micro_deposit_settled};
use crate::catalogue::{self, Disposition, Reason};
use crate::channel::{Capability, ChannelId};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, Wake};
use crate::order::{OrderEvent, OrderState};
use crate::planted::{self, Bug};

/// When an attempt that was closed as "not found" is asked about once more.
const CHECKS_AFTER_CLOSING: [Duration; 2] = [Duration::from_secs(3600), Duration::from_secs(86_400)];

/// What a channel claims about an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) code: &'a str,
    pub(super) channel_ref: Option<&'a String>,
    pub(super) amount_minor: Option<i64>,
}

/// What a claim means, read through the catalogue.
enum Meaning {
    Moved { defect: Option<String> },
    NotMoved { reason: Reason, proof: FailureProof },
    Unknown { reason: Reason },
    NotFound,
}

fn meaning(claim: Claim<'_>, payment: &Payment, capability: &Capability) -> Meaning {
    let verdict = catalogue::look_up(capability.scheme, claim.code);
    let moved = match verdict.disposition {
        Disposition::Succeeded => Meaning::Moved { defect: None },
        Disposition::DefectiveSuccess => Meaning::Moved { defect: Some(claim.code.to_owned()) },
        Disposition::NotFound => return Meaning::NotFound,
        Disposition::Unknown | Disposition::QueryAgain => {
            return Meaning::Unknown { reason: verdict.reason };
        }
        Disposition::Declined => {
            return match FailureProof::declined(&verdict, claim.code) {
                Some(proof) => Meaning::NotMoved { reason: verdict.reason, proof },
                None => Meaning::Unknown { reason: verdict.reason },
            };
        }
    };
    // A success about another amount is not a success we can believe (attack S2).
    match claim.amount_minor {
        Some(amount) if amount != payment.money.amount_minor && !planted::is(Bug::AmountNotChecked) => {
            Meaning::Unknown { reason: Reason::AmountInvalid }
        }
        _ => moved,
    }
}

/// The channel answered to the request to move money.
pub(super) fn money_answered(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    answer: &MoneyAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(attempt) = payment.attempt(number) else {
        return Decision::nothing();
    };
    if planted::is(Bug::Canary) {
        let claim = Claim { code: "", channel_ref: None, amount_minor: None };
        return moved(slice, attempt, Source::Answer, claim, None, facts);
    }
    match answer {
        MoneyAnswer::Answered { code, channel_ref, amount_minor } => {
            let Some(capability) = facts.channels.get(&attempt.channel) else {
                return unknown(slice, attempt, Reason::ChannelUnavailable, facts);
            };
            let claim = Claim { code, channel_ref: channel_ref.as_ref(), amount_minor: *amount_minor };
            match meaning(claim, payment, capability) {
                Meaning::Moved { defect } => moved(slice, attempt, Source::Answer, claim, defect, facts),
                Meaning::NotMoved { reason, proof } => {
                    not_moved(slice, attempt, reason, Some(code.clone()), proof, facts)
                }
                Meaning::Unknown { reason } => unknown(slice, attempt, reason, facts),
                // "No such order" in answer to the order itself proves nothing.
                Meaning::NotFound => unknown(slice, attempt, Reason::OutcomeUnknown, facts),
            }
        }
        MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut } if planted::is(Bug::TimeoutIsFailure) => {
            let proof = FailureProof::never_sent(NotSent::NoConnection);
            not_moved(slice, attempt, Reason::ChannelTimeout, None, proof, facts)
        }
        MoneyAnswer::NoAnswer { why } => unknown(slice, attempt, silence(*why), facts),
        MoneyAnswer::NotSent { why } => {
            let reason = match why {
                NotSent::NoConnection => Reason::ConnectionFailed,
                NotSent::NotConfigured | NotSent::NoSecrets => Reason::NeverSent,
            };
            not_moved(slice, attempt, reason, None, FailureProof::never_sent(*why), facts)
        }
    }
}

fn silence(why: NoAnswer) -> Reason {
    match why {
        NoAnswer::TimedOut => Reason::ChannelTimeout,
        NoAnswer::ConnectionLost
        | NoAnswer::Unreadable
        | NoAnswer::WrongSignature
        | NoAnswer::WrongOrder
        | NoAnswer::Interrupted => Reason::OutcomeUnknown,
    }
}

/// The channel answered to a question about an attempt.
pub(super) fn query_answered(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    answer: &QueryAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(attempt) = payment.attempt(number) else {
        return Decision::nothing();
    };
    let Some(capability) = facts.channels.get(&attempt.channel) else {
        return Decision::nothing();
    };
    let (code, original) = match answer {
        QueryAnswer::Answered { code, original } => (code, original),
        QueryAnswer::NoAnswer { .. } | QueryAnswer::NotSent { .. } => {
            return still_unknown(slice, attempt, facts);
        }
    };
    if let Some(original) = original {
        let claim = Claim {
            code: &original.code,
            channel_ref: original.channel_ref.as_ref(),
            amount_minor: original.amount_minor,
        };
        return match meaning(claim, payment, capability) {
            Meaning::Moved { defect } => moved(slice, attempt, Source::Query, claim, defect, facts),
            Meaning::NotMoved { reason, proof } => {
                not_moved(slice, attempt, reason, Some(original.code.clone()), proof, facts)
            }
            Meaning::Unknown { .. } => still_unknown(slice, attempt, facts),
            Meaning::NotFound => not_found(slice, attempt, capability, facts),
        };
    }
    // Without the order's own outcome only "I have no such order" says anything.
    match catalogue::look_up(capability.scheme, code).disposition {
        Disposition::NotFound => not_found(slice, attempt, capability, facts),
        Disposition::Succeeded
        | Disposition::DefectiveSuccess
        | Disposition::Declined
        | Disposition::Unknown
        | Disposition::QueryAgain => still_unknown(slice, attempt, facts),
    }
}

fn not_found(slice: &Slice, attempt: &Attempt, capability: &Capability, facts: &Facts<'_>) -> Decision {
    let AttemptState::Unknown { since, .. } = attempt.state else {
        return Decision::nothing();
    };
    let since = if planted::is(Bug::WindowFromOpening) { attempt.opened_at } else { since };
    let Some(proof) = FailureProof::not_found(capability, since, facts.now) else {
        return still_unknown(slice, attempt, facts);
    };
    let mut decision = not_moved(slice, attempt, Reason::NotFoundAfterWindow, None, proof, facts);
    // The proof rests on the channel's word about its window. Should it be wrong, the money has to be found.
    if let Some(payment) = &slice.payment {
        for wait in CHECKS_AFTER_CLOSING {
            if planted::is(Bug::CheckClosedForgotten) {
                break;
            }
            let wake = Wake::CheckClosed { payment: payment.id, attempt: attempt.number };
            decision.effect_at(facts.now.plus(wait), Effect::Wake(wake));
        }
    }
    decision
}

/// The channel sent a notice by itself. Where it takes questions, it is asked before anything is believed.
pub(super) fn noticed(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    channel: &ChannelId,
    claim: Claim<'_>,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(attempt) = payment.attempt(number).filter(|attempt| attempt.channel == *channel) else {
        return decision;
    };
    if matches!(attempt.state, AttemptState::Succeeded { .. }) {
        return decision;
    }
    if planted::is(Bug::EarlyNoticeDropped) && attempt.state == AttemptState::Sending {
        return decision;
    }
    if let Some(question) = question(payment, number, facts).filter(|_| !planted::is(Bug::NoticeBelieved)) {
        decision.event(PaymentEvent::Noticed { number, code: claim.code.to_owned(), at: facts.now });
        decision.effect(facts.now, question);
        return decision;
    }
    let Some(capability) = facts.channels.get(channel) else {
        return decision;
    };
    match meaning(claim, payment, capability) {
        Meaning::Moved { defect } => moved(slice, attempt, Source::Notice, claim, defect, facts),
        Meaning::NotMoved { reason, proof } => {
            not_moved(slice, attempt, reason, Some(claim.code.to_owned()), proof, facts)
        }
        Meaning::Unknown { .. } | Meaning::NotFound => decision,
    }
}

fn unknown(slice: &Slice, attempt: &Attempt, reason: Reason, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let Some(payment) = slice.payment.as_ref().filter(|_| attempt.state == AttemptState::Sending) else {
        return decision;
    };
    decision.event(PaymentEvent::AttemptUnknown { number: attempt.number, reason, at: facts.now });
    if planted::is(Bug::OrderOpenWhileUnknown) && slice.order.is_some() {
        decision.event(OrderEvent::PaymentClosed { payment: payment.id, at: facts.now });
    }
    ask_later(payment, attempt, 0, &mut decision, facts);
    // A channel that is no longer configured can't be asked: people have to know at once.
    let deadline_s =
        facts.channels.get(&attempt.channel).map_or(0, |capability| capability.unknown_deadline_s);
    let wake = Wake::UnknownDeadline { payment: payment.id, attempt: attempt.number };
    decision.effect_at(facts.now.plus(Duration::from_secs(deadline_s)), Effect::Wake(wake));
    decision
}

fn still_unknown(slice: &Slice, attempt: &Attempt, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let (Some(payment), AttemptState::Unknown { asked, .. }) = (&slice.payment, &attempt.state) else {
        return decision;
    };
    decision.event(PaymentEvent::StillUnknown { number: attempt.number, at: facts.now });
    ask_later(payment, attempt, asked.saturating_add(1), &mut decision, facts);
    decision
}

/// Sets the timer for the next question: the channel's ladder with up to a tenth of jitter, but not past the end
/// of the late-execution window, where "not found" begins to prove something.
fn ask_later(payment: &Payment, attempt: &Attempt, asked: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(capability) = facts.channels.get(&attempt.channel) else { return };
    let Some(rules) = &capability.query else { return };
    let since = match attempt.state {
        AttemptState::Unknown { since, .. } => since,
        AttemptState::Sending | AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => facts.now,
    };
    let pause = rules.wait(asked);
    let jitter =
        facts.mint(payment.id.bucket()).below(u64::try_from(pause.as_millis()).unwrap_or(0) / 10 + 1);
    let by_ladder = facts.now.plus(pause).plus(Duration::from_millis(jitter));
    if (planted::is(Bug::QueryLadderStops) && asked >= 5) || (planted::is(Bug::WakeTimerLost) && asked == 1) {
        return;
    }
    let since = if planted::is(Bug::WindowFromOpening) { attempt.opened_at } else { since };
    let window_ends = window_end(capability, since);
    let due_at = if window_ends > facts.now { by_ladder.min(window_ends) } else { by_ladder };
    let wake = Wake::AskPayment { payment: payment.id, attempt: attempt.number, asked };
    decision.effect_at(due_at, Effect::Wake(wake));
}

fn moved(
    slice: &Slice,
    attempt: &Attempt,
    source: Source,
    claim: Claim<'_>,
    defect: Option<String>,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let again = matches!(attempt.state, AttemptState::Succeeded { .. });
    let closed = matches!(attempt.state, AttemptState::Failed { .. });
    if (again && !planted::is(Bug::DuplicateSuccessApplied))
        || (closed && planted::is(Bug::LateSuccessDropped))
    {
        return decision;
    }
    let Some(payment) = &slice.payment else {
        return decision;
    };
    if defect.is_some() {
        decision.effect(facts.now, Effect::Alarm(Alarm::DefectiveSuccess { payment: payment.id }));
    }
    let channel_ref = claim.channel_ref.cloned();
    let number = attempt.number;
    decision.event(PaymentEvent::AttemptSucceeded { number, source, channel_ref, defect, at: facts.now });
    observe(&attempt.channel, InstrumentStatus::Usable, &mut decision, facts);
    let after = slice.after(&decision);
    match &after.payment {
        // A second attempt is on its way: what this money was for is decided when that one ends.
        Some(payment) if payment.live_attempt().is_some() => {}
        Some(_) => complete(&after, number, &mut decision, facts),
        None => {}
    }
    decision
}

fn observe(channel: &ChannelId, status: InstrumentStatus, decision: &mut Decision, facts: &Facts<'_>) {
    let source = channel.clone();
    let observation = Observation { observed_at: facts.now, status, source, received_at: facts.now };
    decision.event(BindingEvent::Observed { observation });
}

/// Money has moved and no attempt is under way: the payment is done. What moved beyond the first time, or after
/// the order had been paid otherwise, is surplus and has to go back.
fn complete(after: &Slice, number: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = &after.payment else { return };
    if matches!(payment.state, PaymentState::Succeeded { .. }) {
        return surplus(payment, decision, facts);
    }
    decision.event(PaymentEvent::Succeeded { attempt: number, at: facts.now });
    match payment.purpose {
        Purpose::MicroDeposit => {
            let settled = after
                .binding
                .as_ref()
                .and_then(|binding| micro_deposit_settled(binding, Ok(payment.money), facts));
            if let Some(event) = settled {
                decision.event(event);
            }
        }
        Purpose::Repayment { .. } => settle_order(after, payment, decision, facts),
    }
    let moved =
        payment.attempts.iter().filter(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
    for _ in moved.skip(1) {
        surplus(payment, decision, facts);
    }
}

fn settle_order(after: &Slice, payment: &Payment, decision: &mut Decision, facts: &Facts<'_>) {
    let (id, amount_minor) = (payment.id, payment.money.amount_minor);
    let state = after.order.as_ref().map(|order| &order.state);
    let cancelled = matches!(state, Some(OrderState::Cancelled { .. }));
    if after.order.is_some() && still_owed(after, payment) && !cancelled {
        return decision.event(OrderEvent::Collected { payment: id, amount_minor, at: facts.now });
    }
    surplus(payment, decision, facts);
    if matches!(state, Some(OrderState::Collecting { payment: under_way }) if *under_way == id) {
        decision.event(OrderEvent::PaymentClosed { payment: id, at: facts.now });
    }
}

/// The payment's amount moved once more than it should have.
fn surplus(payment: &Payment, decision: &mut Decision, facts: &Facts<'_>) {
    if planted::is(Bug::SurplusForgotten) {
        return;
    }
    let (order, amount_minor) = (payment.purpose.order(), payment.money.amount_minor);
    if order.is_some() {
        decision.event(OrderEvent::SurplusFound { payment: payment.id, amount_minor });
    }
    let alarm = Alarm::SurplusMoney { payment: payment.id, order, amount_minor };
    decision.effect(facts.now, Effect::Alarm(alarm));
}

fn not_moved(
    slice: &Slice,
    attempt: &Attempt,
    reason: Reason,
    code: Option<String>,
    proof: FailureProof,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    if !attempt.could_move_money() {
        return decision;
    }
    let number = attempt.number;
    decision.event(PaymentEvent::AttemptFailed { number, reason, code, proof, at: facts.now });
    if let Some(status) = InstrumentStatus::implied_by(reason) {
        observe(&attempt.channel, status, &mut decision, facts);
    }
    let held = slice.binding.as_ref().and_then(|binding| binding.mandates.get(&attempt.channel));
    if mandate_is_gone(reason) && held.is_some_and(|mandate| mandate.agreement_no().is_some()) {
        decision.event(BindingEvent::MandateEnded {
            channel: attempt.channel.clone(),
            reason,
            at: facts.now,
        });
    }
    let after = slice.after(&decision);
    let Some(payment) = &after.payment else {
        return decision;
    };
    // The money came in late through an attempt that had been closed before.
    let earlier =
        payment.attempts.iter().find(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
    match earlier {
        Some(earlier) => complete(&after, earlier.number, &mut decision, facts),
        None => next(&after, reason, &mut decision, facts),
    }
    decision
}

fn mandate_is_gone(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MandateMissing
            | Reason::MandateCancelled
            | Reason::MandateExpired
            | Reason::MandateVoidDetailsChanged
    )
}

/// Plans what comes after a failure: another channel now, a later moment, or the end.
fn next(after: &Slice, reason: Reason, decision: &mut Decision, facts: &Facts<'_>) {
    let (Some(payment), Some(binding)) = (&after.payment, &after.binding) else {
        return;
    };
    let mut mint = facts.mint(payment.id.bucket());
    // A late success of another payment may have collected the order while this attempt was under way.
    if !still_owed(after, payment) {
        return end_without_money(after, payment, decision, facts);
    }
    match plan::after_failure(payment, reason, elsewhere(payment, binding, facts), &mut mint, facts) {
        Next::TryAt(at) if at <= facts.now => {
            if let Some(clear) = payment.clear_to_retry() {
                open_attempt(after, clear, decision, facts);
            }
        }
        Next::TryAt(at) => wait(payment, at, Some(reason), decision, facts),
        Next::Stop(stopped) => fail(after, reason, stopped, decision, facts),
    }
}

fn elsewhere(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Elsewhere {
    let failed_on = payment.last_attempt().map(|attempt| &attempt.channel);
    match route::choose(payment, binding, facts) {
        Route::Send { channel, .. } if Some(&channel) == failed_on => Elsewhere::Nowhere,
        Route::Send { ranked, .. } if ranked.first().is_some_and(|best| best.finding == Finding::Ready) => {
            Elsewhere::Now
        }
        Route::Send { .. } => Elsewhere::Later(facts.now.plus(plan::backoff(payment))),
        Route::Wait { until } => Elsewhere::Later(until),
        Route::Nowhere { .. } => Elsewhere::Nowhere,
    }
}
