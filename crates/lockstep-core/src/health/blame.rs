//! Whose fault a trouble is. Every answer has a channel and an issuer in it, so a trouble of one raises suspicion
//! against the other. What tells them apart is whether the trouble is seen without the suspect.

use std::time::Duration;

use super::monitor::Note;
use super::{Change, ChannelHealth, HealthBook, HealthEvent, HealthPolicy, Place, healing};
use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// Faults without the worst issuer that are needed to blame the channel: a probe soon mends an error.
const BEYOND_ONE_ISSUER: u32 = 1;
/// Faults without the worst channel that are needed to blame the issuer: nothing mends that error soon, and the narrower
/// place is opened meanwhile.
const BEYOND_ONE_CHANNEL: u32 = 2;
/// Faults that an issuer needs on a channel to be accused of the channel's trouble.
const ACCUSED: u32 = 2;
/// Other cells of one channel in trouble that make it the channel's trouble.
const CELLS_OF_A_CHANNEL: usize = 2;
/// Good answers of other issuers that clear a channel of faults that look like its own. If it were the channel's trouble,
/// all faults of the shortest run that raises an alarm (three) would meet one issuer by chance once in C(7, 3) = 35 times.
const OTHERS_WELL: u32 = 4;
/// Faults of an issuer on another channel speak for its guilt for so long. Longer than the pauses between payments to a
/// mid-sized bank outside the busy hour; what is older may be another trouble.
const LATELY: Duration = Duration::from_secs(3600);
/// For so long a channel is probed whose trouble was put down to an issuer.
const SUSPECTED_FOR: Duration = Duration::from_secs(60);

/// A short name for notes (FNV-1a). Two parties of one name only make the finding less sharp.
pub(super) fn name(party: &str) -> u32 {
    let hash =
        party.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}

/// The party with the most faults among the answers.
struct Suspect {
    other: u32,
    /// The trouble is seen without it, too.
    seen_without: bool,
    /// Some of its faults were, by what came back, the channel's own.
    own: bool,
    /// Good answers in which it had no part.
    well_without: u32,
}

fn suspect(notes: impl Iterator<Item = Note>, usual_ppm: u32, needed: u32) -> Option<Suspect> {
    let notes: Vec<Note> = notes.collect();
    let faults = |other: u32| count(notes.iter().filter(|note| note.bad && note.other == other));
    let named = notes.iter().filter(|note| note.bad && note.other != 0).map(|note| note.other);
    let other = named.max_by_key(|other| (faults(*other), *other))?;
    let (all, bad) = (count(notes.iter()), count(notes.iter().filter(|note| note.bad)));
    let without = count(notes.iter().filter(|note| note.other != other));
    let bad_without = count(notes.iter().filter(|note| note.bad && note.other != other));
    // Nearer to the rate of the trouble than to the usual one.
    let rate = u64::from(bad) * 1_000_000 / u64::from(all.max(1));
    let midway = u64::midpoint(rate, u64::from(usual_ppm));
    let elevated = u64::from(bad_without) * 1_000_000 >= u64::from(without) * midway;
    Some(Suspect {
        other,
        seen_without: bad_without >= needed && elevated,
        own: notes.iter().any(|note| note.bad && note.own && note.other == other),
        well_without: without - bad_without,
    })
}

fn count<'a>(notes: impl Iterator<Item = &'a Note>) -> u32 {
    u32::try_from(notes.count()).unwrap_or(u32::MAX)
}

impl HealthBook {
    /// The rate test of a place has raised the alarm.
    pub(super) fn alarm(&mut self, place: &Place, now: Timestamp, events: &mut Vec<HealthEvent>) {
        match place {
            Place::Channel(channel) => self.channel_alarm(channel, now, events),
            Place::Issuer(issuer) => self.issuer_alarm(issuer, now, events),
            Place::Cell { channel, issuer, direction } => {
                self.cell_alarm(channel, issuer, *direction, now, events);
            }
        }
    }

