//! When empty accounts are tried again, against laws of when money arrives that the plan doesn't know.

use std::time::Duration;

use proptest::prelude::*;

use super::super::slots::{self, Wanted};
use super::super::{FundsClock, FundsPolicy, Look, RetryPolicy};
use crate::id::{Bucket, Mint};
use crate::time::{Timestamp, Zone};

/// Midpoints of forty equal shares of a lognormal time to funds with median 4 days and sigma 1.25, in minutes.
const TIME_TO_FUNDS: [u64; 40] = [
    350, 622, 846, 1057, 1264, 1472, 1683, 1900, 2125, 2358, 2602, 2858, 3127, 3410, 3711, 4029, 4369, 4732,
    5121, 5539, 5990, 6479, 7012, 7594, 8234, 8941, 9728, 10_611, 11_609, 12_750, 14_068, 15_614, 17_459,
    19_712, 22_544, 26_249, 31_385, 39_197, 53_331, 94_887,
];
/// Midpoints of twenty equal shares of an exponential stay with mean 3 days, in minutes.
const STAY: [u64; 20] = [
    109, 337, 577, 831, 1101, 1389, 1698, 2030, 2391, 2784, 3216, 3696, 4237, 4855, 5577, 6444, 7530, 8983,
    11_190, 15_936,
];

/// A law of when money arrives.
#[derive(Debug, Clone, Copy)]
struct Law {
    /// Share that arrives at the pay hour of its day, in percent.
    snapped_pct: u64,
    /// The pay hour, as a minute of the day.
    pay_minute: u16,
}

/// An account that is empty at first: when money comes, and when it has gone again.
struct Account {
    comes: Timestamp,
    goes: Timestamp,
}

