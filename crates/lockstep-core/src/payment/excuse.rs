//! Not the borrower's fault: a due payment that could not be collected in time because something technical failed.
//!
//! An excuse begins when a technical failure keeps a due payment waiting (or ends it) before the bank has said
//! anything against the borrower, and it ends when the bank does: from then on the delay is the borrower's own. It
//! is never taken back, because the time before stays excused, and a borrower gets one per order.

use serde::{Deserialize, Serialize};

use super::{AttemptState, Payment};
use crate::catalogue::{Actor, Layer, Reason};
use crate::decision::{Decision, Facts, Slice};
use crate::order::OrderEvent;
use crate::time::Timestamp;

/// A time that the lender need not count against the borrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excuse {
    /// From when.
    pub since: Timestamp,
    /// Until when; `None` while nothing speaks against the borrower.
    pub until: Option<Timestamp>,
    /// What failed.
    pub reason: Reason,
}

/// Whether a cause is a technical failure of ours, of the line, of the channel or of the issuer's systems.
pub fn technical(reason: Reason) -> bool {
    let entry = reason.entry();
    match entry.layer {
        // A decline without a reason proves nothing about whose fault it is.
        Layer::Channel => reason != Reason::DeclinedGeneric,
        Layer::Network => true,
        Layer::Platform => entry.actor == Actor::Lockstep,
        Layer::Issuer => reason == Reason::IssuerUnavailable,
        Layer::Borrower | Layer::Instrument | Layer::Risk | Layer::None => false,
    }
}

/// Whether a cause is the borrower's own: the money, the card or the consent.
pub fn own(reason: Reason) -> bool {
    match reason.entry().layer {
        Layer::Borrower | Layer::Instrument => true,
        Layer::Issuer | Layer::Channel | Layer::Risk | Layer::Platform | Layer::Network | Layer::None => {
            false
        }
    }
}

/// The excuse that a payment's attempts amount to: a technical failure after which nothing else could be tried at
/// once, before any cause of the borrower's own.
pub fn of(payment: &Payment) -> Option<Excuse> {
    let mut excuse: Option<Excuse> = None;
    for (index, attempt) in payment.attempts.iter().enumerate() {
        let (reason, at) = match &attempt.state {
            AttemptState::Failed { reason, at, .. } => (*reason, *at),
            AttemptState::Unknown { overdue: true, since, .. } => (Reason::OutcomeUnknown, *since),
            AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Succeeded { .. } => continue,
        };
        let went_on_at_once = payment.attempts.get(index + 1).is_some_and(|next| next.opened_at <= at);
        match &mut excuse {
            None if own(reason) => return None,
            None if technical(reason) && !went_on_at_once => {
                excuse = Some(Excuse { since: attempt.opened_at, until: None, reason });
            }
            Some(excuse) if own(reason) && excuse.until.is_none() => excuse.until = Some(at),
            None | Some(_) => {}
        }
    }
    excuse
}

/// Tells the order that its payment can't go on at once: a technical cause excuses the borrower, unless the bank
/// has spoken against the borrower before; a cause of the borrower's own ends the excuse, or rules one out.
pub(super) fn record(after: &Slice, reason: Reason, decision: &mut Decision, facts: &Facts<'_>) {
    let (Some(payment), Some(order)) = (&after.payment, &after.order) else { return };
    if order.own_cause_at.is_some() || order.due_at > facts.now {
        return;
    }
    if own(reason) {
        return decision.event(OrderEvent::OwnCauseSeen { reason, at: facts.now });
    }
    let opened = payment.last_attempt().map_or(facts.now, |attempt| attempt.opened_at);
    if technical(reason) && order.excused.is_none() {
        decision.event(OrderEvent::Excused { since: opened.max(order.due_at), reason, at: facts.now });
    }
}
