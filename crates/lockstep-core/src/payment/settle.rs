//! What follows from an answer: to the request, to a question, or by itself.

use std::time::Duration;

use super::answer::{MoneyAnswer, NoAnswer, NotSent, QueryAnswer};
use super::attempt::{Attempt, AttemptState, Source};
use super::decide::{end_without_money, fail, open_again, question, still_owed, wait};
use super::plan::{self, Elsewhere, Failed, Next};
use super::proof::{FailureProof, window_end};
use super::route::{self, Route};
use super::{
    Payment, PaymentEvent, PaymentState, Purpose, defect, excuse, people, refund, reversal, split, statement,
};
use crate::binding::{BindingEvent, InstrumentStatus, Observation, micro_deposit_settled};
use crate::catalogue::{self, Disposition, Reason};
use crate::channel::{Capability, ChannelId, Direction, Period};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, Wake};
use crate::order::{OrderEvent, OrderState};
use crate::planted::{self, Bug};
use crate::time::Day;

/// When an attempt that was closed as "not found" is asked about once more.
pub(super) const CHECKS_AFTER_CLOSING: [Duration; 2] =
    [Duration::from_secs(3600), Duration::from_secs(86_400)];

/// What a channel claims about an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) code: &'a str,
    pub(super) channel_ref: Option<&'a String>,
    pub(super) amount_minor: Option<i64>,
}

/// What a claim means, read through the catalogue.
pub(super) enum Meaning {
    Moved { defect: Option<String> },
    NotMoved { reason: Reason, proof: FailureProof },
    Unknown { reason: Reason },
    NotFound,
}