fn day(date: &str) -> Timestamp {
    Timestamp::from_rfc3339(&format!("{date}T09:00:00+08:00")).unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn account(law: Law, began: Timestamp, mint: &mut Mint) -> Account {
    let zone = Zone::shanghai();
    let mut comes = began.plus(minutes(TIME_TO_FUNDS[mint.below(40) as usize])).plus(minutes(mint.below(60)));
    if mint.below(100) < law.snapped_pct {
        let today = comes.day_in(zone);
        let snapped = zone.moment(today, law.pay_minute);
        comes =
            if snapped >= comes { snapped } else { zone.moment(today.tomorrow().unwrap(), law.pay_minute) };
    }
    let goes = comes.plus(minutes(STAY[mint.below(20) as usize]));
    Account { comes, goes }
}

fn policy(explore_pct: u32) -> RetryPolicy {
    let no_funds = FundsPolicy { explore_pct, ..FundsPolicy::default() };
    RetryPolicy { no_funds, spread_s: 1, ..RetryPolicy::default() }
}

/// The tries of a payment whose account stays empty.
fn tries(began: Timestamp, clock: &FundsClock, policy: &RetryPolicy, mint: &mut Mint) -> Vec<Look> {
    let until = began.plus(Duration::from_secs(policy.window_s));
    let (mut empty_at, mut looks) = (began, Vec::new());
    for tries in (1..usize::from(policy.max_attempts)).rev() {
        let from = empty_at.plus(Duration::from_secs(policy.no_funds.pause_s));
        let wanted = Wanted { began, empty_at, from, until, tries };
        let Some(tried_at) = slots::next(wanted, clock, policy, mint) else { break };
        looks.push(Look { began, empty_at, tried_at, funded: false });
        empty_at = tried_at;
    }
    looks
}

/// What those tries find on an account: all looks up to the one that found the money.
fn found(tries: &[Look], account: &Account) -> Vec<Look> {
    let mut looks = Vec::new();
    for look in tries {
        let funded = account.comes <= look.tried_at && look.tried_at < account.goes;
        looks.push(Look { funded, ..*look });
        if funded {
            break;
        }
    }
    looks
}

fn on(day: i64) -> Timestamp {
    Timestamp::from_millis(self::day("2026-03-02").as_millis() + day * 86_400_000)
}

/// Collected of a thousand empty accounts over so many days; learned from every day if `learn`.
fn collected_permille(law: Law, days: i64, learn: bool, policy: &RetryPolicy, clock: &mut FundsClock) -> u64 {
    const A_DAY: usize = 60;
    let mut mint = Mint::new(Bucket::of_tenant("t"), on(0), [7; 16]);
    let mut dice = Mint::new(Bucket::of_tenant("t"), on(0), [8; 16]);
    let mut funded = 0;
    let mut seen: Vec<Look> = Vec::new();
    for day in 0..days {
        let plans: Vec<_> =
            (0..if learn { 10 } else { 1 }).map(|_| tries(on(day), clock, policy, &mut dice)).collect();
        for index in 0..A_DAY {
            let looks = found(&plans[index % plans.len()], &account(law, on(day), &mut mint));
            funded += looks.iter().filter(|look| look.funded).count() as u64;
            seen.extend(looks);
        }
        if learn {
            // What will have happened by the next morning.
            seen.sort_by_key(|look| look.tried_at);
            let over = seen.partition_point(|look| look.tried_at < on(day + 1));
            seen.drain(..over).for_each(|look| clock.learn(&look, policy));
        }
    }
    funded * 1000 / (days as u64 * A_DAY as u64)
}

/// Daily at 10:30 for seven days, which is what many do.
fn blind_permille(law: Law, days: i64) -> u64 {
    let daily = |day: i64| {
        let at = move |index: i64| on(day + index).plus(minutes(90));
        (1..=7).map(move |index| Look {
            began: on(day),
            empty_at: on(day),
            tried_at: at(index),
            funded: false,
        })
    };
    let mut mint = Mint::new(Bucket::of_tenant("t"), on(0), [7; 16]);
    let mut funded = 0;
    for day in 0..days {
        let plan: Vec<_> = daily(day).collect();
        let looks = (0..60).flat_map(|_| found(&plan, &account(law, on(day), &mut mint)));
        funded += looks.filter(|look| look.funded).count() as u64;
    }
    funded * 1000 / (days as u64 * 60)
}

/// The hours of the day at which a clock tries.
fn hours_tried(clock: &FundsClock) -> Vec<u16> {
    let mut mint = Mint::new(Bucket::of_tenant("t"), on(90), [9; 16]);
    let tries = tries(on(91), clock, &policy(0), &mut mint);
    tries.iter().map(|look| look.tried_at.minute_of_day(Zone::shanghai()) / 60).collect()
}

/// Most tries lie in the hours after this one.
fn follows(hours: &[u16], pay_hour: u16) -> bool {
    hours.iter().filter(|tried| (pay_hour..pay_hour + 5).contains(*tried)).count() * 2 > hours.len()
}

const MORNING: Law = Law { snapped_pct: 60, pay_minute: 600 };
const AFTERNOON: Law = Law { snapped_pct: 60, pay_minute: 900 };
const AFTER_SIX: Law = Law { snapped_pct: 90, pay_minute: 18 * 60 + 45 };
const ANY_TIME: Law = Law { snapped_pct: 0, pay_minute: 0 };

#[test]
fn the_default_is_sensible_under_any_law() {
    for law in [MORNING, AFTERNOON, AFTER_SIX, ANY_TIME] {
        let ours = collected_permille(law, 20, false, &policy(0), &mut FundsClock::default());
        let blind = blind_permille(law, 20);
        assert!(ours > blind, "{law:?}: {ours} of 1000, daily blind {blind}");
    }
}

#[test]
fn it_learns_when_money_arrives() {
    for (law, pay_hour) in [(MORNING, Some(10)), (AFTERNOON, Some(15)), (AFTER_SIX, None)] {
        let mut clock = FundsClock::default();
        collected_permille(law, 60, true, &policy(10), &mut clock);
        let before = collected_permille(law, 20, false, &policy(0), &mut FundsClock::default());
        let after = collected_permille(law, 20, false, &policy(0), &mut clock.clone());
        let hours = hours_tried(&clock);
        assert!(after + 10 >= before, "{law:?}: learning made it worse, {before} → {after}");
        // Money that comes just after the evening slot is found the next morning as well as the same night.
        let Some(pay_hour) = pay_hour else { continue };
        assert!(follows(&hours, pay_hour), "{law:?}: tries at {hours:?}");
    }
}

#[test]
fn what_is_old_is_forgotten() {
    let mut clock = FundsClock::default();
    collected_permille(AFTER_SIX, 60, true, &policy(10), &mut clock);
    assert!(!follows(&hours_tried(&clock), 10), "it had learned the evening");
    // Then pay comes in the morning: what was seen last counts.
    collected_permille(MORNING, 60, true, &policy(10), &mut clock);
    let hours = hours_tried(&clock);
    assert!(follows(&hours, 10), "pay moved back to the morning, tries at {hours:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Never in the night, never more tries than are left, one for the last day, whatever was seen.
    #[test]
    fn tries_stay_within_their_bounds(
        minute in 0_u64..40_000,
        max_attempts in 2_u16..12,
        window_s in 3600_u64..40 * 86_400,
        seen in prop::collection::vec((0_u64..20_000, 1_u64..20_000, any::<bool>()), 0..60),
        explore_pct in 0_u32..50,
        seed in any::<[u8; 16]>(),
    ) {
        let mut policy = policy(explore_pct);
        policy.max_attempts = max_attempts;
        policy.window_s = window_s;
        let began = day("2026-01-28").plus(minutes(minute));
        let mut mint = Mint::new(Bucket::of_tenant("t"), began, seed);
        let mut clock = FundsClock::default();
        for (empty, later, funded) in seen {
            let empty_at = began.plus(minutes(empty));
            clock.learn(&Look { began, empty_at, tried_at: empty_at.plus(minutes(later)), funded }, &policy);
        }
        let looks = tries(began, &clock, &policy, &mut mint);
        let until = began.plus(Duration::from_secs(window_s));
        prop_assert!(looks.len() < usize::from(max_attempts));
        for look in &looks {
            let at = look.tried_at.minute_of_day(&policy.zone);
            prop_assert!((policy.no_funds.earliest_minute..=policy.no_funds.latest_minute).contains(&at));
            prop_assert!(look.tried_at < until);
            prop_assert!(look.tried_at >= look.empty_at.plus(Duration::from_secs(policy.no_funds.pause_s)));
        }
        if (3 * 86_400..30 * 86_400).contains(&window_s) && max_attempts > 2 && explore_pct == 0 {
            let last = looks.last().expect("a window of days has slots").tried_at;
            prop_assert!(last.plus(Duration::from_secs(86_400)) >= until, "nothing kept for the last day");
        }
    }
}
