//! The breaker of one scope: closed → open → half open → closed. Time alone moves it, too, so what it says is worked
//! out for the moment that is asked about.

use std::time::Duration;

use super::policy::HealRules;
use crate::planted::{self, Bug};
use crate::time::Timestamp;

const ALL: u32 = 1_000_000;
/// Faults in half-open are forgiven when this many good answers stand against each.
const GOOD_PER_FAULT: u32 = 10;

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Traffic flows.
    Closed,
    /// No traffic.
    Open {
        /// When the trouble began.
        since: Timestamp,
        /// Not half open before this.
        until: Timestamp,
        /// Good probes in a row.
        probes: u32,
    },
    /// A growing share of the traffic.
    HalfOpen {
        /// When the trouble began.
        since: Timestamp,
        /// When the first share was let through.
        began: Timestamp,
        /// Good answers since, probes included.
        good: u32,
        /// Faults since.
        bad: u32,
    },
}

/// What became of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    HalfOpened,
    ShutAgain { pause_ms: u64 },
    Healed { since: Timestamp },
}

/// A breaker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Breaker {
    pub(super) state: BreakerState,
    /// Times it opened in a row, without a calm time between.
    trips: u32,
    /// When it last changed.
    pub(super) changed_at: Option<Timestamp>,
    /// Answers to what was sent before this say nothing: they belong to a trouble that is over.
    fresh_from: Option<Timestamp>,
}

/// How a breaker heals, and whether probes decide about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Healing<'a> {
    /// Its own rules.
    pub(super) rules: &'a HealRules,
    /// The rules where only real payments can tell.
    pub(super) blind: &'a HealRules,
    /// Good probes in a row that are wanted; `None` where there is no probe and time decides.
    pub(super) probes: Option<u32>,
    pub(super) calm_after: Duration,
}

/// Whether the pause of an open breaker is over.
fn rested(until: Timestamp, now: Timestamp) -> bool {
    now >= until && !planted::is(Bug::BreakerNeverCloses)
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: BreakerState::Closed, trips: 0, changed_at: None, fresh_from: None }
    }
}

