//! The success-rate routing of Juspay's decision-engine, written from a description of its behaviour (version of August
//! 2026): a window of outcomes per gateway, an elimination score, and optional hedging, reset and autopilot.

use std::collections::VecDeque;

use super::super::draw::Stream;
use super::super::truth::Said;
use super::router::Router;

/// Which of its flags are on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Variant {
    /// Length of the window.
    pub(crate) window: usize,
    /// Percent of decisions in which every gateway but the head looks perfect.
    pub(crate) hedge_pct: f64,
    /// Lifts gateways that are far behind.
    pub(crate) reset: bool,
    /// Threshold below which a gateway is demoted, with a penalty at every start.
    pub(crate) eliminate_below: Option<f64>,
    /// Errors in the payment method's details don't count.
    pub(crate) skip_details: bool,
    /// Sets window and hedging by volume.
    pub(crate) autopilot: bool,
}

impl Variant {
    /// Postgres set-up by compose: no flag is on.
    pub(crate) const COMPOSE: Self = Self {
        window: 125,
        hedge_pct: 0.0,
        reset: false,
        eliminate_below: None,
        skip_details: false,
        autopilot: false,
    };
    /// The one-click set-up: hedging.
    pub(crate) const ONECLICK: Self = Self { hedge_pct: 5.0, ..Self::COMPOSE };
    /// Everything on.
    pub(crate) const FULL: Self = Self {
        reset: true,
        eliminate_below: Some(0.35),
        skip_details: true,
        autopilot: true,
        ..Self::ONECLICK
    };
}

/// Upper and lower reset factor, in standard deviations.
const RESET_FACTOR: f64 = 3.0;
/// A start costs 5 %, a success gives 5.26 %.
const PENALTY: f64 = 0.95;
const REWARD: f64 = 1.0526;
/// An elimination score lives so long.
const HARD_TTL_MS: i64 = 9_000_000;
/// It may be softened after so long.
const SOFT_TTL_MS: i64 = 900_000;
/// A gateway below the threshold: its score is divided by this.
const DEMOTION: f64 = 5.0;
/// Feedback that comes later is refused.
const FEEDBACK_MS: i64 = 900_000;
/// The autopilot looks at the last hour every quarter of an hour.
const AUTOPILOT_EVERY_MS: i64 = 900_000;
const AUTOPILOT_LOOKS_MS: i64 = 3_600_000;

#[derive(Debug, Clone)]
struct Gateway {
    /// Newest first; empty until the first outcome.
    window: VecDeque<bool>,
    elimination: f64,
    elimination_since: i64,
    reset_at: i64,
}

/// The router.
pub(crate) struct DecisionEngine {
    variant: Variant,
    gateways: Vec<Gateway>,
    /// Moments of recent starts, for the autopilot.
    starts: VecDeque<i64>,
    autopilot_at: i64,
}

impl DecisionEngine {
    pub(crate) fn new(channels: usize, variant: Variant) -> Self {
        let gateway = Gateway {
            window: VecDeque::new(),
            elimination: 1.0,
            elimination_since: i64::MIN,
            reset_at: i64::MIN,
        };
        Self { variant, gateways: vec![gateway; channels], starts: VecDeque::new(), autopilot_at: i64::MIN }
    }

    fn score(&self, gateway: usize) -> f64 {
        let window = &self.gateways[gateway].window;
        if window.is_empty() {
            return 1.0;
        }
        let newest = window.iter().take(self.variant.window);
        newest.clone().filter(|good| **good).count() as f64 / newest.count() as f64
    }

    /// Gives every gateway far behind the best a synthetic window about three deviations below it.
    fn reset(&mut self, candidates: &[usize], scores: &mut [f64]) {
        let length = self.variant.window;
        let best = scores.iter().copied().fold(0.0, f64::max);
        let deviation = ((best * (1.0 - best)).max(0.09) / length as f64).sqrt();
        let cut = best - RESET_FACTOR * deviation;
        let zeros = ((1.0 - best + RESET_FACTOR * deviation) * length as f64).floor() as usize;
        let zeros = zeros.clamp(2, length);
        for (score, gateway) in scores.iter_mut().zip(candidates) {
            if *score < cut {
                let mut window = VecDeque::from(vec![true; length]);
                for zero in 0..zeros {
                    window[zero * (length - 1) / (zeros - 1)] = false;
                }
                self.gateways[*gateway].window = window;
                *score = (length - zeros) as f64 / length as f64;
            }
        }
    }

