//! Probes: health calls or questions without risk, never a borrower's money.

use std::time::Duration;

use super::monitor::Bit;
use super::{ChannelHealth, HealthBook, HealthEvent, HealthPolicy, Place, healing};
use crate::channel::ChannelId;
use crate::time::Timestamp;

impl HealthBook {
    /// The channels that are to be probed now: those whose breaker isn't closed, or that are under suspicion. Not while
    /// a channel is closed by its own hours or announced maintenance: its silence would say nothing.
    pub fn probes_due(&self, now: Timestamp) -> Vec<ChannelId> {
        let due = self.channels.iter().filter(|(_, health)| {
            health.next_probe(now).is_some_and(|at| at <= now)
                && health.probing.hours.as_ref().is_none_or(|hours| hours.open_at(now))
        });
        due.map(|(channel, _)| channel.clone()).collect()
    }

    /// When the next probe is due, if one is. One of a channel for which `under_way` holds is not waited for: it is
    /// either on its way already, or its end will tell.
    pub fn next_probe(&self, now: Timestamp, under_way: impl Fn(&ChannelId) -> bool) -> Option<Timestamp> {
        let idle = self.channels.iter().filter(|(channel, _)| !under_way(channel));
        let next = idle.filter_map(|(_, health)| {
            let at = health.next_probe(now)?.max(now);
            Some(health.probing.hours.as_ref().map_or(at, |hours| hours.next_open(at)))
        });
        next.min()
    }

    /// A probe is on its way.
    pub fn probe_sent(&mut self, channel: &ChannelId, now: Timestamp) {
        if let Some(health) = self.channels.get_mut(channel) {
            health.probing.last_at = Some(now);
        }
    }

    /// A probe came back, or was given up. An answer that took much longer than usual is none.
    pub fn probed(
        &mut self,
        channel: &ChannelId,
        answered: bool,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> Vec<HealthEvent> {
        let mut events = self.advance(now);
        let place = Place::Channel(channel.clone());
        let probes = self.probes_wanted(&place);
        let policy = self.policy.clone();
        let Some(health) = self.channels.get_mut(channel) else { return events };
        let took_ms = u64::try_from(now.since(sent_at).as_millis()).unwrap_or(u64::MAX);
        let well = answered && !health.probe_was_slow(took_ms, &policy);
        if health.monitor.breaker.is_closed() {
            if well {
                health.probing.suspected_until = None;
            }
            // Nobody but the channel has a part in a probe.
            let bit = Bit { bad: !well, slow: answered && !well, other: 0, own: !well, sent_at, at: now };
            self.feed(&place, bit, &mut events);
            return events;
        }
        if let Some(turn) = health.monitor.breaker.probed(well, now, healing(&policy, probes)) {
            self.turned(&place, turn, now, &mut events);
        }
        events
    }
}

impl ChannelHealth {
    /// A probe is a question; where too few were asked to know their usual time, an order's is the measure.
    fn probe_was_slow(&mut self, took_ms: u64, policy: &HealthPolicy) -> bool {
        match self.questions.is_slow(took_ms, policy) {
            Some(_) => self.questions.feed(took_ms, policy),
            None if self.orders.is_slow(took_ms, policy) == Some(true) => true,
            None => self.questions.feed(took_ms, policy),
        }
    }

    fn next_probe(&self, now: Timestamp) -> Option<Timestamp> {
        let rules = self.probing.rules?;
        let suspected = self.probing.suspected_until.is_some_and(|until| now < until);
        if self.monitor.breaker.is_closed() && !suspected {
            return None;
        }
        let every = Duration::from_millis(rules.every_ms);
        // After a clock that went back, the last probe isn't waited for.
        let last = self.probing.last_at.filter(|last| *last <= now);
        Some(last.map_or(now, |last| last.plus(every)))
    }
}
