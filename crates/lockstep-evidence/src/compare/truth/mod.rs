//! The hidden truth of one seed: who owes what and when, what is on the accounts, what is broken, and therefore
//! whether an attempt at (order, channel, moment) moves money. The same for every policy.

mod calendar;
mod outcome;
mod people;
mod trouble;

pub(crate) use self::calendar::{minutes, weekday};
pub(crate) use self::outcome::{Cause, Outcome, Said, Status};
pub(crate) use self::people::Latent;
pub(crate) use self::trouble::{Trouble, TroubleKind};

use lockstep_core::channel::Closure;
use lockstep_core::time::Timestamp;

use super::DAY_MS;
use super::world::World;

/// Days after the last due day for which the truth is known: the window of ten days and late answers.
const AFTER_DAYS: u32 = 20;

/// The truth of one seed.
#[derive(Debug)]
pub(crate) struct Truth<'w> {
    pub(crate) world: &'w World,
    pub(crate) seed: u64,
    /// Midnight (Shanghai) of day 0, a Monday.
    pub(crate) start: i64,
    /// First moment of which nothing is known any more.
    pub(crate) end: i64,
    pub(crate) orders: Vec<Latent>,
    /// By channel, in order of their beginning.
    pub(crate) troubles: Vec<Vec<Trouble>>,
    /// By channel, sorted and apart: `[from, until)`.
    pub(crate) closures: Vec<Vec<(i64, i64)>>,
}

impl<'w> Truth<'w> {
    pub(crate) fn new(world: &'w World, seed: u64, orders: u32, days: u32) -> Self {
        let start = Timestamp::from_rfc3339("2026-03-02T00:00:00+08:00").map_or(0, Timestamp::as_millis);
        let horizon_days = days + AFTER_DAYS;
        let end = start + i64::from(horizon_days) * DAY_MS;
        let closures = world
            .channels
            .iter()
            .map(|channel| calendar::closures(&channel.given, start, horizon_days))
            .collect();
        let troubles = trouble::all(world, seed, start, horizon_days);
        let orders = people::all(world, seed, start, orders, days);
        Self { world, seed, start, end, orders, troubles, closures }
    }

    /// Announced: whether a channel takes payments at a moment. Every policy may know this.
    pub(crate) fn open(&self, channel: usize, at: i64) -> bool {
        let closures = &self.closures[channel];
        let next = closures.partition_point(|(_, until)| *until <= at);
        closures.get(next).is_none_or(|(from, _)| at < *from)
    }

    /// The first moment from then on at which a channel isn't closed by announcement.
    pub(crate) fn next_open(&self, channel: usize, at: i64) -> i64 {
        let closures = &self.closures[channel];
        let next = closures.partition_point(|(_, until)| *until <= at);
        closures.get(next).filter(|(from, _)| *from <= at).map_or(at, |(_, until)| *until)
    }

    /// The announced closures of a channel, as its configuration names them.
    pub(crate) fn announced(&self, channel: usize) -> Vec<Closure> {
        let closure = |(from, until): &(i64, i64)| Closure {
            from: Timestamp::from_millis(*from),
            until: Timestamp::from_millis(*until),
        };
        self.closures[channel].iter().map(closure).collect()
    }
}
