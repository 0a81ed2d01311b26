//! With which probability each candidate is chosen, and the choice itself.
//!
//! Two draws decide. *Admission* to half-open channels is a hash of payment, attempt and period: looking again within
//! a period wins nothing, and in the end everybody has a turn. A ramp grows with the answers it brings, so if the
//! same payments were turned away for good, a quiet channel or issuer would stay half open for days. The *choice* is the lender's split (a hash of
//! borrower or payment) or, where the order was learned, a little exploration from the decision's seed.
//!
//! The share that is stored is the probability over both draws, given that an attempt is opened. It is what a later
//! evaluation of other policies divides by, so it has to be exact: the test plays it thousands of times.

use sha2::{Digest, Sha256};

use super::super::Payment;
use super::look::{Seen, WHOLE_PPM};
use super::policy::RoutePolicy;
use super::rank::group;
use super::stream;
use crate::decision::Facts;
use crate::routing::{Split, SplitBy, Then};

/// The attempt's place among all, for admission to half-open channels: 0–999,999. Drawn anew in each period of the
/// longest wait between two looks.
pub(super) fn admission(payment: &Payment, facts: &Facts<'_>) -> u32 {
    let period = period(facts, facts.retry.route.recheck_max_s);
    place_of(&format!("admission\0{}\0{}\0{period}", payment.id, payment.attempts.len() + 1))
}

/// The number of the period of `length_s` that it is now.
pub(super) fn period(facts: &Facts<'_>, length_s: u64) -> i64 {
    let length_ms = i64::try_from(length_s.saturating_mul(1000)).unwrap_or(i64::MAX).max(1);
    facts.now.as_millis().div_euclid(length_ms)
}

/// A number in 0–999,999 that is always the same for a text.
pub(super) fn place_of(text: &str) -> u32 {
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u32::try_from(u64::from_be_bytes(bytes) % u64::from(WHOLE_PPM)).unwrap_or(0)
}

/// The one that is chosen, with exactly the probabilities of `shares`; `None` when nobody is let through.
pub(super) fn choice(
    payment: &Payment,
    seen: &[Seen<'_>],
    shares: &[u32],
    facts: &Facts<'_>,
) -> Option<usize> {
    let first = shares.iter().position(|share| *share > 0)?;
    let Some(split) = split_of(&seen[first]) else {
        let draw = u32::try_from(stream(payment, facts).below(u64::from(WHOLE_PPM))).unwrap_or(0);
        return pick(shares.iter().copied().enumerate(), draw);
    };
    let dealt = match split.by {
        SplitBy::Borrower => payment.borrower.to_string(),
        SplitBy::Payment => payment.id.to_string(),
    };
    // In the order of names, whatever was learned: a borrower must not move with every new estimate. Only those
    // whose channel can't take the payment are dealt again, over the rest.
    let full = split.shares_ppm.iter().map(|(channel, share)| (channel, *share));
    let channel = pick(full, place_of(&format!("split\0{dealt}")));
    let of_channel = |channel| (0..seen.len()).find(|at| shares[*at] > 0 && seen[*at].channel == channel);
    channel.and_then(of_channel).or_else(|| {
        let mut rest: Vec<_> = shares.iter().copied().enumerate().filter(|(_, share)| *share > 0).collect();
        rest.sort_by_key(|(at, _)| seen[*at].channel);
        pick(rest, place_of(&format!("split again\0{dealt}")))
    })
}

/// The one that a draw falls on.
fn pick<T>(shares: impl IntoIterator<Item = (T, u32)>, draw: u32) -> Option<T> {
    let mut below = 0;
    shares.into_iter().find_map(|(one, share)| {
        below += share;
        (draw < below).then_some(one)
    })
}

/// The split that decides about a candidate, if it names it.
fn split_of<'a>(one: &Seen<'a>) -> Option<&'a Split> {
    match one.rule.map(|rule| &rule.then) {
        Some(Then::Split(split)) if split.shares_ppm.contains_key(one.channel) => Some(split),
        Some(Then::Split(_) | Then::Pin(_) | Then::Prefer(_) | Then::Exclude(_)) | None => None,
    }
}