impl Breaker {
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, BreakerState::Closed)
    }

    /// Whether an answer to something sent then still tells about now.
    pub(super) fn is_news(&self, sent_at: Timestamp) -> bool {
        self.fresh_from.is_none_or(|fresh| sent_at >= fresh)
    }

    /// Opens it. Returns the pause.
    pub(super) fn open(&mut self, now: Timestamp, healing: Healing<'_>) -> u64 {
        let calm = self.changed_at.is_none_or(|changed| now.since(changed) >= healing.calm_after);
        self.trips = if self.is_closed() && calm { 1 } else { self.trips.saturating_add(1) };
        let since = match self.state {
            BreakerState::Closed => now,
            BreakerState::Open { since, .. } | BreakerState::HalfOpen { since, .. } => since,
        };
        let pause_ms = healing.rules.pause_ms(self.trips);
        self.state =
            BreakerState::Open { since, until: now.plus(Duration::from_millis(pause_ms)), probes: 0 };
        self.changed_at = Some(now);
        pause_ms
    }

    /// Closes it without a word: its trouble turned out to be a part of a greater one.
    pub(super) fn subsume(&mut self, now: Timestamp) {
        if !self.is_closed() {
            self.state = BreakerState::Closed;
            self.changed_at = Some(now);
            self.fresh_from = Some(now);
        }
    }

    /// What time has done by now. A clock that went back must not keep a breaker open for longer than its pause.
    pub(super) fn advance(&mut self, now: Timestamp, healing: Healing<'_>) -> Option<Turn> {
        self.heed_clock(now, healing);
        match self.state {
            BreakerState::Closed => None,
            BreakerState::Open { since, until, .. } => {
                (healing.probes.is_none() && rested(until, now)).then(|| self.half_open(since, until, 0))
            }
            BreakerState::HalfOpen { .. } => self.close_when_proven(now, healing),
        }
    }

    /// Where trouble came back soon after good probes, the probes don't see it: then only real payments count.
    fn probes_mislead(&self) -> bool {
        self.trips >= 2
    }

    fn ramp<'a>(&self, healing: Healing<'a>) -> &'a HealRules {
        if self.probes_mislead() { healing.blind } else { healing.rules }
    }

    fn heed_clock(&mut self, now: Timestamp, healing: Healing<'_>) {
        let longest = now.plus(Duration::from_millis(healing.rules.pause_ms(self.trips)));
        let back = |moment: &mut Timestamp| *moment = (*moment).min(now);
        if let Some(fresh) = &mut self.fresh_from {
            back(fresh);
        }
        if let Some(changed) = &mut self.changed_at {
            back(changed);
        }
        match &mut self.state {
            BreakerState::Closed => {}
            BreakerState::Open { since, until, .. } => {
                back(since);
                *until = (*until).min(longest);
            }
            BreakerState::HalfOpen { since, began, .. } => {
                back(since);
                back(began);
            }
        }
    }

    fn half_open(&mut self, since: Timestamp, began: Timestamp, probes: u32) -> Turn {
        let good = if self.probes_mislead() { 0 } else { probes };
        self.state = BreakerState::HalfOpen { since, began, good, bad: 0 };
        self.changed_at = Some(began);
        self.fresh_from = Some(began);
        Turn::HalfOpened
    }

    fn close_when_proven(&mut self, now: Timestamp, healing: Healing<'_>) -> Option<Turn> {
        let BreakerState::HalfOpen { since, good, .. } = self.state else { return None };
        if good < self.ramp(healing).proven_good || self.share_ppm(now, healing) < ALL {
            return None;
        }
        self.state = BreakerState::Closed;
        self.changed_at = Some(now);
        Some(Turn::Healed { since })
    }

    /// Another node has found out that traffic can go there again.
    pub(super) fn believe_half_open(&mut self, now: Timestamp, probes: u32) {
        if let BreakerState::Open { since, .. } = self.state {
            self.half_open(since, now, probes);
        }
    }

    /// A good answer came in half-open.
    pub(super) fn good(&mut self, now: Timestamp, healing: Healing<'_>) -> Option<Turn> {
        if let BreakerState::HalfOpen { good, .. } = &mut self.state {
            *good = good.saturating_add(1);
        }
        self.close_when_proven(now, healing)
    }

    /// A fault came in half-open.
    pub(super) fn bad(&mut self, now: Timestamp, healing: Healing<'_>) -> Option<Turn> {
        let BreakerState::HalfOpen { good, bad, .. } = &mut self.state else { return None };
        *bad = bad.saturating_add(1);
        if *good >= bad.saturating_mul(GOOD_PER_FAULT) {
            return None;
        }
        Some(Turn::ShutAgain { pause_ms: self.open(now, healing) })
    }

    /// A probe came back.
    pub(super) fn probed(&mut self, well: bool, now: Timestamp, healing: Healing<'_>) -> Option<Turn> {
        let misled = self.probes_mislead();
        match (&mut self.state, well) {
            (BreakerState::Closed, _) => None,
            (BreakerState::Open { since, until, probes }, true) => {
                *probes = probes.saturating_add(1);
                let enough = healing.probes.is_some_and(|wanted| *probes >= wanted) && rested(*until, now);
                let (since, good) = (*since, *probes);
                enough.then(|| self.half_open(since, now, good))
            }
            (BreakerState::Open { probes, .. }, false) => {
                *probes = 0;
                None
            }
            (BreakerState::HalfOpen { .. }, true) if misled => None,
            (BreakerState::HalfOpen { .. }, true) => self.good(now, healing),
            // A silent health call is no stray fault of one payment: the channel is gone again.
            (BreakerState::HalfOpen { .. }, false) => {
                Some(Turn::ShutAgain { pause_ms: self.open(now, healing) })
            }
        }
    }

    /// The share of traffic let through in half-open, in millionths: it doubles with time and with good answers.
    pub(super) fn share_ppm(&self, now: Timestamp, healing: Healing<'_>) -> u32 {
        let rules = self.ramp(healing);
        match self.state {
            BreakerState::Closed => ALL,
            BreakerState::Open { .. } => 0,
            BreakerState::HalfOpen { began, good, .. } => {
                let passed = u64::try_from(now.since(began).as_millis()).unwrap_or(u64::MAX);
                let by_time = passed / rules.ramp_step_ms.max(1);
                let by_good = u64::from(good / rules.ramp_step_good.max(1));
                let doublings = u32::try_from(by_time.max(by_good).min(20)).unwrap_or(20);
                let share = u64::from(rules.ramp_first_ppm) << doublings;
                let most = if good >= rules.proven_good { ALL } else { rules.unproven_max_ppm };
                u32::try_from(share).unwrap_or(ALL).min(most)
            }
        }
    }

    /// When time alone will next change its state, if it will.
    pub(super) fn next_turn(&self, healing: Healing<'_>) -> Option<Timestamp> {
        match self.state {
            BreakerState::Closed => None,
            BreakerState::Open { until, .. } => healing.probes.is_none().then_some(until),
            BreakerState::HalfOpen { began, good, .. } => {
                let rules = self.ramp(healing);
                let doublings =
                    (0..20).find(|step| u64::from(rules.ramp_first_ppm) << step >= u64::from(ALL));
                let full = rules.ramp_step_ms.saturating_mul(doublings.unwrap_or(20));
                (good >= rules.proven_good).then(|| began.plus(Duration::from_millis(full)))
            }
        }
    }
}
