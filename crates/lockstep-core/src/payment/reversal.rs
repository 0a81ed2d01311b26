//! Reversals: having a channel undo an attempt of which nobody knows whether it moved money.
//!
//! A reversal once begun is carried to its answer (store and forward), and until then nothing the channel says
//! elsewhere makes the attempt a success: the reversal may still undo it. So no lender is ever told of a success
//! that a reversal of ours undoes afterwards.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::ReversalAnswer;
use super::attempt::{Attempt, AttemptState};
use super::decide::question;
use super::people::Outcome;
use super::proof::FailureProof;
use super::{Payment, PaymentEvent, people, settle};
use crate::catalogue::{self, Disposition, Reason};
use crate::channel::{Capability, Direction, ReversalRules};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Effect, ReversalOrder, Wake};
use crate::time::Timestamp;

/// The reversal of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// When it was begun.
    pub since: Timestamp,
    /// How often it was sent.
    pub sent: u16,
    /// Where it stands.
    pub state: ReversalState,
}

/// Where a reversal stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reversal", rename_all = "snake_case")]
pub enum ReversalState {
    /// On its way.
    Sending,
    /// It came back without an answer that ends it, and is sent again.
    Unanswered {
        /// When it came back.
        at: Timestamp,
    },
    /// The channel says that the attempt is undone.
    Reversed {
        /// When we knew.
        at: Timestamp,
    },
    /// The channel will not undo the attempt; usually because its money has been settled.
    Refused {
        /// Its code.
        code: String,
        /// When we knew.
        at: Timestamp,
    },
    /// The channel has no such order, and none will come any more.
    NotFound {
        /// When we knew.
        at: Timestamp,
    },
}

/// What a channel's code says in answer to a reversal.
enum Reading {
    Reversed,
    NotFound,
    Refused,
    Nothing,
}

fn read(answer: &ReversalAnswer, capability: &Capability) -> Reading {
    let ReversalAnswer::Answered { code } = answer else {
        return Reading::Nothing;
    };
    let verdict = catalogue::look_up(capability.scheme, code);
    match verdict.disposition {
        Disposition::Succeeded => Reading::Reversed,
        Disposition::Declined if verdict.reason == Reason::AlreadyReversed => Reading::Reversed,
        // Closed or overloaded now says nothing about later.
        Disposition::Declined if passes(verdict.reason) => Reading::Nothing,
        Disposition::Declined => Reading::Refused,
        Disposition::NotFound => Reading::NotFound,
        Disposition::DefectiveSuccess | Disposition::Unknown | Disposition::QueryAgain => Reading::Nothing,
    }
}

fn passes(reason: Reason) -> bool {
    reason == Reason::OutsideHours || reason.entry().says_about_channel
}

fn rules<'a>(payment: &Payment, capability: &'a Capability) -> Option<&'a ReversalRules> {
    // A credit that went out is not ours to undo.
    capability.reversal.as_ref().filter(|_| payment.purpose.direction() == Direction::Collect)
}

/// Sets the timer of the first reversal, when an attempt has become unknown.
pub(super) fn plan(payment: &Payment, attempt: &Attempt, decision: &mut Decision, facts: &Facts<'_>) {
    let capability = facts.channels.get(&attempt.channel);
    if let Some(rules) = capability.and_then(|capability| rules(payment, capability)) {
        wake(payment, attempt, 0, Duration::from_secs(rules.after_s), decision, facts);
    }
}

fn wake(
    payment: &Payment,
    attempt: &Attempt,
    sent: u16,
    pause: Duration,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let wake = Wake::ReverseAttempt { payment: payment.id, attempt: attempt.number, sent };
    decision.effect_at(facts.now.plus(pause), Effect::Wake(wake));
}

/// It is time to send a reversal, for the first time or again.
pub(super) fn due(payment: &Payment, number: u16, sent: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let Some(attempt) = payment.attempt(number) else {
        return decision;
    };
    let Some(capability) = facts.channels.get(&attempt.channel) else {
        return decision;
    };
    let Some(rules) = rules(payment, capability) else {
        return decision;
    };
    let (so_far, begun) = match &attempt.reversal {
        None => (0, false),
        Some(Reversal { sent, state: ReversalState::Unanswered { .. }, .. }) => (*sent, true),
        Some(_) => return decision,
    };
    let wanted = match &attempt.state {
        AttemptState::Unknown { proposal: Some(proposal), .. } if proposal.outcome == Outcome::Moved => {
            // Somebody says that the money moved and should stay: the second person decides before it is undone.
            if so_far == sent {
                wake(payment, attempt, sent, rules.wait(sent), &mut decision, facts);
            }
            return decision;
        }
        AttemptState::Unknown { .. } => true,
        AttemptState::Failed { .. } => begun,
        AttemptState::Sending | AttemptState::Succeeded { .. } => false,
    };
    if wanted && so_far == sent {
        decision.event(PaymentEvent::ReversalSent { number, at: facts.now });
        decision.effect(facts.now, Effect::Reverse(order(payment, attempt)));
    }
    decision
}

fn order(payment: &Payment, attempt: &Attempt) -> ReversalOrder {
    ReversalOrder {
        payment: payment.id,
        attempt: attempt.number,
        channel: attempt.channel.clone(),
        reversal_no: Payment::reversal_no(payment.id, attempt.number),
        order_no: attempt.order_no.clone(),
        money: payment.money,
        sent_at: attempt.opened_at,
    }
}

