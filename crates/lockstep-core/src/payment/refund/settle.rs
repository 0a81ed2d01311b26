//! What follows from an answer about a refund: to the request, to a question, or by itself. The same care as for a
//! debit: silence is unknown, and a further try needs proof that the one before moved nothing.

use std::time::Duration;

use super::decide::happened;
use super::reading::{Case, Claim, Meaning};
use super::send::{alarm, fail, question, wait, wake};
use super::{Refund, RefundEvent, RefundTry};
use crate::audit::Who;
use crate::catalogue::{self, Disposition, Reason, RetryRule};
use crate::channel::{Capability, ChannelId};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect, RefundTrouble, RefundWake};
use crate::order::OrderEvent;
use crate::payment::attempt::{AttemptState, Source};
use crate::payment::settle::{CHECKS_AFTER_CLOSING, silence};
use crate::payment::{FailureProof, MoneyAnswer, NotSent, Payment, QueryAnswer};

/// Tries that never left cost the channel nothing, but they end too.
const MAX_OPENED: usize = 60;

/// The channel answered to the request.
pub(super) fn answered(
    slice: &Slice,
    payment: &Payment,
    which: (u16, u16),
    answer: &MoneyAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(case) = Case::find(slice, payment, which) else { return Decision::nothing() };
    match answer {
        MoneyAnswer::Answered { code, channel_ref, amount_minor } => {
            let Some(capability) = facts.channels.get(&case.one.channel) else {
                return unknown(case, Reason::ChannelUnavailable, facts);
            };
            let claim = Claim { code, channel_ref: channel_ref.as_ref(), amount_minor: *amount_minor };
            match case.meaning(claim, capability) {
                Meaning::Moved { defect } => moved(case, Source::Answer, claim, defect, facts),
                Meaning::NotMoved { reason, proof } => not_moved(case, reason, Some(code), proof, facts),
                Meaning::Unknown { reason } => unknown(case, reason, facts),
                // "No such order" in answer to the order itself proves nothing.
                Meaning::NotFound => unknown(case, Reason::OutcomeUnknown, facts),
            }
        }
        MoneyAnswer::NoAnswer { why } => unknown(case, silence(*why), facts),
        MoneyAnswer::NotSent { why } => {
            let reason = match why {
                NotSent::NoConnection => Reason::ConnectionFailed,
                NotSent::NotConfigured | NotSent::NoSecrets => Reason::NeverSent,
            };
            not_moved(case, reason, None, FailureProof::never_sent(*why), facts)
        }
    }
}

/// The channel answered to a question about a try.
pub(super) fn query_answered(
    slice: &Slice,
    payment: &Payment,
    which: (u16, u16),
    answer: &QueryAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(case) = Case::find(slice, payment, which) else { return Decision::nothing() };
    let Some(capability) = facts.channels.get(&case.one.channel) else { return Decision::nothing() };
    let (code, original) = match answer {
        QueryAnswer::Answered { code, original } => (code, original),
        QueryAnswer::NoAnswer { .. } | QueryAnswer::NotSent { .. } => return still_unknown(case, facts),
    };
    if let Some(original) = original {
        let claim = Claim {
            code: &original.code,
            channel_ref: original.channel_ref.as_ref(),
            amount_minor: original.amount_minor,
        };
        return match case.meaning(claim, capability) {
            Meaning::Moved { defect } => moved(case, Source::Query, claim, defect, facts),
            Meaning::NotMoved { reason, proof } => {
                not_moved(case, reason, Some(&original.code), proof, facts)
            }
            Meaning::Unknown { .. } => still_unknown(case, facts),
            Meaning::NotFound => not_found(case, capability, facts),
        };
    }
    // Without the order's own outcome only "I have no such order" says anything.
    match catalogue::look_up(capability.scheme, code).disposition {
        Disposition::NotFound => not_found(case, capability, facts),
        Disposition::Succeeded
        | Disposition::DefectiveSuccess
        | Disposition::Declined
        | Disposition::Unknown
        | Disposition::QueryAgain => still_unknown(case, facts),
    }
}

