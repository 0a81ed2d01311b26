//! Health as people read it.

use super::monitor::Monitor;
use super::{BreakerState, HealthBook, Place, healing};
use crate::catalogue::Text;
use crate::channel::Direction;
use crate::time::Timestamp;

/// Everything that is known, by place: channels, then issuers, then cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// Each place that was ever heard of.
    pub standings: Vec<Standing>,
}

/// How one place stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where.
    pub place: Place,
    /// Whether traffic flows.
    pub state: StandingState,
    /// When that last changed; `None` when it never did.
    pub changed_at: Option<Timestamp>,
    /// Share of faults among about the last 32 answers, in millionths.
    pub fault_rate_ppm: u32,
    /// Share of faults that is usual here, in millionths.
    pub usual_rate_ppm: u32,
    /// Estimated probability that an attempt moves the money, in millionths.
    pub chance_ppm: u32,
    /// One standard deviation of that, in millionths.
    pub spread_ppm: u32,
    /// A channel's typical time to answer an order, in milliseconds, once enough were heard.
    pub typical_ms: Option<u64>,
    /// Answers heard.
    pub answers: u64,
    /// When the last one came.
    pub last_at: Option<Timestamp>,
}

/// Whether traffic flows to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingState {
    /// All of it.
    Closed,
    /// None.
    Open {
        /// When the trouble was found.
        since: Timestamp,
        /// Not half open before this.
        until: Timestamp,
    },
    /// A growing share.
    HalfOpen {
        /// When the trouble was found.
        since: Timestamp,
        /// The share, in millionths.
        share_ppm: u32,
    },
}

impl StandingState {
    /// The words of [`StandingState::as_str`].
    pub const WORDS: [&'static str; 3] = ["closed", "open", "half_open"];

    /// The breaker's word: `closed`, `open` or `half_open`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
        }
    }

    /// A few words for people.
    pub fn text(self) -> Text {
        match self {
            Self::Closed => Text { zh: "运行正常", en: "Working" },
            Self::Open { .. } => Text { zh: "异常，已暂停使用", en: "In trouble, not used" },
            Self::HalfOpen { .. } => {
                Text { zh: "恢复中，逐步放量", en: "Recovering, used for a growing share" }
            }
        }
    }
}

impl Standing {
    /// A place that was never heard of.
    pub fn unheard(place: Place) -> Self {
        let book = HealthBook::default();
        let monitor = Monitor::new(&book.policy);
        let (chance_ppm, spread_ppm) = book.chance_at(&place, &monitor, Timestamp::from_millis(0));
        Self {
            place,
            state: StandingState::Closed,
            changed_at: None,
            fault_rate_ppm: 0,
            usual_rate_ppm: monitor.test.usual_ppm(),
            chance_ppm,
            spread_ppm,
            typical_ms: None,
            answers: 0,
            last_at: None,
        }
    }
}

impl HealthBook {
    /// Everything that is known, as it stands now.
    pub fn report(&self, now: Timestamp) -> HealthReport {
        let mut standings: Vec<_> =
            self.channels.keys().map(|channel| Place::Channel(channel.clone())).collect();
        standings.extend(self.issuers.keys().cloned().map(Place::Issuer));
        for (channel, health) in &self.channels {
            for (issuer, cells) in &health.cells {
                for direction in [Direction::Collect, Direction::PayOut] {
                    if cells.get(direction).is_some() {
                        let (channel, issuer) = (channel.clone(), issuer.clone());
                        standings.push(Place::Cell { channel, issuer, direction });
                    }
                }
            }
        }
        let standings = standings.into_iter().filter_map(|place| self.standing(place, now)).collect();
        HealthReport { standings }
    }

    fn standing(&self, place: Place, now: Timestamp) -> Option<Standing> {
        let monitor = self.monitor(&place)?;
        let typical_ms = match &place {
            Place::Channel(channel) => {
                self.channels.get(channel).and_then(|health| health.orders.typical_ms())
            }
            Place::Issuer(_) | Place::Cell { .. } => None,
        };
        let (chance_ppm, spread_ppm) = self.chance_at(&place, monitor, now);
        Some(Standing {
            state: self.state(&place, monitor, now),
            changed_at: monitor.breaker.changed_at,
            fault_rate_ppm: monitor.recent_ppm(),
            usual_rate_ppm: monitor.test.usual_ppm(),
            chance_ppm,
            spread_ppm,
            typical_ms,
            answers: monitor.answers,
            last_at: monitor.last_at,
            place,
        })
    }

    fn state(&self, place: &Place, monitor: &Monitor, now: Timestamp) -> StandingState {
        let healing = healing(&self.policy, self.probes_wanted(place));
        let mut breaker = monitor.breaker;
        breaker.advance(now, healing);
        match breaker.state {
            BreakerState::Closed => StandingState::Closed,
            BreakerState::Open { since, until, .. } => StandingState::Open { since, until },
            BreakerState::HalfOpen { since, .. } => {
                StandingState::HalfOpen { since, share_ppm: breaker.share_ppm(now, healing) }
            }
        }
    }
}
