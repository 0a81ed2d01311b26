//! What an answer changes.

use super::breaker::Turn;
use super::monitor::{Bit, Fed, Monitor};
use super::{
    BreakerState, Cells, Change, ChannelHealth, HealthBook, HealthEvent, News, Place, Signal, Took, blame,
    healing,
};
use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// What an answer says about channel and issuer; `None` is nothing.
#[derive(Debug, Clone, Copy)]
struct Reading {
    channel: Option<bool>,
    issuer: Option<bool>,
    slow: bool,
}

impl Reading {
    fn of(news: News, slow: bool) -> Self {
        let (channel, issuer) = match news {
            News::Alive => (Some(true), Some(true)),
            News::Taken => (Some(true), None),
            News::ChannelFault => (Some(false), None),
            News::IssuerFault => (Some(true), Some(false)),
            News::Lost => (Some(false), Some(false)),
            News::Nothing => (None, None),
        };
        // A slow answer may be the channel's fault or the issuer's.
        if slow {
            Self { channel: Some(false), issuer: Some(false), slow }
        } else {
            Self { channel, issuer, slow }
        }
    }

    /// A cell is well when both its sides are.
    fn cell(self) -> Option<bool> {
        match (self.channel, self.issuer) {
            (None, None) => None,
            (channel, issuer) => Some(channel != Some(false) && issuer != Some(false)),
        }
    }
}

impl HealthBook {
    /// Takes one answer. Returns what changed and is worth telling.
    pub fn observe(&mut self, signal: &Signal) -> Vec<HealthEvent> {
        let mut events = self.advance(signal.at);
        self.make_room(&signal.channel, signal.issuer.as_deref(), signal.direction);
        let slow = self.slow(&signal.channel, signal.took);
        self.remember(signal);
        let reading = Reading::of(signal.news, slow);
        self.feed_all(signal, reading, &mut events);
        events
    }

    fn feed_all(&mut self, signal: &Signal, reading: Reading, events: &mut Vec<HealthEvent>) {
        let at_channel = Place::Channel(signal.channel.clone());
        let at_issuer = signal.issuer.clone().map(Place::Issuer);
        let at_cell = signal.issuer.clone().map(|issuer| Place::Cell {
            channel: signal.channel.clone(),
            issuer,
            direction: signal.direction,
        });
        let closed =
            |book: &Self, place: &Option<Place>| place.as_ref().is_none_or(|one| book.is_closed(one));
        // By what came back, the channel's fault alone. Whose it really is shows in who else is hit.
        let own = reading.channel == Some(false) && reading.issuer != Some(false);
        let bit = |good: bool, other: u32| Bit {
            bad: !good,
            slow: reading.slow,
            other,
            own,
            sent_at: signal.sent_at,
            at: signal.at,
        };
        // What a trouble explains that has been found already must not be held against others.
        let explained = !closed(self, &at_issuer) || !closed(self, &at_cell);
        if let Some(good) = reading.channel.filter(|good| *good || !explained) {
            let other = signal.issuer.as_deref().map_or(0, blame::name);
            self.feed(&at_channel, bit(good, other), events);
        }
        if !self.is_closed(&at_channel) {
            return;
        }
        // A fault of the channel's own speaks against the issuer only where its trouble had already shown itself so.
        let of_issuer = reading.issuer.or((own && !closed(self, &at_issuer)).then_some(false));
        if let Some((place, good)) = at_issuer.as_ref().zip(of_issuer)
            && (good || closed(self, &at_cell))
        {
            self.feed(place, bit(good, blame::name(signal.channel.as_str())), events);
        }
        if closed(self, &at_issuer)
            && let Some((place, good)) = at_cell.as_ref().zip(reading.cell())
        {
            self.feed(place, bit(good, 0), events);
        }
    }

    pub(super) fn feed(&mut self, place: &Place, bit: Bit, events: &mut Vec<HealthEvent>) {
        let probes = self.probes_wanted(place);
        let policy = self.policy.clone();
        let Some(monitor) = self.monitor_mut(place) else { return };
        match monitor.feed(bit, &policy, healing(&policy, probes)) {
            Fed::Nothing => {}
            Fed::Alarm => self.alarm(place, bit.at, events),
            Fed::Turned(turn) => self.turned(place, turn, bit.at, events),
        }
    }

    pub(super) fn turned(&mut self, place: &Place, turn: Turn, at: Timestamp, events: &mut Vec<HealthEvent>) {
        let change = match turn {
            Turn::HalfOpened => Change::HalfOpened,
            Turn::ShutAgain { pause_ms } => Change::ShutAgain { pause_ms },
            Turn::Healed { since } => Change::Healed { since },
        };
        if matches!(turn, Turn::Healed { .. }) {
            self.troubled.remove(place);
        }
        // What came in while it was half open belongs to the trouble that came back.
        if matches!(turn, Turn::ShutAgain { .. })
            && let Some(monitor) = self.monitor_mut(place)
        {
            monitor.estimate.drop_pending();
        }
        events.push(HealthEvent { at, place: place.clone(), change });
    }

