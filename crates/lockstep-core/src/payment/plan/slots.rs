//! When an empty account is tried again: the moments at which the tries that are left find most of the money.

use super::funds::{FundsClock, keep};
use super::hours::{self, HOUR, Hour};
use crate::id::Mint;
use crate::payment::RetryPolicy;
use crate::time::Timestamp;

/// The last try is kept for the last day of the window.
const LAST_DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// When the payment began.
    pub(super) began: Timestamp,
    /// Since when the account is known to be empty.
    pub(super) empty_at: Timestamp,
    /// No try before this moment.
    pub(super) from: Timestamp,
    /// No try at or after this moment.
    pub(super) until: Timestamp,
    /// Tries that are left.
    pub(super) tries: usize,
}

/// The next of the moments at which `wanted.tries` tries have the best chance together: a try after `a` at `b` finds
/// what came between and stayed. `None` when no moment is left.
pub(super) fn next(
    wanted: Wanted,
    clock: &FundsClock,
    policy: &RetryPolicy,
    mint: &mut Mint,
) -> Option<Timestamp> {
    let hours = hours::between(wanted.empty_at, wanted.until, wanted.began, &policy.zone);
    let open =
        |hour: &Hour| hour.by_day(&policy.no_funds) && hour.ends >= wanted.from && hour.ends < wanted.until;
    let places: Vec<usize> = (0..hours.len()).filter(|index| open(&hours[*index])).collect();
    let chances = clock.first_comes(&hours, &policy.no_funds);
    let likely = likely(&hours, &places, &chances);
    let best = best_first(&hours, &likely, &chances, wanted, policy)?;
    let chosen = explored(&hours, &likely, best, policy, mint);
    Some(hours[chosen].ends)
}

/// The places worth looking at: of each day those at the four likeliest hours, and the first and last of the day. A day
/// has few hours that differ, and looking at all of them costs ten times as much.
fn likely(hours: &[Hour], places: &[usize], chances: &[u64]) -> Vec<usize> {
    let mut by_hour = [0_u64; 24];
    for place in places {
        by_hour[hours[*place].of_day] += chances[*place];
    }
    let mut likeliest: Vec<usize> = (0..24).filter(|hour| by_hour[*hour] > 0).collect();
    likeliest.sort_by_key(|hour| std::cmp::Reverse(by_hour[*hour]));
    likeliest.truncate(4);
    let at_edge = |index: usize| {
        let neighbour = |other: Option<&usize>| {
            other.is_none_or(|other| hours[*other].of_month != hours[places[index]].of_month)
        };
        neighbour(index.checked_sub(1).and_then(|before| places.get(before)))
            || neighbour(places.get(index + 1))
    };
    let wanted = |index: &usize| likeliest.contains(&hours[places[*index]].of_day) || at_edge(*index);
    (0..places.len()).filter(wanted).map(|index| places[index]).collect()
}

/// The first place of the best row of places. Backwards: what `tries` tries are worth from each place on.
fn best_first(
    hours: &[Hour],
    places: &[usize],
    chances: &[u64],
    wanted: Wanted,
    policy: &RetryPolicy,
) -> Option<usize> {
    let last_day = |place: &usize| hours[*place].ends.plus(LAST_DAY) >= wanted.until;
    let keeps_one = places.iter().any(last_day);
    let tries = wanted.tries.min(places.len());
    // worth[t][p]: what `t` more tries bring after one at place `p`; none if the last would miss the last day.
    let mut worth: Vec<Vec<Option<u64>>> = vec![vec![None; places.len()]; tries.max(1)];
    for p in (0..places.len()).rev() {
        worth[0][p] = (!keeps_one || last_day(&places[p])).then_some(0);
        let gains = gains(chances, places[p] + 1, &places[p + 1..], policy);
        for t in 1..tries {
            let through =
                |(offset, gain): (usize, &u64)| worth[t - 1][p + 1 + offset].map(|later| later + gain);
            worth[t][p] = gains.iter().enumerate().filter_map(through).max();
        }
    }
    let gains = gains(chances, 0, places, policy);
    // Fewer tries than there are may be better where only they reach the last day.
    let row = (0..tries).rev().find(|t| worth[*t].iter().any(Option::is_some))?;
    let value = |(place, gain): (usize, &u64)| worth[row][place].map(|later| (later + gain, place));
    // The earlier of two that are worth the same.
    let best =
        gains.iter().enumerate().filter_map(value).max_by_key(|(worth, place)| (*worth, usize::MAX - place));
    best.map(|(_, place)| places[place])
}

/// What a try at each of these places finds, if the account was empty before hour `first`.
fn gains(chances: &[u64], first: usize, places: &[usize], policy: &RetryPolicy) -> Vec<u64> {
    let mut gains = Vec::with_capacity(places.len());
    let (mut there, mut hour) = (0, first);
    for place in places {
        while hour <= *place {
            there = keep(there, &policy.no_funds) + chances[hour];
            hour += 1;
        }
        gains.push(there);
    }
    gains
}

/// Now and then another of the day's hours worth looking at, so that a change of habits is seen. Its first and last
/// are among them, so every hour is split from its neighbours in time.
fn explored(hours: &[Hour], places: &[usize], best: usize, policy: &RetryPolicy, mint: &mut Mint) -> usize {
    if mint.below(100) >= u64::from(policy.no_funds.explore_pct) {
        return best;
    }
    let same_day = |place: &&usize| {
        hours[**place].of_month == hours[best].of_month
            && hours[**place].ends.since(hours[best].ends) < HOUR * 24
            && hours[best].ends.since(hours[**place].ends) < HOUR * 24
    };
    let day: Vec<_> = places.iter().filter(same_day).collect();
    let dice = usize::try_from(mint.below(day.len().max(1) as u64)).unwrap_or(0);
    day.get(dice).map_or(best, |place| **place)
}
