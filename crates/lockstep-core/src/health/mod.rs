//! How well each channel and issuer works now, learned only from their own faults: a declined card says nothing
//! against a channel.
//!
//! Pure: signals come in with their moment, an outlook goes out. The engine keeps one book and feeds it with what
//! its performing brings back.
//!
//! `signal` reads an answer; `rate` tells trouble from chance; `blame` tells whose it is; `breaker` keeps traffic away
//! and lets it back, `hearsay` on all nodes of a fleet; `estimate` knows the chance of success; `report` shows it all.

mod blame;
mod breaker;
mod estimate;
mod event;
mod hearsay;
mod latency;
mod monitor;
mod observe;
mod outlook;
mod policy;
mod probe;
mod rate;
mod report;
mod signal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use self::breaker::BreakerState;
pub use self::event::{Change, Evidence, HealthEvent, Place};
pub use self::hearsay::{Hearsay, Told};
pub use self::outlook::{Gate, Outlook, Scope};
pub use self::policy::{HealRules, HealthPolicy};
pub use self::rate::{RateTest, Run};
pub use self::report::{HealthReport, Standing, StandingState};
pub use self::signal::{Call, News, Signal, Took, of_money, of_notice, of_query, of_signing, probe_is_good};

use self::breaker::Healing;
use self::estimate::Estimate;
use self::latency::Latency;
use self::monitor::Monitor;
use crate::channel::{ChannelBook, ChannelId, Direction, Hours, ProbeRules};
use crate::time::Timestamp;

/// What is known about all channels and issuers. The empty book trusts everybody.
#[derive(Debug, Clone, Default)]
pub struct HealthBook {
    policy: HealthPolicy,
    channels: BTreeMap<ChannelId, ChannelHealth>,
    issuers: BTreeMap<String, Monitor>,
    overall: Estimate,
    /// Places whose breaker isn't closed.
    troubled: BTreeSet<Place>,
}

/// What is known about one channel.
#[derive(Debug, Clone)]
struct ChannelHealth {
    monitor: Monitor,
    cells: BTreeMap<String, Cells>,
    orders: Latency,
    questions: Latency,
    probing: Probing,
}

/// One issuer on one channel, each way.
#[derive(Debug, Clone, Default)]
struct Cells {
    collect: Option<Monitor>,
    pay_out: Option<Monitor>,
}

/// How and when a channel is probed.
#[derive(Debug, Clone, Default)]
struct Probing {
    rules: Option<ProbeRules>,
    hours: Option<Hours>,
    last_at: Option<Timestamp>,
    /// An alarm was put down to an issuer; whether the channel answers at all is to be found out, until then.
    suspected_until: Option<Timestamp>,
}

impl Cells {
    fn get(&self, direction: Direction) -> Option<&Monitor> {
        match direction {
            Direction::Collect => self.collect.as_ref(),
            Direction::PayOut => self.pay_out.as_ref(),
        }
    }

    fn slot(&mut self, direction: Direction) -> &mut Option<Monitor> {
        match direction {
            Direction::Collect => &mut self.collect,
            Direction::PayOut => &mut self.pay_out,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = (Direction, &mut Monitor)> {
        let collect = self.collect.as_mut().map(|monitor| (Direction::Collect, monitor));
        collect.into_iter().chain(self.pay_out.as_mut().map(|monitor| (Direction::PayOut, monitor)))
    }

    fn last_at(&self) -> Option<Timestamp> {
        let collect = self.collect.as_ref().and_then(|monitor| monitor.last_at);
        collect.max(self.pay_out.as_ref().and_then(|monitor| monitor.last_at))
    }
}

impl HealthBook {
    /// A book that trusts everybody, judges by this policy, and knows which of these channels can be probed.
    pub fn new(channels: &ChannelBook, policy: HealthPolicy) -> Self {
        let mut book = Self { policy, ..Self::default() };
        for capability in channels.iter() {
            let mut health = ChannelHealth::new(&book.policy);
            health.probing.rules = capability.probe;
            health.probing.hours = Some(capability.hours.clone());
            book.channels.insert(capability.id.clone(), health);
        }
        book
    }

    /// The figures it judges by.
    pub fn policy(&self) -> &HealthPolicy {
        &self.policy
    }

    fn monitor(&self, place: &Place) -> Option<&Monitor> {
        match place {
            Place::Channel(channel) => self.channels.get(channel).map(|health| &health.monitor),
            Place::Issuer(issuer) => self.issuers.get(issuer),
            Place::Cell { channel, issuer, direction } => {
                self.channels.get(channel)?.cells.get(issuer)?.get(*direction)
            }
        }
    }

    fn monitor_mut(&mut self, place: &Place) -> Option<&mut Monitor> {
        match place {
            Place::Channel(channel) => self.channels.get_mut(channel).map(|health| &mut health.monitor),
            Place::Issuer(issuer) => self.issuers.get_mut(issuer),
            Place::Cell { channel, issuer, direction } => {
                self.channels.get_mut(channel)?.cells.get_mut(issuer)?.slot(*direction).as_mut()
            }
        }
    }

    fn is_closed(&self, place: &Place) -> bool {
        self.monitor(place).is_none_or(|monitor| monitor.breaker.is_closed())
    }

    /// Whether probes decide about a place, and how many good ones in a row are wanted.
    fn probes_wanted(&self, place: &Place) -> Option<u32> {
        match place {
            Place::Channel(channel) => {
                let rules = self.channels.get(channel)?.probing.rules?;
                Some(u32::from(rules.successes))
            }
            Place::Issuer(_) | Place::Cell { .. } => None,
        }
    }
}

impl ChannelHealth {
    fn new(policy: &HealthPolicy) -> Self {
        Self {
            monitor: Monitor::new(policy),
            cells: BTreeMap::new(),
            orders: Latency::default(),
            questions: Latency::default(),
            probing: Probing::default(),
        }
    }
}

/// How a place heals whose probes are `probes`.
fn healing(policy: &HealthPolicy, probes: Option<u32>) -> Healing<'_> {
    Healing {
        rules: if probes.is_some() { &policy.probed } else { &policy.blind },
        blind: &policy.blind,
        probes,
        calm_after: Duration::from_secs(policy.calm_after_s),
    }
}
