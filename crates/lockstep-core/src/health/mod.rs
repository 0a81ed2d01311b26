//! How well each channel and issuer works now, learned only from their own faults: a declined card says nothing
//! against a channel.
//!
//! Pure: signals come in with their moment, an outlook goes out. The engine keeps one book and feeds it with what
//! its performing brings back.

use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// What is known about all channels and issuers. The empty book trusts everybody.
#[derive(Debug, Clone, Default)]
pub struct HealthBook {}

/// How a payment would fare on one channel with one issuer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Estimated probability that an attempt moves the money, in millionths.
    pub chance_ppm: u32,
    /// One standard deviation of that estimate, in millionths.
    pub spread_ppm: u32,
    /// Whether traffic is let through.
    pub gate: Gate,
}

/// Whether traffic is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// All of it.
    Open,
    /// Half open after a trouble: a growing share.
    Ramp {
        /// The share, in millionths.
        share_ppm: u32,
    },
    /// None: the breaker is open.
    Shut {
        /// What is in trouble.
        scope: Scope,
        /// Since when.
        since: Timestamp,
    },
}

/// Where a trouble sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The channel, across issuers.
    Channel,
    /// The issuer, across channels.
    Issuer,
    /// This issuer on this channel only.
    Cell,
}

impl HealthBook {
    /// How a payment would fare now.
    pub fn outlook(
        &self,
        _channel: &ChannelId,
        _issuer: Option<&str>,
        _direction: Direction,
        _now: Timestamp,
    ) -> Outlook {
        Outlook { chance_ppm: 900_000, spread_ppm: 100_000, gate: Gate::Open }
    }
}
