//! Limits: the least of what the channel, the bank behind the instrument (where the channel names it) and the
//! borrower's mandate allow in one payment, a day and a month.

use std::time::Duration;

use super::super::Payment;
use super::Finding;
use crate::binding::Binding;
use crate::channel::{AmountLimits, Capability, Ceilings, ChannelId, Period};
use crate::decision::Facts;
use crate::id::Mint;
use crate::time::{Day, Timestamp, Zone};

/// The least of all limits on this channel.
fn ceilings(binding: &Binding, channel: &ChannelId, limits: &AmountLimits) -> Ceilings {
    let ceilings = limits.ceilings(binding.instrument.issuer.as_deref());
    let terms = binding.mandates.get(channel).map(|mandate| &mandate.terms);
    let least = |one: Option<i64>, two: Option<i64>| one.into_iter().chain(two).min();
    Ceilings {
        single_minor: ceilings.single_minor,
        daily_minor: least(ceilings.daily_minor, terms.and_then(|terms| terms.daily_minor)),
        monthly_minor: least(ceilings.monthly_minor, terms.and_then(|terms| terms.monthly_minor)),
    }
}

/// The day on which a payment is counted if it is opened now; `None` where nobody limits days or months.
pub(in crate::payment) fn counted_on(
    binding: &Binding,
    channel: &ChannelId,
    facts: &Facts<'_>,
) -> Option<Day> {
    let capability = facts.channels.get(channel)?;
    let ceilings = ceilings(binding, channel, capability.collect.as_ref()?);
    let limited = ceilings.daily_minor.is_some() || ceilings.monthly_minor.is_some();
    limited.then(|| Day::of(facts.now, &capability.hours.zone))
}

/// What a limit has against the payment now, and when that ends.
pub(super) fn obstacle(
    payment: &Payment,
    binding: &Binding,
    capability: &Capability,
    facts: &Facts<'_>,
) -> Option<(Finding, Option<Timestamp>)> {
    let limits = capability.collect.as_ref()?;
    let amount_minor = payment.money.amount_minor;
    let ceilings = ceilings(binding, &capability.id, limits);
    let (zone, usage) = (&capability.hours.zone, binding.usage.get(&capability.id));
    let today = Day::of(facts.now, zone);
    let periods = [(Period::Month, ceilings.monthly_minor), (Period::Day, ceilings.daily_minor)];
    let never = |(_, ceiling): &(Period, Option<i64>)| ceiling.is_some_and(|ceiling| amount_minor > ceiling);
    if amount_minor > ceilings.single_minor || periods.iter().any(never) {
        return Some((Finding::AmountOutOfRange, None));
    }
    periods.into_iter().find_map(|(period, ceiling)| {
        let used = usage.map_or(0, |usage| usage.in_period(period, today));
        let counted = ceiling.filter(|ceiling| used.saturating_add(amount_minor) > *ceiling);
        let by_count = counted.map(|_| end_of(period, today, zone));
        let by_word = usage.and_then(|usage| usage.told_until(period, amount_minor, facts.now));
        let until = by_count.max(by_word)?;
        Some((Finding::LimitUsedUp { period, until }, Some(in_the_day(until, binding, facts))))
    })
}

/// The first moment after a day or its month, in the channel's zone.
pub(in crate::payment) fn end_of(period: Period, day: Day, zone: &Zone) -> Timestamp {
    let next = match period {
        Period::Day => day.next(),
        Period::Month => day.first_of_next_month(),
    };
    zone.moment(next.date(), 0)
}

/// A limit is free again at midnight, and nobody wants to be debited then: the day's own tries begin later, spread
/// out.
fn in_the_day(moment: Timestamp, binding: &Binding, facts: &Facts<'_>) -> Timestamp {
    let zone = &facts.retry.zone;
    let begins = zone.moment(moment.day_in(zone), facts.retry.day_starts_minute);
    if moment >= begins {
        return moment;
    }
    let mut seed = facts.seed;
    seed[0] ^= 0x3e;
    let spread_s = Mint::new(binding.id.bucket(), facts.now, seed).below(facts.retry.spread_s.max(1));
    begins.plus(Duration::from_secs(spread_s))
}
