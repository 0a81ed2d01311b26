//! What to offer when a payment has no second way: signing on another channel.

use super::super::{Payment, PaymentState, plan};
use super::Finding;
use super::look::occasion;
use crate::binding::{Binding, Mandate};
use crate::catalogue::{Layer, Reason};
use crate::channel::{ChannelId, Direction};
use crate::decision::Facts;
use crate::id::BindingId;

/// A mandate that the borrower could sign so that a payment has another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The binding to sign for.
    pub binding: BindingId,
    /// The channel that could take this instrument and amount, and holds no mandate.
    pub channel: ChannelId,
}

/// What could be signed so that this payment gets another way, in name order. Nothing while a second mandate holds,
/// and nothing where another channel wouldn't help.
pub fn offers(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Vec<Offer> {
    let stuck = match &payment.state {
        PaymentState::Waiting { reason: Some(reason), .. } | PaymentState::Failed { reason, .. } => {
            another_channel_helps(*reason)
        }
        PaymentState::Waiting { reason: None, .. }
        | PaymentState::Trying { .. }
        | PaymentState::Unknown { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Cancelled { .. } => false,
    };
    if stuck { signable(payment, binding, facts) } else { Vec::new() }
}

/// What could be signed for a payment, whatever state it is in.
pub(in crate::payment) fn signable(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Vec<Offer> {
    let live = binding.live_mandates().count();
    if payment.purpose.direction() != Direction::Collect || live > 1 || binding.unbound_at.is_some() {
        return Vec::new();
    }
    let rule = facts.rules.first_match(occasion(payment, binding, facts));
    let taken = |channel: &ChannelId| {
        let held = binding.mandates.get(channel);
        held.is_some_and(|mandate| mandate.agreement_no().is_some() || Mandate::in_motion(mandate))
    };
    let wanted = |channel: &ChannelId| payment.channels.is_empty() || payment.channels.contains(channel);
    let able = facts.channels.iter().filter(|capability| {
        capability.signs(binding.instrument.kind)
            && capability.collect.as_ref().is_some_and(|limits| limits.allow(payment.money))
    });
    able.map(|capability| &capability.id)
        .filter(|channel| wanted(channel) && !taken(channel))
        .filter(|channel| !rule.is_some_and(|rule| rule.excludes(channel)))
        .map(|channel| Offer { binding: binding.id, channel: channel.clone() })
        .collect()
}

/// Whether the cause sits where another channel isn't touched by it.
fn another_channel_helps(reason: Reason) -> bool {
    let limits = [
        Reason::SingleLimitExceeded,
        Reason::LimitExceeded,
        Reason::DailyLimitExceeded,
        Reason::MonthlyLimitExceeded,
        Reason::DailyLimitUsedUp,
        Reason::MonthlyLimitUsedUp,
    ];
    let layer = reason.entry().layer;
    matches!(layer, Layer::Channel | Layer::Network)
        || plan::concerns_one_mandate(reason)
        || limits.contains(&reason)
        || [Finding::NoMandate.reason(), Reason::ExcludedByRule].contains(&reason)
}