    /// Lets time do its part: pauses that are over, ramps that are complete. [`HealthBook::outlook`] works that out by
    /// itself; this makes it known.
    pub fn advance(&mut self, now: Timestamp) -> Vec<HealthEvent> {
        let mut events = Vec::new();
        if self.troubled.is_empty() {
            return events;
        }
        let policy = self.policy.clone();
        for place in self.troubled.clone() {
            let probes = self.probes_wanted(&place);
            while let Some(turn) = self
                .monitor_mut(&place)
                .and_then(|monitor| monitor.breaker.advance(now, healing(&policy, probes)))
            {
                self.turned(&place, turn, now, &mut events);
            }
        }
        events
    }

    /// When time alone will next change something, if it will.
    pub fn next_turn(&self) -> Option<Timestamp> {
        let turns = self.troubled.iter().filter_map(|place| {
            let healing = healing(&self.policy, self.probes_wanted(place));
            self.monitor(place)?.breaker.next_turn(healing)
        });
        turns.min()
    }

    fn slow(&mut self, channel: &ChannelId, took: Option<Took>) -> bool {
        let Some(health) = self.channels.get_mut(channel) else { return false };
        let (latency, ms) = match took {
            Some(Took::Order { ms }) => (&mut health.orders, ms),
            Some(Took::Question { ms }) => (&mut health.questions, ms),
            None => return false,
        };
        match health.monitor.breaker.state {
            BreakerState::Closed | BreakerState::HalfOpen { .. } => latency.feed(ms, &self.policy),
            // What is still on its way during a trouble doesn't tell what is usual.
            BreakerState::Open { .. } => latency.is_slow(ms, &self.policy) == Some(true),
        }
    }

    /// Keeps the outcome, unless a trouble that has been found explains it.
    fn remember(&mut self, signal: &Signal) {
        let Some(good) = signal.outcome else { return };
        let (policy, now, sent_at) = (&self.policy, signal.at, signal.sent_at);
        let keep = |monitor: &mut Monitor| {
            let open = matches!(monitor.breaker.state, BreakerState::Open { .. });
            if good || (!open && monitor.breaker.is_news(sent_at)) {
                monitor.estimate.record(good, now, policy);
            }
        };
        self.overall.record(good, now, policy);
        let Some(health) = self.channels.get_mut(&signal.channel) else { return };
        keep(&mut health.monitor);
        let Some(issuer) = &signal.issuer else { return };
        if let Some(monitor) = self.issuers.get_mut(issuer) {
            keep(monitor);
        }
        if let Some(monitor) =
            health.cells.get_mut(issuer).and_then(|cells| cells.slot(signal.direction).as_mut())
        {
            keep(monitor);
        }
    }

    /// Makes the places an answer belongs to. Where there are too many issuers, the one not heard of for longest goes.
    pub(super) fn make_room(&mut self, channel: &ChannelId, issuer: Option<&str>, direction: Direction) {
        let policy = &self.policy;
        if !self.channels.contains_key(channel) {
            self.channels.insert(channel.clone(), ChannelHealth::new(policy));
        }
        let Some(issuer) = issuer else { return };
        self.make_room_for_issuer(issuer);
        let policy = &self.policy;
        let Some(health) = self.channels.get_mut(channel) else { return };
        if !health.cells.contains_key(issuer) {
            if health.cells.len() >= policy.max_issuers {
                let oldest = health.cells.iter().min_by_key(|(_, cells)| cells.last_at());
                if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                    health.cells.remove(&oldest);
                    for direction in [Direction::Collect, Direction::PayOut] {
                        let (channel, issuer) = (channel.clone(), oldest.clone());
                        self.troubled.remove(&Place::Cell { channel, issuer, direction });
                    }
                }
            }
            health.cells.insert(issuer.to_owned(), Cells::default());
        }
        if let Some(cells) = health.cells.get_mut(issuer) {
            cells.slot(direction).get_or_insert_with(|| Monitor::new(policy));
        }
    }

    pub(super) fn make_room_for_issuer(&mut self, issuer: &str) {
        if self.issuers.contains_key(issuer) {
            return;
        }
        if self.issuers.len() >= self.policy.max_issuers {
            let oldest = self.issuers.iter().min_by_key(|(_, monitor)| monitor.last_at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.issuers.remove(&oldest);
                self.troubled.remove(&Place::Issuer(oldest));
            }
        }
        self.issuers.insert(issuer.to_owned(), Monitor::new(&self.policy));
    }
}