    fn push(&mut self, channel: usize, good: bool) {
        let length = self.variant.window;
        let window = &mut self.gateways[channel].window;
        if window.is_empty() {
            window.extend(std::iter::repeat_n(true, length));
        }
        window.push_front(good);
        window.truncate(length);
    }

    /// Elimination scores expire; a low one may be softened.
    fn age(&mut self, channel: usize, now: i64) {
        let Some(threshold) = self.variant.eliminate_below else { return };
        let gateway = &mut self.gateways[channel];
        if now.saturating_sub(gateway.elimination_since) >= HARD_TTL_MS {
            gateway.elimination = 1.0;
            gateway.elimination_since = now;
        }
        if gateway.elimination < threshold && now.saturating_sub(gateway.reset_at) >= SOFT_TTL_MS {
            gateway.elimination = (threshold / PENALTY.powi(9)).min(1.0);
            gateway.reset_at = now;
        }
    }

    fn autopilot(&mut self, candidates: usize, now: i64) {
        if !self.variant.autopilot || now.saturating_sub(self.autopilot_at) < AUTOPILOT_EVERY_MS {
            return;
        }
        self.autopilot_at = now;
        while self.starts.front().is_some_and(|at| *at < now - AUTOPILOT_LOOKS_MS) {
            self.starts.pop_front();
        }
        let volume = self.starts.len() as f64;
        if volume < 100.0 || candidates < 2 {
            return;
        }
        let others = (candidates - 1) as f64;
        let length = ((5.0 * (volume / others).sqrt() / 25.0).round() * 25.0).clamp(100.0, 2000.0);
        let share = (length / volume).min(0.30 / others).max(0.01);
        let hedge = (100.0 * share * others).min(30.0);
        if (length - self.variant.window as f64).abs() >= 25.0
            || (hedge - self.variant.hedge_pct).abs() >= 1.0
        {
            self.variant.window = length as usize;
            self.variant.hedge_pct = hedge;
        }
    }
}

impl Router for DecisionEngine {
    fn choose(&mut self, candidates: &[usize], now: i64, choice: &mut Stream) -> usize {
        self.autopilot(candidates.len(), now);
        if let [only] = candidates {
            return *only;
        }
        let mut scores: Vec<f64> = candidates.iter().map(|gateway| self.score(*gateway)).collect();
        if self.variant.reset {
            self.reset(candidates, &mut scores);
        }
        if self.variant.hedge_pct > 0.0 && choice.unit() * 100.0 < self.variant.hedge_pct {
            let best = best(&scores, choice);
            for (place, score) in scores.iter_mut().enumerate() {
                *score = if place == best { 0.5 } else { 1.0 };
            }
        }
        if let Some(threshold) = self.variant.eliminate_below {
            for (score, gateway) in scores.iter_mut().zip(candidates) {
                self.age(*gateway, now);
                if self.gateways[*gateway].elimination < threshold {
                    *score /= DEMOTION;
                }
            }
        }
        candidates[best(&scores, choice)]
    }

    fn started(&mut self, channel: usize, now: i64) {
        if self.variant.autopilot {
            self.starts.push_back(now);
        }
        if self.variant.eliminate_below.is_some() {
            self.age(channel, now);
            self.gateways[channel].elimination *= PENALTY;
        }
    }

    fn finished(&mut self, channel: usize, said: Said, sent_at: i64, now: i64) {
        let details = matches!(said, Said::Stale | Said::AccountClosed);
        if now - sent_at > FEEDBACK_MS || (self.variant.skip_details && details) {
            return;
        }
        let good = said == Said::Success;
        self.push(channel, good);
        if good && self.variant.eliminate_below.is_some() {
            let gateway = &mut self.gateways[channel];
            gateway.elimination = (gateway.elimination * REWARD).min(1.0);
        }
    }

    fn pending(&mut self, channel: usize, _now: i64) {
        self.push(channel, false);
    }

    fn judges_channels(&self) -> bool {
        self.variant.eliminate_below.is_some()
    }

    fn suspects(&self, channel: usize) -> bool {
        self.variant.eliminate_below.is_some_and(|threshold| self.gateways[channel].elimination < threshold)
    }
}

/// The place of the highest score; among equals any one.
fn best(scores: &[f64], choice: &mut Stream) -> usize {
    let top = scores.iter().copied().fold(f64::MIN, f64::max);
    let equal: Vec<usize> = (0..scores.len()).filter(|place| scores[*place] >= top).collect();
    equal[choice.below(equal.len())]
}