/// The share of each candidate at one value of the admission draw; all zero when nobody is let through. What was
/// seen comes best first.
pub(super) fn at(admission: u32, seen: &[Seen<'_>], policy: &RoutePolicy) -> Vec<u32> {
    let mut shares = vec![0; seen.len()];
    let admitted = |one: &Seen<'_>| one.admits_ppm > admission && one.finding.ready();
    let Some(best) = seen.iter().position(&admitted) else {
        return shares;
    };
    let rivals: Vec<_> = seen
        .iter()
        .enumerate()
        .filter(|(_, one)| admitted(one) && group(one) == group(&seen[best]))
        .collect();
    match seen[best].rule.map(|rule| &rule.then) {
        Some(Then::Split(split)) if split.shares_ppm.contains_key(seen[best].channel) => {
            by_split(split, &rivals, &mut shares);
        }
        // The lender has said who goes first.
        Some(Then::Pin(first) | Then::Prefer(first)) if first.contains(seen[best].channel) => {
            shares[best] = WHOLE_PPM;
        }
        Some(Then::Pin(_) | Then::Prefer(_) | Then::Exclude(_) | Then::Split(_)) | None => {
            by_learning(best, &rivals, policy, &mut shares);
        }
    }
    shares
}

/// The lender's shares, over those of its channels that can take the payment.
fn by_split(split: &Split, rivals: &[(usize, &Seen<'_>)], shares: &mut [u32]) {
    let weights = rivals.iter().filter_map(|(place, one)| {
        split.shares_ppm.get(one.channel).map(|share| (*place, u64::from(*share)))
    });
    whole(&weights.collect::<Vec<_>>(), shares);
}

/// The best, and each other that is wholly open with a small share.
fn by_learning(best: usize, rivals: &[(usize, &Seen<'_>)], policy: &RoutePolicy, shares: &mut [u32]) {
    let Some((_, top)) = rivals.iter().find(|(place, _)| *place == best) else { return };
    let others = rivals.iter().filter(|(place, one)| *place != best && one.admits_ppm >= WHOLE_PPM);
    let mut explored: Vec<(usize, u32)> = Vec::new();
    if top.finding != super::Finding::FailedJustNow {
        explored.extend(others.map(|(place, one)| {
            let clearly_worse = top.chance_ppm().saturating_sub(one.chance_ppm()) > policy.worse_by_ppm;
            // Never zero, unless nothing is explored at all.
            let rarely = (policy.explore_ppm / 10).max(policy.explore_ppm.min(1));
            (*place, if clearly_worse { rarely } else { policy.explore_ppm })
        }));
    }
    let wanted: u64 = explored.iter().map(|(_, share)| u64::from(*share)).sum();
    let most = u64::from(WHOLE_PPM / 2);
    let mut left = WHOLE_PPM;
    for (place, share) in explored {
        let scaled = if wanted > most { u64::from(share) * most / wanted } else { u64::from(share) };
        shares[place] = u32::try_from(scaled).unwrap_or(0);
        left = left.saturating_sub(shares[place]);
    }
    shares[best] = left;
}

/// The share of each candidate over all values of the admission draw at which anything is sent. Adds to 1,000,000
/// unless nothing ever is.
pub(super) fn overall(seen: &[Seen<'_>], policy: &RoutePolicy) -> Vec<u32> {
    let mut edges: Vec<u32> =
        seen.iter().filter(|one| one.finding.ready()).map(|one| one.admits_ppm).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut weights = vec![0_u64; seen.len()];
    let mut from = 0;
    for until in edges {
        let width = u64::from(until.saturating_sub(from));
        if width > 0 {
            for (weight, share) in weights.iter_mut().zip(at(from, seen, policy)) {
                *weight += width * u64::from(share);
            }
        }
        from = until;
    }
    let mut shares = vec![0; seen.len()];
    let weights: Vec<_> = weights.into_iter().enumerate().filter(|(_, weight)| *weight > 0).collect();
    whole(&weights, &mut shares);
    shares
}

/// Scales weights to shares that add to 1,000,000 exactly; what rounding leaves goes to the heaviest.
fn whole(weights: &[(usize, u64)], shares: &mut [u32]) {
    let sum: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
    if sum == 0 {
        return;
    }
    let mut left = WHOLE_PPM;
    for (place, weight) in weights {
        let share = u128::from(*weight) * u128::from(WHOLE_PPM) / sum;
        shares[*place] = u32::try_from(share).unwrap_or(0);
        left -= shares[*place];
    }
    if let Some((place, _)) = weights.iter().max_by_key(|(_, weight)| *weight) {
        shares[*place] += left;
    }
}