    fn channel_alarm(&mut self, channel: &ChannelId, now: Timestamp, events: &mut Vec<HealthEvent>) {
        let Some(health) = self.channels.get_mut(channel) else { return };
        let usual = health.monitor.test.usual_ppm();
        let one = suspect(health.monitor.suspicious(), usual, BEYOND_ONE_ISSUER);
        let issuer =
            one.as_ref().and_then(|one| health.cells.keys().find(|issuer| name(issuer) == one.other));
        let issuer = issuer.cloned();
        let one = one.filter(|one| self.is_the_issuers(one, issuer.as_deref(), channel, now));
        let (Some(_), Some(issuer)) = (one, issuer) else {
            return self.open(Place::Channel(channel.clone()), now, events);
        };
        let Some(health) = self.channels.get_mut(channel) else { return };
        // All of it comes from one issuer. Its own tests find that out; whether the channel answers at all, a probe.
        health.monitor.test.doubt();
        health.probing.suspected_until = Some(now.plus(SUSPECTED_FOR));
        for direction in [Direction::Collect, Direction::PayOut] {
            let cell = Place::Cell { channel: channel.clone(), issuer: issuer.clone(), direction };
            let accused = self.monitor(&cell).is_some_and(|monitor| monitor.test.run().bad >= ACCUSED);
            if accused && self.is_closed(&cell) {
                self.cell_alarm(channel, &issuer, direction, now, events);
            }
        }
    }

    /// Whether the trouble of a channel is its suspect's. A channel that looks at fault itself is believed, until other
    /// issuers show that it works, or the suspect fails on another channel, too: many a channel answers for a silent
    /// issuer as if it were down.
    fn is_the_issuers(
        &self,
        one: &Suspect,
        issuer: Option<&str>,
        channel: &ChannelId,
        now: Timestamp,
    ) -> bool {
        let elsewhere = || issuer.is_some_and(|issuer| self.fails_elsewhere(issuer, channel, now));
        !one.seen_without && (!one.own || one.well_without >= OTHERS_WELL || elsewhere())
    }

    fn fails_elsewhere(&self, issuer: &str, channel: &ChannelId, now: Timestamp) -> bool {
        let others = self.channels.iter().filter(|(other, _)| *other != channel);
        let cells = others.filter_map(|(_, health)| health.cells.get(issuer));
        let mut monitors = cells.flat_map(|cells| [cells.collect.as_ref(), cells.pay_out.as_ref()]).flatten();
        monitors.any(|cell| {
            let lately = cell.last_at.is_some_and(|at| now.since(at) < LATELY);
            lately && (!cell.breaker.is_closed() || cell.test.run().bad >= ACCUSED)
        })
    }

    fn issuer_alarm(&mut self, issuer: &str, now: Timestamp, events: &mut Vec<HealthEvent>) {
        let Some(monitor) = self.issuers.get_mut(issuer) else { return };
        let usual = monitor.test.usual_ppm();
        let one =
            suspect(monitor.suspicious(), usual, BEYOND_ONE_CHANNEL).filter(|suspect| !suspect.seen_without);
        match one {
            None => self.open(Place::Issuer(issuer.to_owned()), now, events),
            // All of it comes through one channel: the cell's test says the same, and blames the narrower place.
            Some(_) => monitor.test.doubt(),
        }
    }

    fn cell_alarm(
        &mut self,
        channel: &ChannelId,
        issuer: &str,
        direction: Direction,
        now: Timestamp,
        events: &mut Vec<HealthEvent>,
    ) {
        let elsewhere = self.troubled.iter().filter(|place| match place {
            Place::Cell { channel: other, issuer: same, .. } => other != channel && same == issuer,
            Place::Channel(_) | Place::Issuer(_) => false,
        });
        // The same issuer has failed on another channel that is well otherwise.
        if elsewhere.count() > 0 {
            return self.open(Place::Issuer(issuer.to_owned()), now, events);
        }
        let here = self.troubled.iter().filter(|place| match place {
            Place::Cell { channel: same, issuer: other, .. } => same == channel && other != issuer,
            Place::Channel(_) | Place::Issuer(_) => false,
        });
        let cell = Place::Cell { channel: channel.clone(), issuer: issuer.to_owned(), direction };
        if here.count() >= CELLS_OF_A_CHANNEL && !self.serves_others(channel, &cell) {
            return self.open(Place::Channel(channel.clone()), now, events);
        }
        self.open(cell, now, events);
    }