/// The channel sent a notice by itself. Where it takes questions, it is asked before anything is believed.
pub(super) fn noticed(
    slice: &Slice,
    payment: &Payment,
    which: (u16, u16),
    channel: &ChannelId,
    claim: Claim<'_>,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(case) = Case::find(slice, payment, which).filter(|case| case.one.channel == *channel) else {
        return decision;
    };
    if matches!(case.one.state, AttemptState::Succeeded { .. }) {
        return decision;
    }
    if let Some(question) = question(payment, which, facts) {
        let code = claim.code.to_owned();
        happened(&mut decision, which.0, RefundEvent::Noticed { try_no: which.1, code }, facts);
        decision.effect(facts.now, question);
        return decision;
    }
    let Some(capability) = facts.channels.get(channel) else { return decision };
    match case.meaning(claim, capability) {
        Meaning::Moved { defect } => moved(case, Source::Notice, claim, defect, facts),
        Meaning::NotMoved { reason, proof } => not_moved(case, reason, Some(claim.code), proof, facts),
        Meaning::Unknown { .. } | Meaning::NotFound => decision,
    }
}

fn not_found(case: Case<'_>, capability: &Capability, facts: &Facts<'_>) -> Decision {
    let AttemptState::Unknown { since, .. } = case.one.state else { return Decision::nothing() };
    let Some(proof) = FailureProof::not_found(capability, since, facts.asked_at) else {
        return still_unknown(case, facts);
    };
    let mut decision = not_moved(case, Reason::NotFoundAfterWindow, None, proof, facts);
    for pause in CHECKS_AFTER_CLOSING {
        let check = RefundWake::CheckClosed { try_no: case.one.number };
        decision.effect_at(facts.now.plus(pause), wake(case.payment, case.refund.number, check));
    }
    decision
}

fn unknown(case: Case<'_>, reason: Reason, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    if case.one.state != AttemptState::Sending {
        return decision;
    }
    let (number, try_no) = case.which();
    happened(&mut decision, number, RefundEvent::TryUnknown { try_no, reason }, facts);
    ask_later(case, 0, &mut decision, facts);
    // A channel that is no longer configured can't be asked: people have to know at once.
    let capability = facts.channels.get(&case.one.channel);
    let deadline_s = capability.map_or(0, |capability| capability.unknown_deadline_s);
    let due_at = facts.now.plus(Duration::from_secs(deadline_s));
    decision.effect_at(due_at, wake(case.payment, number, RefundWake::Deadline { try_no }));
    decision
}

fn still_unknown(case: Case<'_>, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let AttemptState::Unknown { asked, .. } = case.one.state else { return decision };
    let (number, try_no) = case.which();
    happened(&mut decision, number, RefundEvent::StillUnknown { try_no }, facts);
    ask_later(case, asked.saturating_add(1), &mut decision, facts);
    decision
}

/// The channel's ladder with up to a tenth of jitter, but not past the end of its late-execution window, where "not
/// found" begins to prove something.
fn ask_later(case: Case<'_>, asked: u16, decision: &mut Decision, facts: &Facts<'_>) {
    let Some(capability) = facts.channels.get(&case.one.channel) else { return };
    let Some(rules) = &capability.query else { return };
    let since = match case.one.state {
        AttemptState::Unknown { since, .. } => since,
        AttemptState::Sending | AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => facts.now,
    };
    let pause = rules.wait(asked);
    let tenth = u64::try_from(pause.as_millis()).unwrap_or(0) / 10 + 1;
    let jitter = facts.mint(case.payment.id.bucket()).below(tenth);
    let by_ladder = facts.now.plus(pause).plus(Duration::from_millis(jitter));
    let window_ends = since.plus(capability.late_execution_window());
    let due_at = if window_ends > facts.now { by_ladder.min(window_ends) } else { by_ladder };
    let ask = RefundWake::Ask { try_no: case.one.number, asked };
    decision.effect_at(due_at, wake(case.payment, case.refund.number, ask));
}

