//! Statements: a channel's own record of a day, read for one attempt.
//!
//! An attempt may have been executed on the day it was opened, on any day until its late-execution window ended,
//! and is looked for on the day after it was opened in any case: channels close their books at different hours.
//! The days are read one after the other. Absence proves something only after the last of them.

use super::answer::StatementAnswer;
use super::attempt::{Attempt, AttemptState, Source};
use super::proof::FailureProof;
use super::settle::{self, Claim, Meaning};
use super::{Payment, PaymentEvent, defect, people, reversal};
use crate::catalogue::Reason;
use crate::channel::{Capability, StatementRules};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Effect, StatementQuery, Wake};
use crate::time::{Day, Timestamp};

/// The last day on which an attempt could stand in a statement.
fn last_day(attempt: &Attempt, capability: &Capability, rules: &StatementRules) -> Day {
    let next = Day::of(attempt.opened_at, &rules.zone).next();
    let of = |moment: Timestamp| Day::of(moment, &rules.zone);
    let possible = match &attempt.state {
        AttemptState::Sending => next,
        AttemptState::Unknown { since, .. } => of(since.plus(capability.late_execution_window())),
        // Flawed transactions are settled, or not, with the day after they were executed.
        AttemptState::Succeeded { at, .. } => of(*at).next(),
        AttemptState::Failed { at, .. } => of(*at),
    };
    next.max(possible)
}

/// The next day to be read, if any is left.
fn next_day(attempt: &Attempt, capability: &Capability, rules: &StatementRules) -> Option<Day> {
    let day = match attempt.absent_through {
        None => Day::of(attempt.opened_at, &rules.zone),
        Some(read) => Some(read.next()).filter(|day| *day > read)?,
    };
    (day <= last_day(attempt, capability, rules)).then_some(day)
}

/// Whether a statement could tell something new about it.
fn of_interest(attempt: &Attempt) -> bool {
    match &attempt.state {
        AttemptState::Sending => false,
        AttemptState::Unknown { .. } => true,
        // The channel's books may show that its word, or people's, was wrong.
        AttemptState::Failed { proof, .. } => proof.rests_on_a_word(),
        AttemptState::Succeeded { .. } => attempt.open_defect().is_some() || attempt.moved_by_people(),
    }
}

/// Sets the timer for the next statement in which the attempt might stand. `after` is the slice as it stands then.
pub(super) fn plan(after: &Slice, number: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(payment) = &after.payment else { return };
    let Some(attempt) = payment.attempt(number) else { return };
    let Some(capability) = facts.channels.get(&attempt.channel) else { return };
    let Some(rules) = &capability.statement else { return };
    if let Some(day) = next_day(attempt, capability, rules) {
        wake(payment, number, day, rules.ready(day).max(facts.now), decision);
    }
}

fn wake(payment: &Payment, attempt: u16, day: Day, at: Timestamp, decision: &mut Decision) {
    decision.effect_at(at, Effect::Wake(Wake::ReadStatement { payment: payment.id, attempt, day }));
}

/// A statement should be ready.
pub(super) fn due(payment: &Payment, number: u16, day: Day, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let Some(attempt) = payment.attempt(number).filter(|attempt| of_interest(attempt)) else {
        return decision;
    };
    let Some(capability) = facts.channels.get(&attempt.channel) else {
        return decision;
    };
    let expected = capability.statement.as_ref().and_then(|rules| next_day(attempt, capability, rules));
    if expected == Some(day) {
        let query = StatementQuery {
            payment: payment.id,
            attempt: number,
            channel: attempt.channel.clone(),
            order_no: attempt.order_no.clone(),
            day,
        };
        decision.effect(facts.now, Effect::ReadStatement(query));
    }
    decision
}

/// What a statement says about an attempt.
pub(super) fn answered(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    day: Day,
    answer: &StatementAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(attempt) = payment.attempt(number).filter(|attempt| of_interest(attempt)) else {
        return Decision::nothing();
    };
    let Some(capability) = facts.channels.get(&attempt.channel) else {
        return Decision::nothing();
    };
    let Some(rules) = &capability.statement else {
        return Decision::nothing();
    };
    let expected = next_day(attempt, capability, rules) == Some(day);
    match answer {
        _ if !expected => Decision::nothing(),
        StatementAnswer::Listed { line } => {
            let claim = Claim {
                code: &line.code,
                channel_ref: line.channel_ref.as_ref(),
                amount_minor: line.amount_minor,
            };
            let mut decision = listed(slice, payment, attempt, claim, capability, facts);
            // What the line leaves open, or what may not be believed yet, is looked up again.
            let open = attempt.failure().is_none() && !attempt.moved_by_people();
            let not_yet = !reversal::lets_believe(attempt, capability, facts.now);
            if decision.events.is_empty() && (open || not_yet) {
                again(payment, number, day, rules, &mut decision, facts);
            }
            decision
        }
        // A statement can't be complete before its time.
        StatementAnswer::NotListed if facts.now >= rules.ready(day) => {
            not_listed(slice, attempt, day, capability, rules, facts)
        }
        StatementAnswer::NotListed
        | StatementAnswer::NotReady
        | StatementAnswer::NoAnswer { .. }
        | StatementAnswer::NotSent { .. } => {
            let mut decision = Decision::nothing();
            again(payment, number, day, rules, &mut decision, facts);
            decision
        }
    }
}

fn again(
    payment: &Payment,
    number: u16,
    day: Day,
    rules: &StatementRules,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let pause = std::time::Duration::from_secs(rules.again_s);
    wake(payment, number, day, facts.now.plus(pause).max(rules.ready(day)), decision);
}

fn listed(
    slice: &Slice,
    payment: &Payment,
    attempt: &Attempt,
    claim: Claim<'_>,
    capability: &Capability,
    facts: &Facts<'_>,
) -> Decision {
    let meaning = settle::meaning(claim, payment, capability);
    if attempt.open_defect().is_some() {
        return defect::told(slice, attempt, &meaning, claim.code, facts);
    }
    if attempt.moved_by_people() {
        let mut decision = Decision::nothing();
        if let Meaning::NotMoved { .. } = meaning {
            people::contradicted(slice, attempt, Some(claim.code.to_owned()), &mut decision, facts);
        }
        return decision;
    }
    match meaning {
        Meaning::Moved { defect } => settle::moved(slice, attempt, Source::Statement, claim, defect, facts),
        Meaning::NotMoved { reason, proof } => {
            settle::not_moved(slice, attempt, reason, Some(claim.code.to_owned()), proof, facts)
        }
        Meaning::Unknown { .. } | Meaning::NotFound => Decision::nothing(),
    }
}

fn not_listed(
    slice: &Slice,
    attempt: &Attempt,
    day: Day,
    capability: &Capability,
    rules: &StatementRules,
    facts: &Facts<'_>,
) -> Decision {
    let (number, mut decision) = (attempt.number, Decision::nothing());
    decision.event(PaymentEvent::NotInStatement { number, day, at: facts.now });
    let after = slice.after(&decision);
    let last = last_day(attempt, capability, rules);
    if day < last {
        plan(&after, number, &mut decision, facts);
    } else if attempt.open_defect().is_some() {
        decision.append(defect::sent_back(&after, attempt, None, facts));
    } else if attempt.moved_by_people() {
        people::contradicted(&after, attempt, None, &mut decision, facts);
    } else if let Some(since) = attempt.unknown_since()
        && let Some(proof) = FailureProof::not_in_statement(capability, (day, last), since, facts.asked_at)
    {
        decision.append(settle::closed(&after, attempt, Reason::NotInStatement, None, proof, facts));
    }
    decision
}
