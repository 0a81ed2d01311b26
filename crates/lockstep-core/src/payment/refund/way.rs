//! How money goes back: as a refund on the channel that took it, or, where that channel can't, as a credit to the same
//! instrument on one that pays out.

use std::time::Duration;

use super::RefundWay;
use crate::channel::{Capability, ChannelId, Direction, RefundRules};
use crate::decision::Facts;
use crate::money::Money;
use crate::payment::{Attempt, AttemptState, Payment};
use crate::time::Timestamp;

/// Where a refund could go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Here, at once.
    Now(ChannelId, RefundWay),
    /// Nothing is open before this moment.
    At(Timestamp),
    /// Nowhere at any time.
    Nowhere,
}

/// Looks for a way back for a part of what an attempt took.
pub(super) fn find(payment: &Payment, attempt: &Attempt, money: Money, facts: &Facts<'_>) -> Way {
    if let Some(capability) = back(payment, attempt, money, facts) {
        return at_its_hours(&[capability], RefundWay::Back, facts);
    }
    // The attempt's own channel first, then by name.
    let mut able: Vec<_> = facts.channels.iter().filter(|one| pays_out(one, money)).collect();
    able.sort_by_key(|capability| capability.id != attempt.channel);
    at_its_hours(&able, RefundWay::PayOut, facts)
}

fn pays_out(capability: &Capability, money: Money) -> bool {
    capability.limits(Direction::PayOut).is_some_and(|limits| limits.allow(money))
}

/// The attempt's own channel, if its rules let this much go back now.
fn back<'a>(payment: &Payment, attempt: &Attempt, money: Money, facts: &Facts<'a>) -> Option<&'a Capability> {
    let AttemptState::Succeeded { at, .. } = attempt.state else { return None };
    let capability = facts.channels.get(&attempt.channel)?;
    let rules: &RefundRules = capability.refund.as_ref()?;
    let in_time = facts.now < at.plus(Duration::from_secs(u64::from(rules.max_age_days) * 86_400));
    let whole = money.amount_minor == payment.taken_by(attempt);
    (in_time && (rules.partial || whole)).then_some(capability)
}

fn at_its_hours(able: &[&Capability], way: RefundWay, facts: &Facts<'_>) -> Way {
    if let Some(open) = able.iter().find(|capability| capability.hours.open_at(facts.now)) {
        return Way::Now(open.id.clone(), way);
    }
    let opening = able.iter().map(|capability| capability.hours.next_open(facts.now)).min();
    opening.map_or(Way::Nowhere, Way::At)
}