pub(super) fn meaning(claim: Claim<'_>, payment: &Payment, capability: &Capability) -> Meaning {
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

pub(super) fn silence(why: NoAnswer) -> Reason {
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
    if attempt.open_defect().is_some() || attempt.moved_by_people() {
        return asked_after_success(slice, payment, attempt, answer, capability, facts);
    }
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
                let (reason, proof) = reversal::own(attempt, reason, &original.code, proof);
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

/// The channel answered to a question about money that counts as moved, and has to be confirmed.
fn asked_after_success(
    slice: &Slice,
    payment: &Payment,
    attempt: &Attempt,
    answer: &QueryAnswer,
    capability: &Capability,
    facts: &Facts<'_>,
) -> Decision {
    let (code, meaning) = match answer {
        QueryAnswer::Answered { original: Some(original), .. } => {
            let claim = Claim {
                code: &original.code,
                channel_ref: original.channel_ref.as_ref(),
                amount_minor: original.amount_minor,
            };
            (original.code.as_str(), meaning(claim, payment, capability))
        }
        QueryAnswer::Answered { code, original: None } => {
            let verdict = catalogue::look_up(capability.scheme, code);
            let found = verdict.disposition != Disposition::NotFound;
            let unknown = Meaning::Unknown { reason: verdict.reason };
            (code.as_str(), if found { unknown } else { Meaning::NotFound })
        }
        QueryAnswer::NoAnswer { .. } | QueryAnswer::NotSent { .. } => {
            ("", Meaning::Unknown { reason: Reason::OutcomeUnknown })
        }
    };
    if attempt.open_defect().is_none() {
        return people::told(slice, attempt, &meaning, code, facts);
    }
    let told = defect::told(slice, attempt, &meaning, code, facts);
    if told.events.is_empty() { defect::still_open(slice, attempt, facts) } else { told }
}

fn not_found(slice: &Slice, attempt: &Attempt, capability: &Capability, facts: &Facts<'_>) -> Decision {
    let AttemptState::Unknown { since, .. } = attempt.state else {
        return Decision::nothing();
    };
    let since = if planted::is(Bug::WindowFromOpening) { attempt.opened_at } else { since };
    let Some(proof) = FailureProof::not_found(capability, since, facts.asked_at) else {
        return still_unknown(slice, attempt, facts);
    };
    closed(slice, attempt, Reason::NotFoundAfterWindow, None, proof, facts)
}

/// No money moved, and the proof rests on somebody's word: the channel's about its window or its books, or people's.
/// Should it be wrong, the money has to be found.
pub(super) fn closed(
    slice: &Slice,
    attempt: &Attempt,
    reason: Reason,
    code: Option<String>,
    proof: FailureProof,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = not_moved(slice, attempt, reason, code, proof, facts);
    let forgotten = planted::is(Bug::CheckClosedForgotten);
    if let Some(payment) = slice.payment.as_ref().filter(|_| attempt.could_move_money() && !forgotten) {
        check_later(payment, attempt.number, &mut decision, facts);
    }
    decision
}

/// Sets timers to ask once more about an attempt that was closed on somebody's word.
pub(super) fn check_later(payment: &Payment, attempt: u16, decision: &mut Decision, facts: &Facts<'_>) {
    for wait in CHECKS_AFTER_CLOSING {
        let wake = Wake::CheckClosed { payment: payment.id, attempt };
        decision.effect_at(facts.now.plus(wait), Effect::Wake(wake));
    }
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
    let unconfirmed = attempt.open_defect().is_some() || attempt.moved_by_people();
    if matches!(attempt.state, AttemptState::Succeeded { .. }) && !unconfirmed {
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
    let meaning = meaning(claim, payment, capability);
    if attempt.open_defect().is_some() {
        return defect::told(slice, attempt, &meaning, claim.code, facts);
    }
    if attempt.moved_by_people() {
        return people::told(slice, attempt, &meaning, claim.code, facts);
    }
    match meaning {
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
    reversal::plan(payment, attempt, &mut decision, facts);
    let after = slice.after(&decision);
    statement::plan(&after, attempt.number, &mut decision, facts);
    decision
}

pub(super) fn still_unknown(slice: &Slice, attempt: &Attempt, facts: &Facts<'_>) -> Decision {
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

pub(super) fn moved(
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
    let capability = facts.channels.get(&attempt.channel);
    let believed = capability.is_none_or(|capability| reversal::lets_believe(attempt, capability, facts.now));
    if !believed && source != Source::People {
        return still_asked(slice, attempt, source, facts);
    }
    let (channel_ref, flawed) = (claim.channel_ref.cloned(), defect.is_some());
    let number = attempt.number;
    if attempt.decided.is_some() && attempt.failure().is_some() {
        let code = Some(claim.code.to_owned());
        decision.event(PaymentEvent::DecisionContradicted { number, code, at: facts.now });
    }
    decision.event(PaymentEvent::AttemptSucceeded { number, source, channel_ref, defect, at: facts.now });
    if source != Source::People {
        observe(slice, attempt, InstrumentStatus::Usable, &mut decision, facts);
    }
    // It had been given back when the attempt was closed.
    if let Some(day) = attempt.counted_on.filter(|_| attempt.failure().is_some()) {
        let (channel, amount_minor) = (attempt.channel.clone(), payment.money.amount_minor);
        let counted = BindingEvent::AmountReserved { channel, day, amount_minor };
        to_instrument(slice, attempt, counted, &mut decision);
    }
    let after = slice.after(&decision);
    if flawed {
        defect::found(payment, number, &mut decision, facts);
        statement::plan(&after, number, &mut decision, facts);
    }
    match &after.payment {
        // A second attempt is on its way: what this money was for is decided when that one ends.
        Some(payment) if payment.live_attempt().is_some() => {}
        Some(_) => complete(&after, number, &mut decision, facts),
        None => {}
    }
    decision
}

/// A success that can't be believed while a reversal may undo it. A question was answered by it, so the next one
/// has to be planned.
fn still_asked(slice: &Slice, attempt: &Attempt, source: Source, facts: &Facts<'_>) -> Decision {
    match source {
        Source::Query => still_unknown(slice, attempt, facts),
        Source::Answer | Source::Notice | Source::Statement | Source::People => Decision::nothing(),
    }
}

fn observe(
    slice: &Slice,
    attempt: &Attempt,
    status: InstrumentStatus,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let source = attempt.channel.clone();
    let observation = Observation { observed_at: facts.now, status, source, received_at: facts.now };
    to_instrument(slice, attempt, BindingEvent::Observed { observation }, decision);
}

/// What an attempt tells about an instrument is told to the one it used. A stand-in that isn't in the slice has been
/// erased: there is nobody to tell.
fn to_instrument(slice: &Slice, attempt: &Attempt, event: BindingEvent, decision: &mut Decision) {
    if attempt.binding.is_none() || slice.instrument(attempt.binding).is_some() {
        decision.instrument_event(attempt.binding, event);
    }
}

/// Money has moved and no attempt is under way: the payment is done. What moved beyond the first time, or after
/// the order had been paid otherwise, is surplus and has to go back.
fn complete(after: &Slice, number: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = &after.payment else { return };
    if matches!(payment.state, PaymentState::Succeeded { .. }) {
        return surplus(after, number, decision, facts);
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
        Purpose::Repayment { .. } => settle_order(after, payment, number, decision, facts),
    }
    let moved =
        payment.attempts.iter().filter(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
    for attempt in moved.filter(|attempt| attempt.number != number) {
        surplus(after, attempt.number, decision, facts);
    }
}

fn settle_order(after: &Slice, payment: &Payment, number: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let (id, amount_minor) = (payment.id, payment.money.amount_minor);
    let state = after.order.as_ref().map(|order| &order.state);
    let cancelled = matches!(state, Some(OrderState::Cancelled { .. }));
    if after.order.is_some() && still_owed(after, payment) && !cancelled {
        let collected = OrderEvent::Collected { payment: id, amount_minor, at: facts.now };
        let mut rest = after.clone();
        rest.apply(&collected.clone().into());
        decision.event(collected);
        let mut moved =
            payment.attempts.iter().filter(|attempt| matches!(attempt.state, AttemptState::Succeeded { .. }));
        if moved.all(|attempt| attempt.open_defect().is_some()) {
            decision.event(OrderEvent::ToBeConfirmed { payment: id, amount_minor });
        }
        return split::go_on(&rest, decision, facts);
    }
    surplus(after, number, decision, facts);
    if matches!(state, Some(OrderState::Collecting { payment: under_way }) if *under_way == id) {
        decision.event(OrderEvent::PaymentClosed { payment: id, at: facts.now });
    }
}

/// The payment's amount moved once more than it should have, through this attempt: it goes back from there.
fn surplus(after: &Slice, attempt: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = after.payment.as_ref().filter(|_| !planted::is(Bug::SurplusForgotten)) else {
        return;
    };
    let (order, amount_minor) = (payment.purpose.order(), payment.money.amount_minor);
    if order.is_some() {
        decision.event(OrderEvent::SurplusFound { payment: payment.id, amount_minor });
    }
    let alarm = Alarm::SurplusMoney { payment: payment.id, order, amount_minor };
    decision.effect(facts.now, Effect::Alarm(alarm));
    refund::open_for_surplus(after, attempt, decision, facts);
}

pub(super) fn not_moved(
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
    let declined = proof.is_decline();
    decision.event(PaymentEvent::AttemptFailed { number, reason, code, proof, at: facts.now });
    if let Some(status) = InstrumentStatus::implied_by(reason) {
        observe(slice, attempt, status, &mut decision, facts);
    }
    limits(slice, attempt, reason, &mut decision, facts);
    let used = slice.instrument(attempt.binding);
    let held = used.and_then(|binding| binding.mandates.get(&attempt.channel));
    if declined && payment_collects(slice) && !excuse::technical(reason) {
        to_instrument(slice, attempt, BindingEvent::DebitDeclined { at: facts.now }, &mut decision);
    }
    if mandate_is_gone(reason) && held.is_some_and(|mandate| mandate.agreement_no().is_some()) {
        let channel = attempt.channel.clone();
        let ended = BindingEvent::MandateEnded { channel, reason, at: facts.now };
        to_instrument(slice, attempt, ended, &mut decision);
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

/// What moved nothing counts against no limit, and what the bank says about its limits counts whatever we have
/// counted.
fn limits(slice: &Slice, attempt: &Attempt, reason: Reason, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = &slice.payment else { return };
    let (channel, amount_minor) = (&attempt.channel, payment.money.amount_minor);
    if let Some(day) = attempt.counted_on {
        let released = BindingEvent::AmountReleased { channel: channel.clone(), day, amount_minor };
        to_instrument(slice, attempt, released, decision);
    }
    let (period, from_minor) = match reason {
        Reason::DailyLimitExceeded => (Period::Day, amount_minor),
        Reason::DailyCountExceeded => (Period::Day, 1),
        Reason::MonthlyLimitExceeded => (Period::Month, amount_minor),
        _ => return,
    };
    let Some(capability) = facts.channels.get(channel) else { return };
    let zone = &capability.hours.zone;
    // The bank spoke about the day on which it was asked, which may be over by now.
    let until = route::end_of(period, Day::of(attempt.opened_at, zone), zone);
    if until > facts.now {
        let channel = channel.clone();
        let reached = BindingEvent::LimitReached { channel, period, until, from_minor };
        to_instrument(slice, attempt, reached, decision);
    }
}

fn payment_collects(slice: &Slice) -> bool {
    let payment = slice.payment.as_ref();
    slice.binding.is_some()
        && payment.is_some_and(|payment| payment.purpose.direction() == Direction::Collect)
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
    let reason = plan::deciding(payment, reason);
    let order = after.order.as_ref();
    let divisible = split::divisible(order, payment);
    let elsewhere = elsewhere(after, facts);
    match plan::after_failure(&Failed { payment, binding, reason, elsewhere, divisible }, &mut mint, facts) {
        Next::TryAt(at) if at <= facts.now => {
            if let Some(clear) = payment.clear_to_retry() {
                return open_again(after, clear, reason, decision, facts);
            }
        }
        Next::TryAt(at) => wait(payment, at, Some(reason), decision, facts),
        Next::Stop(stopped) => match split::after_stop(order, payment, reason, stopped, facts) {
            Some(amount_minor) => split::begin(after, reason, amount_minor, decision, facts),
            None => fail(after, reason, stopped, decision, facts),
        },
    }
    excuse::record(after, reason, decision, facts);
}

fn elsewhere(after: &Slice, facts: &Facts<'_>) -> Elsewhere {
    let Some(payment) = &after.payment else { return Elsewhere::Nowhere };
    let failed_on = payment.last_attempt().map(|attempt| (&attempt.channel, attempt.binding));
    match route::choose(after, facts) {
        Route::Send { channel, binding, .. } if Some((&channel, binding)) == failed_on => Elsewhere::Nowhere,
        Route::Send { binding: Some(_), failed_just_now: false, .. } => Elsewhere::StandIn,
        Route::Send { failed_just_now: false, .. } => Elsewhere::Now,
        Route::Send { .. } => Elsewhere::Again,
        Route::Wait { until, .. } => Elsewhere::Later(until),
        Route::Nowhere { .. } => Elsewhere::Nowhere,
    }
}
