//! Outages, scripted ones, and slow drifts.

use super::super::draw::{For, Stream};
use super::super::world::{Scripted, World};
use super::super::{DAY_MS, HOUR_MS};
use super::minutes;

const MONTH_DAYS: f64 = 365.25 / 12.0;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// A channel, for everybody.
    Channel,
    /// An issuer, on every channel.
    Issuer,
    /// An issuer on some channels only.
    Cell,
    /// A slow loss.
    Drift,
}

/// A time in which a channel works worse or not at all, for some issuers or all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) kind: TroubleKind,
    /// Bit set of issuers.
    pub(crate) issuers: u64,
    /// What is left of success at full depth.
    pub(crate) works: f64,
    /// When full depth is reached.
    pub(crate) deep_at: i64,
}

impl Trouble {
    /// What is left of success at a moment.
    pub(crate) fn works_at(&self, at: i64) -> f64 {
        if at >= self.deep_at {
            return self.works;
        }
        let share = (at - self.from) as f64 / (self.deep_at - self.from) as f64;
        1.0 - share * (1.0 - self.works)
    }

    pub(crate) fn meets(&self, issuer: u8, at: i64) -> bool {
        self.from <= at && at < self.until && self.issuers & (1 << issuer) != 0
    }

    /// Nothing gets through, whoever the issuer is.
    pub(crate) fn dead(&self) -> bool {
        self.kind == TroubleKind::Channel && self.works == 0.0
    }
}

/// All troubles, by channel.
pub(super) fn all(world: &World, seed: u64, start: i64, days: u32) -> Vec<Vec<Trouble>> {
    let everybody = u64::MAX;
    let mut found: Vec<Vec<Trouble>> = vec![Vec::new(); world.channels.len()];
    for (channel, list) in found.iter_mut().enumerate() {
        let mut stream = Stream::new(seed, For::Outage, &[channel as u64]);
        let rate = world.given.outages.per_channel_month;
        random(world, &mut stream, rate, days, |from, until, works| {
            list.push(flat(start + from, start + until, TroubleKind::Channel, everybody, works));
        });
    }
    for issuer in 0..world.issuers.len() {
        let mut stream = Stream::new(seed, For::IssuerOutage, &[issuer as u64]);
        let rate = world.given.issuers.outages_per_month;
        random(world, &mut stream, rate, days, |from, until, works| {
            let trouble = flat(start + from, start + until, TroubleKind::Issuer, 1 << issuer, works);
            found.iter_mut().for_each(|list| list.push(trouble));
        });
    }
    for script in &world.given.scripted {
        scripted(world, script, start, days, &mut found);
    }
    for drift in &world.given.drift {
        let from = start + i64::from(drift.first_day) * DAY_MS;
        let trouble = Trouble {
            from,
            until: start + i64::from(drift.until_day) * DAY_MS,
            kind: TroubleKind::Drift,
            issuers: everybody,
            works: 1.0 - drift.points,
            deep_at: from + (drift.over_days * DAY_MS as f64) as i64,
        };
        named(world, &drift.channels).for_each(|channel| found[channel].push(trouble));
    }
    found.iter_mut().for_each(|list| list.sort_by_key(|trouble| trouble.from));
    found
}

fn flat(from: i64, until: i64, kind: TroubleKind, issuers: u64, works: f64) -> Trouble {
    Trouble { from, until, kind, issuers, works, deep_at: from }
}

/// A Poisson stream of outages: moments relative to the start, and what is left of success.
fn random(
    world: &World,
    stream: &mut Stream,
    per_month: f64,
    days: u32,
    mut found: impl FnMut(i64, i64, f64),
) {
    if per_month <= 0.0 {
        return;
    }
    let given = &world.given.outages;
    let mut day = 0.0;
    loop {
        day += stream.exponential(MONTH_DAYS / per_month);
        if day >= f64::from(days) {
            return;
        }
        let hours = if stream.unit() < given.long_share {
            stream.exponential(given.long_mean_hours)
        } else {
            stream.lognormal(given.short_median_minutes, given.short_sigma) / 60.0
        };
        let mut left = stream.unit();
        let severity = given.severity.iter().find(|severity| {
            left -= severity.share;
            left < 0.0
        });
        let from = (day * DAY_MS as f64) as i64;
        let works = severity.or(given.severity.last()).map_or(0.0, |severity| severity.works);
        found(from, from + (hours * HOUR_MS as f64) as i64, works);
    }
}

fn named<'a>(world: &'a World, names: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    (0..world.channels.len()).filter(move |channel| {
        let id = world.channels[*channel].capability.id.as_str();
        names.is_empty() || names.iter().any(|name| name == id)
    })
}

fn scripted(world: &World, script: &Scripted, start: i64, days: u32, found: &mut [Vec<Trouble>]) {
    let issuers = if script.issuers.is_empty() {
        u64::MAX
    } else {
        let place = |name: &String| world.issuers.iter().position(|(known, _)| known == name);
        script.issuers.iter().filter_map(place).fold(0, |set, issuer| set | 1 << issuer)
    };
    let kind = match (script.issuers.is_empty(), script.channels.is_empty()) {
        (true, _) => TroubleKind::Channel,
        (false, true) => TroubleKind::Issuer,
        (false, false) => TroubleKind::Cell,
    };
    let step = script.every_days.unwrap_or(u32::MAX);
    let mut day = script.first_day;
    while day < days {
        let from = start + i64::from(day) * DAY_MS + minutes(&script.start).unwrap_or(0) * 60_000;
        let until = from + (script.hours * HOUR_MS as f64) as i64;
        let trouble = flat(from, until, kind, issuers, script.works);
        named(world, &script.channels).for_each(|channel| found[channel].push(trouble));
        day = day.saturating_add(step);
    }
}
