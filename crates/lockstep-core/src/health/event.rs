//! Changes of health that are worth telling: where, what, when, and what they rest on.

use serde::{Deserialize, Serialize};

use super::Scope;
use super::rate::Run;
use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// A channel, an issuer, or one issuer on one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The channel, across issuers.
    Channel(ChannelId),
    /// The issuer, across channels.
    Issuer(String),
    /// One issuer on one channel, one way.
    Cell {
        /// The channel.
        channel: ChannelId,
        /// The issuer.
        issuer: String,
        /// Which way the money goes.
        direction: Direction,
    },
}

impl Place {
    /// How wide it is.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Channel(_) => Scope::Channel,
            Self::Issuer(_) => Scope::Issuer,
            Self::Cell { .. } => Scope::Cell,
        }
    }
}

/// What an alarm rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The answers since the suspicion began.
    pub run: Run,
    /// The share of faults that is usual here, in millionths.
    pub usual_ppm: u32,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// More faults than can be chance.
    TroubleFound {
        /// What that rests on.
        evidence: Evidence,
    },
    /// No traffic goes there any more.
    Opened {
        /// At least for so long, in milliseconds.
        pause_ms: u64,
    },
    /// A growing share of the traffic goes there again.
    HalfOpened,
    /// The trouble came back while it was half open.
    ShutAgain {
        /// No traffic at least for so long, in milliseconds.
        pause_ms: u64,
    },
    /// All traffic goes there again.
    Healed {
        /// When the trouble had been found.
        since: Timestamp,
    },
}

/// A change of health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthEvent {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
    /// What.
    pub change: Change,
}
