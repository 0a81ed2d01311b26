//! People: what to do with an unknown that has outlived its deadline. One person says what became of it, a second
//! one has to say the same, each with an API key of their own.

use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, AttemptState, Source};
use super::proof::FailureProof;
use super::settle::{self, Claim, Meaning};
use super::{Payment, PaymentEvent, reversal, statement};
use crate::catalogue::Reason;
use crate::channel::Capability;
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Alarm, Effect};
use crate::id::ApiKeyId;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// What became of an attempt, in a person's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The money moved.
    Moved,
    /// No money moved.
    NotMoved,
}

/// What one person says became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What became of it.
    pub outcome: Outcome,
    /// What that rests on, 1–500 characters. No personal data.
    pub evidence: String,
    /// Whose key.
    pub by: ApiKeyId,
    /// When.
    pub at: Timestamp,
}

/// What two people decided about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplesDecision {
    /// What became of it.
    pub outcome: Outcome,
    /// What that rests on.
    pub evidence: String,
    /// The first one's key.
    pub proposed_by: ApiKeyId,
    /// The second one's key.
    pub approved_by: ApiKeyId,
    /// When.
    pub at: Timestamp,
    /// When the channel proved that money had not moved of which they had said that it had.
    pub contradicted_at: Option<Timestamp>,
}

/// The attempt, if people may decide about it.
fn overdue(payment: &Payment, number: u16) -> Result<(&Attempt, Option<&Proposal>), Refusal> {
    let attempt = payment.attempt(number).ok_or(Refusal::AttemptNotFound)?;
    match &attempt.state {
        AttemptState::Unknown { overdue: true, proposal, .. } => Ok((attempt, proposal.as_ref())),
        AttemptState::Unknown { .. } => Err(Refusal::NotOverdue),
        AttemptState::Sending => Err(Refusal::AttemptUnderWay),
        AttemptState::Succeeded { .. } | AttemptState::Failed { .. } => Err(Refusal::OutcomeKnown),
    }
}

/// The first person says what became of an attempt.
pub(super) fn propose(
    payment: &Payment,
    number: u16,
    outcome: Outcome,
    evidence: &str,
    by: ApiKeyId,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let (_, standing) = overdue(payment, number)?;
    let mut decision = Decision::nothing();
    match standing {
        Some(same) if same.by == by && same.outcome == outcome && same.evidence == evidence => {}
        Some(_) => return Err(Refusal::ProposalStands),
        None => {
            let evidence = evidence.to_owned();
            decision.event(PaymentEvent::OutcomeProposed { number, outcome, evidence, by, at: facts.now });
        }
    }
    Ok(decision)
}

/// The proposal is taken back by whoever made it, or rejected by somebody else.
pub(super) fn withdraw(
    payment: &Payment,
    number: u16,
    by: ApiKeyId,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let (_, standing) = overdue(payment, number)?;
    standing.ok_or(Refusal::NoProposal)?;
    let mut decision = Decision::nothing();
    decision.event(PaymentEvent::ProposalWithdrawn { number, by, at: facts.now });
    Ok(decision)
}

/// The second person says the same: it is decided.
pub(super) fn approve(
    slice: &Slice,
    payment: &Payment,
    number: u16,
    outcome: Outcome,
    by: ApiKeyId,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let (attempt, standing) = overdue(payment, number)?;
    let proposal = standing.ok_or(Refusal::NoProposal)?;
    let proof = FailureProof::by_two_people(proposal.by, by).ok_or(Refusal::SameApprover)?;
    if proposal.outcome != outcome {
        return Err(Refusal::ProposalDiffers);
    }
    if outcome == Outcome::Moved {
        stays(attempt, facts)?;
    }
    let mut decision = Decision::nothing();
    decision.event(PaymentEvent::OutcomeApproved {
        number,
        outcome,
        evidence: proposal.evidence.clone(),
        proposed_by: proposal.by,
        approved_by: by,
        at: facts.now,
    });
    let after = slice.after(&decision);
    let follows = match outcome {
        Outcome::Moved => {
            let claim = Claim { code: "", channel_ref: None, amount_minor: None };
            let mut moved = settle::moved(&after, attempt, Source::People, claim, None, facts);
            let then = after.after(&moved);
            settle::check_later(payment, number, &mut moved, facts);
            statement::plan(&then, number, &mut moved, facts);
            moved
        }
        Outcome::NotMoved => settle::closed(&after, attempt, Reason::ClosedByPeople, None, proof, facts),
    };
    decision.append(follows);
    Ok(decision)
}

/// Money that people say has moved must not be undone afterwards by a reversal that is still on its way.
fn stays(attempt: &Attempt, facts: &Facts<'_>) -> Result<(), Refusal> {
    let capability = facts.channels.get(&attempt.channel);
    let window = capability.map(Capability::late_execution_window).unwrap_or_default();
    match reversal::quiet_from(attempt, window) {
        Some(from) if from <= facts.now => Ok(()),
        free_at => Err(Refusal::ReversalUnderWay { free_at }),
    }
}

/// The channel was asked about money of which people say that it moved.
pub(super) fn told(
    slice: &Slice,
    attempt: &Attempt,
    meaning: &Meaning,
    code: &str,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let disproved = match meaning {
        Meaning::NotMoved { .. } => true,
        // They decide long after the window; still, its end is what makes this an answer.
        Meaning::NotFound => {
            let window = facts.channels.get(&attempt.channel).map(Capability::late_execution_window);
            let decided = attempt.decided.as_ref().map(|decided| decided.at);
            decided.zip(window).is_some_and(|(at, window)| facts.now >= at.plus(window))
        }
        Meaning::Moved { .. } | Meaning::Unknown { .. } => false,
    };
    if disproved {
        contradicted(slice, attempt, Some(code.to_owned()), &mut decision, facts);
    }
    decision
}

/// The channel proves that money did not move which people said had moved. It is for people to put right: the
/// lender has booked it.
pub(super) fn contradicted(
    slice: &Slice,
    attempt: &Attempt,
    code: Option<String>,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    if let Some(payment) = slice.payment.as_ref().filter(|_| attempt.moved_by_people()) {
        let number = attempt.number;
        decision.event(PaymentEvent::DecisionContradicted { number, code, at: facts.now });
        let alarm = Alarm::DecisionContradicted { payment: payment.id, attempt: number };
        decision.effect(facts.now, Effect::Alarm(alarm));
    }
}
