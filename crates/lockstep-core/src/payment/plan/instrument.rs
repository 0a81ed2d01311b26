//! When another instrument of the same borrower may help.

use super::super::{Attempt, Payment};
use crate::catalogue::{Layer, Reason, RetryRule};

/// Reasons that another instrument of the same borrower doesn't share: its money, state and limits.
pub(in crate::payment) fn says_about_instrument(reason: Reason) -> bool {
    let entry = reason.entry();
    match entry.layer {
        Layer::Borrower | Layer::Instrument => true,
        // An issuer that is down is no fault of the card.
        Layer::Issuer => !matches!(entry.retry, RetryRule::AfterMinutes(_)),
        Layer::Channel | Layer::Risk | Layer::Platform | Layer::Network | Layer::None => false,
    }
}

/// The reason that decides what comes next. When a stand-in failed by itself, that doesn't end the payment: its own
/// instrument decides, unless that is hopeless and the stand-in isn't.
pub(in crate::payment) fn deciding(payment: &Payment, reason: Reason) -> Reason {
    let stand_in = payment.last_attempt().is_some_and(|attempt| attempt.binding.is_some());
    if !stand_in || !says_about_instrument(reason) {
        return reason;
    }
    let hopeless =
        |reason: Reason| matches!(reason.entry().retry, RetryRule::Never | RetryRule::WhenBorrowerActs);
    let own = payment.attempts.iter().rev().filter(|attempt| attempt.binding.is_none());
    match own.filter_map(Attempt::failure).map(|(reason, _)| reason).next() {
        Some(own) if hopeless(own) && !hopeless(reason) => reason,
        Some(own) => own,
        // It had no way at all then; it may have one later.
        None => Reason::ChannelUnavailable,
    }
}
