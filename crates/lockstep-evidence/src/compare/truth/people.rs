//! The borrowers: what falls due when, and the hidden state of their accounts and bindings.

use lockstep_core::time::{Timestamp, Zone};

use super::super::draw::{For, Stream, unit};
use super::super::world::{Funds, World};
use super::super::{DAY_MS, HOUR_MS};

/// For how long after the due moment funds and bindings are known.
const HORIZON_MS: i64 = 16 * DAY_MS;

/// One order and the hidden state behind it.
#[derive(Debug, Clone)]
pub(crate) struct Latent {
    pub(crate) due: i64,
    pub(crate) amount_minor: i64,
    pub(crate) issuer: u8,
    pub(crate) closed_account: bool,
    /// `[from, until)` in which the money is there, in order.
    pub(crate) funds: Vec<(i64, i64)>,
    /// By instrument.
    pub(crate) bound: Vec<Bound>,
}

/// One bound instrument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// `[from, until)` in which the binding doesn't hold.
    pub(crate) stale: (i64, i64),
    /// Whether a limit is below the amount on the due moment.
    pub(crate) limited: bool,
    /// When the borrower changes that.
    pub(crate) limit_changes: i64,
}

impl Latent {
    pub(crate) fn funded(&self, at: i64) -> bool {
        self.funds.iter().any(|(from, until)| *from <= at && at < *until)
    }

    pub(crate) fn stale(&self, instrument: usize, at: i64) -> bool {
        let (from, until) = self.bound[instrument].stale;
        from <= at && at < until
    }

    pub(crate) fn limited(&self, instrument: usize, at: i64) -> bool {
        let bound = &self.bound[instrument];
        bound.limited != (at >= bound.limit_changes)
    }
}

/// All orders, in the order of their due moments.
pub(super) fn all(world: &World, seed: u64, start: i64, count: u32, days: u32) -> Vec<Latent> {
    let paydays = paydays(world, start, days);
    let mut orders: Vec<_> =
        (0..u64::from(count)).map(|order| one(world, seed, start, days, order, &paydays)).collect();
    orders.sort_by_key(|order| order.due);
    orders
}

fn paydays(world: &World, start: i64, days: u32) -> Vec<u32> {
    let day_of_month = |day: u32| {
        let noon = start + i64::from(day) * DAY_MS + 12 * HOUR_MS;
        Timestamp::from_millis(noon).day_in(Zone::shanghai()).day().unsigned_abs()
    };
    let wanted = &world.given.arrivals.paydays;
    let near = |day: &u32| {
        let (today, yesterday) = (day_of_month(*day), day.checked_sub(1).map(day_of_month));
        wanted.contains(&today) || yesterday.is_some_and(|day| wanted.contains(&day))
    };
    (0..days).filter(near).collect()
}

fn one(world: &World, seed: u64, start: i64, days: u32, order: u64, paydays: &[u32]) -> Latent {
    let arrivals = &world.given.arrivals;
    let mut stream = Stream::new(seed, For::Day, &[order]);
    let clustered = stream.unit() < arrivals.payday_share && !paydays.is_empty();
    let day =
        if clustered { paydays[stream.below(paydays.len())] } else { stream.below(days as usize) as u32 };
    let minute = arrivals.due_hour * 60.0 + unit(seed, For::Minute, &[order]) * arrivals.spread_minutes;
    let due = start + i64::from(day) * DAY_MS + (minute * 60_000.0) as i64;
    let amount = Stream::new(seed, For::Amount, &[order])
        .lognormal(arrivals.amount_median_minor as f64, arrivals.amount_sigma);
    let mut left = unit(seed, For::Issuer, &[order]);
    let issuer = world.issuers.iter().position(|(_, share)| {
        left -= share;
        left < 0.0
    });
    let closed_account = unit(seed, For::Closed, &[order]) < world.given.funds.closed_account;
    let bound =
        (0..world.instruments.len() as u64).map(|place| bound(world, seed, due, order, place)).collect();
    Latent {
        due,
        amount_minor: (amount as i64).clamp(100, 100_000_000),
        issuer: issuer.unwrap_or(0) as u8,
        closed_account,
        funds: funds(&world.given.funds, &mut Stream::new(seed, For::Funds, &[order]), start, due),
        bound,
    }
}

fn bound(world: &World, seed: u64, due: i64, order: u64, place: u64) -> Bound {
    let given = &world.instruments[place as usize].given;
    let (bindings, name) = (&world.given.bindings, [order, place]);
    // Part of every stale share is the closed account, which is drawn once for all.
    let closed = world.given.funds.closed_account;
    let alone = (given.stale - closed) / (1.0 - closed).max(f64::EPSILON);
    let later = |what: For, mean_days: f64| {
        let days = Stream::new(seed, what, &name).exponential(mean_days);
        if days < 3650.0 { due + (days * DAY_MS as f64) as i64 } else { i64::MAX }
    };
    let mean_or_never = |rate: f64, days: f64| if rate > 0.0 { days / rate } else { f64::INFINITY };
    let from = if unit(seed, For::Stale, &name) < alone {
        i64::MIN
    } else {
        later(For::StaleLater, mean_or_never(bindings.hazard_per_year, 365.25))
    };
    let resigned = unit(seed, For::Resign, &name) < bindings.resigned_share;
    let until = if resigned {
        from.max(due).saturating_add((bindings.resigned_after_hours * HOUR_MS as f64) as i64)
    } else {
        i64::MAX
    };
    Bound {
        stale: (from, until),
        limited: unit(seed, For::Limit, &name) < given.limit,
        // Only a limit that is in the way is changed.
        limit_changes: if unit(seed, For::Limit, &name) < given.limit {
            later(For::LimitLater, mean_or_never(world.given.limits.change_per_month, 30.4))
        } else {
            i64::MAX
        },
    }
}

/// When the money is there: on the due moment for most; later for the rest; never for ever.
fn funds(law: &Funds, stream: &mut Stream, start: i64, due: i64) -> Vec<(i64, i64)> {
    let end = due + HORIZON_MS;
    let mut spells = Vec::new();
    let mut from = if stream.unit() < law.short_share { arrival(law, stream, start, due) } else { due };
    loop {
        if from >= end {
            return spells;
        }
        let until = from + (stream.exponential(law.stay_mean_days) * DAY_MS as f64) as i64;
        spells.push((from, until));
        if !law.comes_again {
            return spells;
        }
        from = arrival(law, stream, start, until);
    }
}

/// When the next money comes after a moment without any.
fn arrival(law: &Funds, stream: &mut Stream, start: i64, after: i64) -> i64 {
    let days = stream.lognormal(law.median_days, law.sigma).min(3650.0);
    let (salary, jitter) = (stream.unit() < law.salary_share, stream.unit() * 2.0 - 1.0);
    let moment = after + (days * DAY_MS as f64) as i64;
    if !salary {
        return moment;
    }
    let midnight = moment - (moment - start).rem_euclid(DAY_MS);
    let hour = law.salary_hour * HOUR_MS as f64 + jitter * law.salary_jitter_minutes * 60_000.0;
    let paid = midnight + hour as i64;
    if paid > after { paid } else { paid + DAY_MS }
}
