//! Whose fault a trouble is. Every answer has a channel and an issuer in it, so a trouble of one raises suspicion
//! against the other. What tells them apart is whether the trouble is seen without the suspect.

use std::time::Duration;

use super::monitor::Note;
use super::{Change, HealthBook, HealthEvent, Place, healing};
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
/// For so long a channel is probed whose trouble was put down to an issuer.
const SUSPECTED_FOR: Duration = Duration::from_secs(60);

/// A short name for notes (FNV-1a). Two parties of one name only make the finding less sharp.
pub(super) fn name(party: &str) -> u32 {
    let hash =
        party.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}

/// The party with the most faults among the answers, and whether the trouble is seen without it, too.
struct Suspect {
    other: u32,
    seen_without: bool,
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
    Some(Suspect { other, seen_without: bad_without >= needed && elevated })
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
        let one = suspect(health.monitor.suspicious(), usual, BEYOND_ONE_ISSUER)
            .filter(|suspect| !suspect.seen_without);
        let Some(one) = one else {
            return self.open(Place::Channel(channel.clone()), now, events);
        };
        // All of it comes from one issuer. Its own tests find that out; whether the channel answers at all, a probe.
        health.monitor.test.doubt();
        health.probing.suspected_until = Some(now.plus(SUSPECTED_FOR));
        let issuer = health.cells.keys().find(|issuer| name(issuer) == one.other).cloned();
        let Some(issuer) = issuer else { return };
        for direction in [Direction::Collect, Direction::PayOut] {
            let cell = Place::Cell { channel: channel.clone(), issuer: issuer.clone(), direction };
            let accused = self.monitor(&cell).is_some_and(|monitor| monitor.test.run().bad >= ACCUSED);
            if accused && self.is_closed(&cell) {
                self.cell_alarm(channel, &issuer, direction, now, events);
            }
        }
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
        if here.count() >= CELLS_OF_A_CHANNEL {
            return self.open(Place::Channel(channel.clone()), now, events);
        }
        let cell = Place::Cell { channel: channel.clone(), issuer: issuer.to_owned(), direction };
        self.open(cell, now, events);
    }

    /// Opens a breaker and takes back what the trouble had raised against others.
    fn open(&mut self, place: Place, now: Timestamp, events: &mut Vec<HealthEvent>) {
        let probes = self.probes_wanted(&place);
        let policy = self.policy.clone();
        let Some(monitor) = self.monitor_mut(&place) else { return };
        let evidence = monitor.evidence();
        let pause_ms = monitor.open(now, &policy, healing(&policy, probes));
        self.troubled.insert(place.clone());
        match &place {
            Place::Channel(channel) => self.acquit_issuers(channel, now),
            Place::Issuer(issuer) => self.acquit_cells(issuer, now),
            Place::Cell { issuer, .. } => {
                if let Some(monitor) = self.issuers.get_mut(issuer) {
                    monitor.test.doubt();
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
                monitor.test.forgive();
                monitor.estimate.drop_pending();
            }
        }
    }

    /// An issuer's trouble was none of its channels'.
    fn acquit_cells(&mut self, issuer: &str, now: Timestamp) {
        for (channel, health) in &mut self.channels {
            let Some(cells) = health.cells.get_mut(issuer) else { continue };
            for (direction, cell) in cells.each() {
                cell.subsume(now);
                let (channel, issuer) = (channel.clone(), issuer.to_owned());
                self.troubled.remove(&Place::Cell { channel, issuer, direction });
            }
        }
    }
}