/// The money went back. What was owed to the borrower as surplus goes down first; what goes beyond all that was taken
/// (a channel broke its word about its window) is excess, and people are told.
fn moved(
    case: Case<'_>,
    source: Source,
    claim: Claim<'_>,
    defect: Option<String>,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    if matches!(case.one.state, AttemptState::Succeeded { .. }) {
        return decision;
    }
    let (payment, amount_minor) = (case.payment, case.refund.amount_minor);
    let left = payment.taken_minor().saturating_sub(payment.refunded_minor()).max(0);
    let excess_minor = amount_minor.saturating_sub(left).max(0);
    let wanted = if case.refund.moved_minor == 0 { case.refund.surplus_minor } else { 0 };
    let surplus_minor =
        wanted.min(payment.surplus_left_minor()).min(amount_minor.saturating_sub(excess_minor));
    let (number, try_no) = case.which();
    let channel_ref = claim.channel_ref.cloned();
    if defect.is_some() {
        decision.effect(facts.now, Effect::Alarm(Alarm::DefectiveSuccess { payment: payment.id }));
    }
    let event =
        RefundEvent::TrySucceeded { try_no, source, channel_ref, defect, surplus_minor, excess_minor };
    happened(&mut decision, number, event, facts);
    if payment.purpose.order().is_some() {
        let payment = payment.id;
        decision.event(OrderEvent::Refunded { payment, amount_minor, surplus_minor });
    }
    if case.refund.moved_minor > 0 || excess_minor > 0 {
        decision.effect(facts.now, alarm(payment, number, RefundTrouble::MovedTooMuch));
    }
    decision
}

fn not_moved(
    case: Case<'_>,
    reason: Reason,
    code: Option<&str>,
    proof: FailureProof,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    if !case.one.could_move_money() {
        return decision;
    }
    let (number, try_no) = case.which();
    let code = code.map(str::to_owned);
    happened(&mut decision, number, RefundEvent::TryFailed { try_no, reason, code, proof }, facts);
    let after = case.slice.after(&decision);
    // A closed try may have turned out to have moved the money meanwhile: then it is done.
    if let Some(payment) = &after.payment
        && let Some(refund) = payment.refund(number).filter(|refund| refund.moved_minor == 0)
    {
        next(payment, refund, reason, &mut decision, facts);
    }
    decision
}

/// Another try later, or the end. Never a try elsewhere at once: a refund is not in a hurry, and a channel that refused
/// one may know of another.
fn next(payment: &Payment, refund: &Refund, reason: Reason, decision: &mut Decision, facts: &Facts<'_>) {
    // The channel has sent the debit back by itself while this was under way: there is nothing left to give back.
    if let Some(source) = payment.attempt(refund.attempt).filter(|source| payment.taken_by(source) == 0) {
        let by = Who::Channel { channel: source.channel.clone() };
        return happened(decision, refund.number, RefundEvent::Withdrawn { by }, facts);
    }
    let reached = |one: &&RefundTry| match &one.state {
        AttemptState::Failed { proof, .. } => !proof.never_left(),
        AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Succeeded { .. } => true,
    };
    let counted = refund.tries.iter().filter(reached).count();
    if counted >= usize::from(facts.refunds.max_tries) || refund.tries.len() >= MAX_OPENED {
        return fail(payment, refund.number, reason, decision, facts);
    }
    let pause = match reason.entry().retry {
        RetryRule::Never | RetryRule::WhenBorrowerActs => {
            return fail(payment, refund.number, reason, decision, facts);
        }
        RetryRule::OtherChannel | RetryRule::OtherChannelThenFunds => backoff(refund),
        RetryRule::AfterMinutes(minutes) => Duration::from_secs(u64::from(minutes) * 60).max(backoff(refund)),
        RetryRule::NextDay | RetryRule::NextMonth | RetryRule::WhenFundsCome => Duration::from_secs(86_400),
    };
    wait(payment, refund, facts.now.plus(pause), reason, decision, facts);
}

/// 5, 10, 20 … minutes, at most 4 hours.
fn backoff(refund: &Refund) -> Duration {
    let failures = u32::try_from(refund.tries.len()).unwrap_or(u32::MAX).clamp(1, 7);
    Duration::from_secs((300_u64 << (failures - 1)).min(4 * 3600))
}
