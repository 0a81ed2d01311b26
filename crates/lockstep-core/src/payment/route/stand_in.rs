//! Instruments that may stand in for the payment's own, where the borrower has agreed.
//!
//! One is used only when the payment's own instrument has failed this payment for a reason of its own (no funds,
//! frozen, a limit), or has no way at the moment. Never for a micro-deposit, which proves one account.

use std::time::Duration;

use super::super::{Payment, Purpose, plan};
use super::Finding;
use crate::binding::Binding;
use crate::catalogue::{Reason, RetryRule};
use crate::decision::Facts;
use crate::id::BindingId;
use crate::time::Timestamp;

/// The payment's own instrument comes first.
pub(super) const BEFORE: u8 = 0;
/// Then those that stand in.
pub(super) const INSTEAD: u8 = 1;
/// An own instrument that has failed comes last.
pub(super) const AFTER: u8 = 2;

/// Whether an instrument may stand in: of the same borrower, agreed to, not given up, and not the own one. What the
/// store loaded is not taken on trust.
pub(super) fn allowed(payment: &Payment, own: &Binding, other: &Binding) -> bool {
    let repays = match payment.purpose {
        Purpose::Repayment { .. } => true,
        Purpose::MicroDeposit => false,
    };
    let same = other.borrower == payment.borrower && other.tenant == payment.tenant;
    repays && same && other.id != own.id && other.may_stand_in()
}

/// Why an instrument has failed this payment, and until when it stands behind: for good where only the borrower can
/// change it.
pub(super) fn spent(
    payment: &Payment,
    stand_in: Option<BindingId>,
    facts: &Facts<'_>,
) -> Option<(Reason, Option<Timestamp>)> {
    let policy = &facts.retry.route;
    let of_it = payment.attempts.iter().filter(|attempt| attempt.binding == stand_in);
    let (reason, at) = of_it
        .filter_map(super::super::Attempt::failure)
        .filter(|(reason, _)| plan::says_about_instrument(*reason))
        .max_by_key(|(_, at)| *at)?;
    match reason.entry().retry {
        RetryRule::Never | RetryRule::WhenBorrowerActs => Some((reason, None)),
        RetryRule::OtherChannel
        | RetryRule::OtherChannelThenFunds
        | RetryRule::WhenFundsCome
        | RetryRule::AfterMinutes(_)
        | RetryRule::NextDay
        | RetryRule::NextMonth => {
            let until = at.plus(Duration::from_secs(policy.spent_s));
            (facts.now < until).then_some((reason, Some(until)))
        }
    }
}

/// What an instrument itself has against being used. The own one is used until it is hopeless; a stand-in only
/// while nothing speaks against it.
pub(super) fn obstacle(
    payment: &Payment,
    binding: &Binding,
    stand_in: bool,
    facts: &Facts<'_>,
) -> Option<(Finding, Option<Timestamp>)> {
    let observed = binding.observed.as_ref().map(|observation| observation.status);
    let bad = observed.filter(|status| stand_in || status.hopeless()).and_then(|status| status.reason());
    if let Some(reason) = bad {
        return Some((Finding::InstrumentNotUsable { reason }, None));
    }
    let (reason, until) = spent(payment, Some(binding.id), facts).filter(|_| stand_in)?;
    Some((Finding::InstrumentNotUsable { reason }, until))
}