    /// Whether a channel has done its work for others since a cell of it began to fail: then several of its issuers have
    /// troubles of their own, some of which may be days old.
    fn serves_others(&self, channel: &ChannelId, cell: &Place) -> bool {
        let Some(since) = self.monitor(cell).and_then(|cell| cell.test.run().since) else { return false };
        let Place::Cell { issuer, .. } = cell else { return false };
        let Some(health) = self.channels.get(channel) else { return false };
        let others = health.monitor.notes_since(since).filter(|note| note.other != name(issuer));
        let (bad, good): (Vec<_>, Vec<_>) = others.partition(|note| note.bad);
        count(good.iter()) >= OTHERS_WELL.saturating_mul(1 + count(bad.iter()))
    }

    /// Opens a breaker and takes back what the trouble had raised against others.
    pub(super) fn open(&mut self, place: Place, now: Timestamp, events: &mut Vec<HealthEvent>) {
        let probes = self.probes_wanted(&place);
        let policy = self.policy.clone();
        let Some(monitor) = self.monitor_mut(&place) else { return };
        let evidence = monitor.evidence();
        let pause_ms = monitor.open(now, &policy, healing(&policy, probes));
        self.troubled.insert(place.clone());
        match &place {
            Place::Channel(channel) => self.acquit_issuers(channel, now),
            Place::Issuer(issuer) => self.acquit_cells(issuer, now),
            Place::Cell { channel, issuer, .. } => {
                if let Some(monitor) = self.issuers.get_mut(issuer) {
                    monitor.test.doubt();
                }
                if let Some(health) = self.channels.get_mut(channel) {
                    health.acquit_of(issuer, &policy);
                }
            }
        }
        events.push(HealthEvent { at: now, place: place.clone(), change: Change::TroubleFound { evidence } });
        events.push(HealthEvent { at: now, place, change: Change::Opened { pause_ms } });
    }

    /// A channel's trouble was none of its issuers'.
    fn acquit_issuers(&mut self, channel: &ChannelId, now: Timestamp) {
        let Some(health) = self.channels.get_mut(channel) else { return };
        for (issuer, cells) in &mut health.cells {
            for (direction, cell) in cells.each() {
                cell.subsume(now);
                let (channel, issuer) = (channel.clone(), issuer.clone());
                self.troubled.remove(&Place::Cell { channel, issuer, direction });
            }
            if let Some(monitor) = self.issuers.get_mut(issuer).filter(|one| one.breaker.is_closed()) {
                monitor.acquit_of(name(channel.as_str()), &self.policy);
                monitor.estimate.drop_pending();
            }
        }
    }

    /// An issuer's trouble was none of its channels'.
    fn acquit_cells(&mut self, issuer: &str, now: Timestamp) {
        for (channel, health) in &mut self.channels {
            health.acquit_of(issuer, &self.policy);
            let Some(cells) = health.cells.get_mut(issuer) else { continue };
            for (direction, cell) in cells.each() {
                cell.subsume(now);
                let (channel, issuer) = (channel.clone(), issuer.to_owned());
                self.troubled.remove(&Place::Cell { channel, issuer, direction });
            }
        }
    }
}

impl ChannelHealth {
    /// What came from one issuer was that issuer's fault. Otherwise the troubles of several issuers, one after the other,
    /// would add up to one of the channel.
    fn acquit_of(&mut self, issuer: &str, policy: &HealthPolicy) {
        if self.monitor.breaker.is_closed() {
            self.monitor.acquit_of(name(issuer), policy);
        }
    }
}