/// Something came back from sending a reversal.
pub(super) fn answered(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    answer: &ReversalAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let Some(attempt) = payment.attempt(number) else {
        return Decision::nothing();
    };
    let Some(Reversal { since, sent, state: ReversalState::Sending }) = &attempt.reversal else {
        return Decision::nothing();
    };
    let code = match answer {
        ReversalAnswer::Answered { code } => code.as_str(),
        ReversalAnswer::NoAnswer { .. } | ReversalAnswer::NotSent { .. } => "",
    };
    let capability = facts.channels.get(&attempt.channel);
    match capability.map(|capability| (capability, read(answer, capability))) {
        Some((_, Reading::Reversed)) => reversed(slice, attempt, code, facts),
        Some((capability, Reading::NotFound)) => {
            let since = attempt.unknown_since().unwrap_or(*since);
            let proof = FailureProof::blocked_by_reversal(capability, code)
                .or_else(|| FailureProof::not_found(capability, since, facts.asked_at));
            match proof {
                Some(proof) => not_found(slice, attempt, code, proof, facts),
                None => unanswered(payment, attempt, *sent, facts),
            }
        }
        Some((capability, Reading::Refused)) => refused(payment, attempt, code, capability, facts),
        Some((_, Reading::Nothing)) | None => unanswered(payment, attempt, *sent, facts),
    }
}

fn back(attempt: &Attempt, state: ReversalState, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    decision.event(PaymentEvent::ReversalBack { number: attempt.number, state, at: facts.now });
    decision
}

fn reversed(slice: &Slice, attempt: &Attempt, code: &str, facts: &Facts<'_>) -> Decision {
    let mut decision = back(attempt, ReversalState::Reversed { at: facts.now }, facts);
    let (proof, code) = (FailureProof::reversed(code), Some(code.to_owned()));
    if attempt.moved_by_people() {
        people::contradicted(slice, attempt, code, &mut decision, facts);
    } else {
        let after = slice.after(&decision);
        decision.append(settle::not_moved(&after, attempt, Reason::Reversed, code, proof, facts));
    }
    decision
}

fn not_found(
    slice: &Slice,
    attempt: &Attempt,
    code: &str,
    proof: FailureProof,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = back(attempt, ReversalState::NotFound { at: facts.now }, facts);
    let after = slice.after(&decision);
    let code = Some(code.to_owned());
    decision.append(settle::closed(&after, attempt, Reason::NotFoundAfterWindow, code, proof, facts));
    decision
}

/// The channel will not undo it: it is asked once no sending of the reversal can still be executed.
fn refused(
    payment: &Payment,
    attempt: &Attempt,
    code: &str,
    capability: &Capability,
    facts: &Facts<'_>,
) -> Decision {
    let state = ReversalState::Refused { code: code.to_owned(), at: facts.now };
    let mut decision = back(attempt, state, facts);
    if let Some(question) = question(payment, attempt.number, facts) {
        decision.effect_at(facts.now.plus(capability.late_execution_window()), question);
    }
    decision
}

fn unanswered(payment: &Payment, attempt: &Attempt, sent: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = back(attempt, ReversalState::Unanswered { at: facts.now }, facts);
    let Some(capability) = facts.channels.get(&attempt.channel) else {
        return decision;
    };
    let Some(rules) = rules(payment, capability) else {
        return decision;
    };
    let mut pause = rules.wait(sent);
    // Not past the end of the late-execution window, where "not found" begins to prove something.
    if let Some(since) = attempt.unknown_since() {
        let window_ends = since.plus(capability.late_execution_window());
        if window_ends > facts.now {
            pause = pause.min(window_ends.since(facts.now));
        }
    }
    wake(payment, attempt, sent, pause, &mut decision, facts);
    decision
}

/// Whether "the money moved" may be believed although a reversal was sent. Not while the reversal is under way, for
/// it may still undo it; not after the channel has undone it, for some go on showing the original's old code; and
/// after any other end only once no sending can still be executed.
pub(super) fn lets_believe(attempt: &Attempt, capability: &Capability, now: Timestamp) -> bool {
    match attempt.reversal.as_ref().map(|reversal| &reversal.state) {
        None => true,
        Some(ReversalState::Sending | ReversalState::Unanswered { .. } | ReversalState::Reversed { .. }) => {
            false
        }
        Some(ReversalState::Refused { at, .. } | ReversalState::NotFound { at }) => {
            now >= at.plus(capability.late_execution_window())
        }
    }
}

/// What a decline means for an attempt that we have been reversing: "already reversed" is then our own doing, and
/// says nothing against trying elsewhere.
pub(super) fn own(
    attempt: &Attempt,
    reason: Reason,
    code: &str,
    proof: FailureProof,
) -> (Reason, FailureProof) {
    if reason == Reason::AlreadyReversed && attempt.reversal.is_some() {
        (Reason::Reversed, FailureProof::reversed(code))
    } else {
        (reason, proof)
    }
}

/// The first moment at which no sending of the reversal can still be executed; `None` while one is on its way.
pub(super) fn quiet_from(attempt: &Attempt, window: Duration) -> Option<Timestamp> {
    match attempt.reversal.as_ref().map(|reversal| &reversal.state) {
        None => Some(attempt.opened_at),
        Some(ReversalState::Sending) => None,
        Some(
            ReversalState::Unanswered { at }
            | ReversalState::Reversed { at }
            | ReversalState::Refused { at, .. }
            | ReversalState::NotFound { at },
        ) => Some(at.plus(window)),
    }
}
