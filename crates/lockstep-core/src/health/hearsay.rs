//! What the other nodes of a fleet have found out. A breaker that one node opens, half opens or closes does the same on all
//! of them: the evidence is one node's, the trouble is everybody's.

use serde::{Deserialize, Serialize};

use super::{BreakerState, Change, HealthBook, HealthEvent, Place};
use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// A change of a breaker, as one node tells it to the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearsay {
    /// Where.
    pub place: Place,
    /// What the breaker is now.
    pub breaker: Told,
}

/// What a breaker has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// No traffic.
    Open,
    /// A growing share of it.
    HalfOpen,
    /// All of it.
    Closed,
}

impl HealthEvent {
    /// What the other nodes have to know of it.
    pub fn to_tell(&self) -> Option<Hearsay> {
        let breaker = match self.change {
            Change::Opened { .. } | Change::ShutAgain { .. } => Told::Open,
            Change::HalfOpened => Told::HalfOpen,
            Change::Healed { .. } => Told::Closed,
            Change::TroubleFound { .. } => return None,
        };
        Some(Hearsay { place: self.place.clone(), breaker })
    }
}

impl HealthBook {
    /// Does what another node's breaker did; whether that changed anything here. Nothing of it is told on.
    pub fn believe(&mut self, said: &Hearsay, now: Timestamp) -> bool {
        let place = &said.place;
        match place {
            Place::Channel(channel) => self.make_room(channel, None, Direction::Collect),
            Place::Issuer(issuer) => self.make_room_for_issuer(issuer),
            Place::Cell { channel, issuer, direction } => self.make_room(channel, Some(issuer), *direction),
        }
        let probes = self.probes_wanted(place);
        let Some(monitor) = self.monitor_mut(place) else { return false };
        match (said.breaker, monitor.breaker.state) {
            (Told::Open, BreakerState::Closed | BreakerState::HalfOpen { .. }) => {
                self.open(place.clone(), now, &mut Vec::new());
            }
            (Told::HalfOpen, BreakerState::Open { .. }) => {
                monitor.breaker.believe_half_open(now, probes.unwrap_or(0));
            }
            (Told::Closed, BreakerState::Open { .. } | BreakerState::HalfOpen { .. }) => {
                monitor.breaker.subsume(now);
                self.troubled.remove(place);
            }
            _ => return false,
        }
        true
    }

    /// Whether a channel is only suspected, by what was seen here. What is known by everybody is probed by one node.
    pub fn only_suspects(&self, channel: &ChannelId) -> bool {
        self.is_closed(&Place::Channel(channel.clone()))
    }
}
