//! Everything that is known about one scope: its rate test, its breaker, its chance, and its latest answers.

use std::collections::VecDeque;

use super::BreakerState;
use super::breaker::{Breaker, Healing, Turn};
use super::estimate::Estimate;
use super::event::Evidence;
use super::policy::HealthPolicy;
use super::rate::RateTest;
use crate::time::Timestamp;

/// Latest answers kept to tell whose fault a trouble is.
const NOTES: usize = 32;
/// The recent rate is a mean over about so many answers.
const RECENT: i64 = 32;

/// The latest answers of a channel or issuer, with who else had a part in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    /// The issuer of a channel's answer, the channel of an issuer's; 0 for nobody that could be blamed.
    pub(super) other: u32,
    pub(super) bad: bool,
    /// By what came back, the channel's own fault.
    pub(super) own: bool,
    slow: bool,
    at: Timestamp,
}

/// One answer for one scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bit {
    pub(super) bad: bool,
    pub(super) slow: bool,
    pub(super) other: u32,
    /// By what came back, the channel's own fault and nobody else's.
    pub(super) own: bool,
    pub(super) sent_at: Timestamp,
    pub(super) at: Timestamp,
}

/// What an answer led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    Nothing,
    Alarm,
    Turned(Turn),
}

#[derive(Debug, Clone)]
pub(super) struct Monitor {
    pub(super) test: RateTest,
    pub(super) breaker: Breaker,
    pub(super) estimate: Estimate,
    notes: VecDeque<Note>,
    recent_ppm: i64,
    pub(super) answers: u64,
    pub(super) last_at: Option<Timestamp>,
}

impl Monitor {
    pub(super) fn new(policy: &HealthPolicy) -> Self {
        Self {
            test: RateTest::new(policy),
            breaker: Breaker::default(),
            estimate: Estimate::default(),
            notes: VecDeque::new(),
            recent_ppm: 0,
            answers: 0,
            last_at: None,
        }
    }

    pub(super) fn feed(&mut self, bit: Bit, policy: &HealthPolicy, healing: Healing<'_>) -> Fed {
        self.note(bit);
        if !self.breaker.is_news(bit.sent_at) {
            return Fed::Nothing;
        }
        match self.breaker.state {
            BreakerState::Open { .. } => Fed::Nothing,
            BreakerState::HalfOpen { .. } => {
                let turn = if bit.bad {
                    self.breaker.bad(bit.at, healing)
                } else {
                    self.breaker.good(bit.at, healing)
                };
                turn.map_or(Fed::Nothing, Fed::Turned)
            }
            BreakerState::Closed => {
                if self.test.feed(bit.bad, bit.slow, bit.at, policy) {
                    Fed::Alarm
                } else {
                    Fed::Nothing
                }
            }
        }
    }

    fn note(&mut self, bit: Bit) {
        if self.notes.len() == NOTES {
            self.notes.pop_front();
        }
        let Bit { bad, slow, other, own, at, .. } = bit;
        self.notes.push_back(Note { other, bad, own, slow, at });
        let value = i64::from(u32::from(bit.bad)) * 1_000_000;
        let over = RECENT.min(i64::try_from(self.answers).unwrap_or(RECENT).saturating_add(1));
        self.recent_ppm += (value - self.recent_ppm) / over;
        self.answers = self.answers.saturating_add(1);
        self.last_at = Some(bit.at);
    }

    /// The answers that the present suspicion rests on, as far as they are kept.
    pub(super) fn suspicious(&self) -> impl Iterator<Item = Note> {
        let length = usize::try_from(self.test.run().of).unwrap_or(NOTES).min(self.notes.len());
        self.notes.iter().rev().take(length).copied()
    }

    /// The answers since a moment, as far as they are kept.
    pub(super) fn notes_since(&self, since: Timestamp) -> impl Iterator<Item = Note> {
        self.notes.iter().filter(move |note| note.at >= since).copied()
    }

    /// Takes back what the answers of one party have raised: its own trouble explains them. What is left is judged as if
    /// that party had never been heard of, as far as answers are kept.
    pub(super) fn acquit_of(&mut self, other: u32, policy: &HealthPolicy) {
        let mut left: Vec<Note> = self.suspicious().filter(|note| note.other != other).collect();
        left.reverse();
        self.notes.retain(|note| note.other != other);
        self.test.judge_anew(left.into_iter().map(|note| (note.bad, note.slow, note.at)), policy);
    }

    /// Opens the breaker and forgets what the trouble did to the estimate. Returns the pause.
    pub(super) fn open(&mut self, now: Timestamp, policy: &HealthPolicy, healing: Healing<'_>) -> u64 {
        self.estimate.drop_pending();
        self.test.restart(policy);
        self.breaker.open(now, healing)
    }

    /// Its trouble is a part of a greater one.
    pub(super) fn subsume(&mut self, now: Timestamp) {
        self.estimate.drop_pending();
        self.test.forgive();
        self.breaker.subsume(now);
    }

    pub(super) fn evidence(&self) -> Evidence {
        Evidence { run: self.test.run(), usual_ppm: self.test.usual_ppm() }
    }

    /// Share of faults among about the last 32 answers, in millionths.
    pub(super) fn recent_ppm(&self) -> u32 {
        u32::try_from(self.recent_ppm.clamp(0, 1_000_000)).unwrap_or(0)
    }
}
