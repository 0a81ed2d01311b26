//! Best first: instruments in their order, then what was found, then the lender's rule, then the chance with its
//! uncertainty, then the cost, then the order in which the lender named the channels when binding.

use super::look::Seen;
use crate::channel::ChannelId;
use crate::routing::Then;

/// Sorts what was seen, best first. Comes in the order of preference.
pub(super) fn sort(seen: &mut Vec<Seen<'_>>) {
    // Stable: among equals the order of preference holds.
    seen.sort_by_key(|one| {
        let unready = u8::from(!one.finding.ready());
        (unready, one.tier, one.finding.place(), one.binding.id, named(one))
    });
    let (mut ready, rest): (Vec<_>, Vec<_>) =
        std::mem::take(seen).into_iter().partition(|one| one.finding.ready());
    while !ready.is_empty() {
        let first = (group(&ready[0]), named(&ready[0]));
        let equals = ready.iter().take_while(|one| (group(one), named(one)) == first).count();
        let best = best_of(&ready[..equals]);
        seen.push(ready.remove(best));
    }
    seen.extend(rest);
}

/// Those of one group compete with each other: one instrument, found alike.
pub(super) fn group(one: &Seen<'_>) -> (u8, u8, crate::id::BindingId) {
    (one.tier, one.finding.place(), one.binding.id)
}

/// Place in the lender's rule: those it names come in its order, before the others.
fn named(one: &Seen<'_>) -> usize {
    let place = |list: &[ChannelId]| list.iter().position(|channel| channel == one.channel);
    match one.rule.map(|rule| &rule.then) {
        Some(Then::Pin(list) | Then::Prefer(list)) => place(list).unwrap_or(usize::MAX),
        Some(Then::Split(split)) if split.shares_ppm.contains_key(one.channel) => 0,
        Some(Then::Exclude(_) | Then::Split(_)) | None => usize::MAX,
    }
}

/// The place of the best: those whose chance can't be told from the highest one count as equal to it, and the
/// cheapest of them goes first.
fn best_of(equals: &[Seen<'_>]) -> usize {
    let Some(top) = equals.iter().max_by_key(|one| one.chance_ppm()) else { return 0 };
    let as_good = |one: &&(usize, &Seen<'_>)| {
        top.chance_ppm().saturating_sub(one.1.chance_ppm()) <= combined_spread_ppm(top, one.1)
    };
    // The first of equal cost stays: the order of preference.
    let places: Vec<_> = equals.iter().enumerate().collect();
    let cheapest = places.iter().filter(as_good).min_by_key(|(_, one)| one.cost_milli_minor);
    cheapest.map_or(0, |(place, _)| *place)
}

/// One standard deviation of the difference of two estimates that were made apart.
fn combined_spread_ppm(one: &Seen<'_>, two: &Seen<'_>) -> u32 {
    let square = |ppm: u32| u64::from(ppm) * u64::from(ppm);
    let sum = square(one.spread_ppm()).saturating_add(square(two.spread_ppm()));
    u32::try_from(sum.isqrt()).unwrap_or(u32::MAX)
}
