//! The outlook of a payment: its chance on one channel with one issuer now, and whether it may go there.

use super::estimate::Guess;
use super::monitor::Monitor;
use super::{BreakerState, HealthBook, Place, healing};
use crate::channel::{ChannelId, Direction};
use crate::time::Timestamp;

/// The chance assumed where nothing is known, in millionths: between the 85 % that one attempt brings in published
/// figures and what is left when causes that lie with the borrower are set aside.
const PRIOR_PPM: u64 = 900_000;
/// Outcomes that a channel's or issuer's own record is mixed with.
const PRIOR_WEIGHT: u64 = 8;
/// Outcomes that a cell's record is mixed with: what its channel and issuer let expect.
const PARENT_WEIGHT: u64 = 16;
const UNIT: u64 = 1 << 20;
const MILLION: u64 = 1_000_000;
const ALL: u32 = 1_000_000;

/// How a payment would fare on one channel with one issuer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Estimated probability that an attempt moves the money, in millionths. Failures that only the borrower can change
    /// (no money, closed card) are set aside: they would be the same everywhere.
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
        /// When the first share was let through.
        since: Timestamp,
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
        channel: &ChannelId,
        issuer: Option<&str>,
        direction: Direction,
        now: Timestamp,
    ) -> Outlook {
        let health = self.channels.get(channel);
        let on_channel = health.map(|health| &health.monitor);
        let of_issuer = issuer.and_then(|issuer| self.issuers.get(issuer));
        let cells = health.zip(issuer).and_then(|(health, issuer)| health.cells.get(issuer));
        let cell = cells.and_then(|cells| cells.get(direction));
        let probes = health.and_then(|health| health.probing.rules).map(|rules| u32::from(rules.successes));
        let gates = [
            self.gate(on_channel, Scope::Channel, probes, now),
            self.gate(of_issuer, Scope::Issuer, None, now),
            self.gate(cell, Scope::Cell, None, now),
        ];
        let (chance_ppm, spread_ppm) = self.chance(on_channel, of_issuer, cell, now);
        Outlook { chance_ppm, spread_ppm, gate: narrowest(gates) }
    }

    /// The chance at one place, over everything that goes through it. Its gate is not looked at.
    pub(super) fn chance_at(&self, place: &Place, monitor: &Monitor, now: Timestamp) -> (u32, u32) {
        match place {
            Place::Channel(_) => self.chance(Some(monitor), None, None, now),
            Place::Issuer(_) => self.chance(None, Some(monitor), None, now),
            Place::Cell { channel, issuer, .. } => {
                let channel = self.channels.get(channel).map(|health| &health.monitor);
                self.chance(channel, self.issuers.get(issuer), Some(monitor), now)
            }
        }
    }

    fn gate(&self, monitor: Option<&Monitor>, scope: Scope, probes: Option<u32>, now: Timestamp) -> Gate {
        let Some(monitor) = monitor.filter(|monitor| !monitor.breaker.is_closed()) else {
            return Gate::Open;
        };
        let healing = healing(&self.policy, probes);
        let mut breaker = monitor.breaker;
        breaker.advance(now, healing);
        match breaker.state {
            BreakerState::Closed => Gate::Open,
            BreakerState::Open { since, .. } => Gate::Shut { scope, since },
            BreakerState::HalfOpen { began, .. } => {
                Gate::Ramp { share_ppm: breaker.share_ppm(now, healing), since: began }
            }
        }
    }

    fn chance(
        &self,
        channel: Option<&Monitor>,
        issuer: Option<&Monitor>,
        cell: Option<&Monitor>,
        now: Timestamp,
    ) -> (u32, u32) {
        let policy = &self.policy;
        let overall = self.overall.guess(PRIOR_PPM, PRIOR_WEIGHT, now, policy).chance_ppm;
        let of = |monitor: Option<&Monitor>| match monitor {
            Some(monitor) => monitor.estimate.guess(overall, PRIOR_WEIGHT, now, policy),
            None => Guess { chance_ppm: overall, weight: 0 },
        };
        let (channel, issuer) = (of(channel), of(issuer));
        // Channel and issuer fail independently, so their chances multiply, measured against all others'.
        let expected = channel.chance_ppm * issuer.chance_ppm / overall.max(1);
        let expected = expected.clamp(MILLION / 1000, MILLION - MILLION / 1000);
        let guess = match cell {
            Some(cell) => cell.estimate.guess(expected, PARENT_WEIGHT, now, policy),
            None => Guess { chance_ppm: expected, weight: 0 },
        };
        // What channel and issuer let expect counts for up to so many outcomes of the cell's own.
        let parents = (channel.weight + issuer.weight) / 4;
        let rests_on = guess.weight + PRIOR_WEIGHT * UNIT + parents.min(PARENT_WEIGHT * UNIT);
        let variance =
            u128::from(guess.chance_ppm) * u128::from(MILLION - guess.chance_ppm) * u128::from(UNIT)
                / u128::from(rests_on + UNIT);
        (ppm(guess.chance_ppm), ppm(u64::try_from(variance.isqrt()).unwrap_or(MILLION)))
    }
}

fn narrowest(gates: [Gate; 3]) -> Gate {
    let share_of = |gate: &Gate| match gate {
        Gate::Open => ALL,
        Gate::Ramp { share_ppm, .. } => *share_ppm,
        Gate::Shut { .. } => 0,
    };
    let shut = gates.into_iter().find(|gate| matches!(gate, Gate::Shut { .. }));
    let narrowest = shut.or_else(|| gates.into_iter().min_by_key(share_of));
    narrowest.filter(|gate| share_of(gate) < ALL).unwrap_or(Gate::Open)
}

fn ppm(value: u64) -> u32 {
    u32::try_from(value.min(MILLION)).unwrap_or(ALL)
}
