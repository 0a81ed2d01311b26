//! How long a channel usually takes, so that "much slower than usual" can be told: a channel that slows to its time
//! limit is in trouble before it dies.

use super::policy::HealthPolicy;

/// Answers before anything is called slow.
const WARM_UP: u32 = 20;
/// The typical time moves by this part of itself, up or down, with each answer: it settles at the median, and one
/// wild answer moves it no more than any other.
const STEP: u64 = 32;
/// A slow answer moves it by less: a slowness that lasts becomes usual in the end, but not within an outage.
const SLOW_STEP: u64 = 256;

/// The typical time of one kind of call on one channel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Latency {
    typical_ms: u64,
    seen: u32,
}

impl Latency {
    /// Whether such an answer is slow; `None` before enough were heard to tell.
    pub(super) fn is_slow(&self, took_ms: u64, policy: &HealthPolicy) -> Option<bool> {
        self.slow_above_ms(policy).map(|limit| took_ms > limit)
    }

    /// Takes one answer's time; `true` when it was slow.
    pub(super) fn feed(&mut self, took_ms: u64, policy: &HealthPolicy) -> bool {
        let slow = self.is_slow(took_ms, policy) == Some(true);
        let step = match self.seen {
            0 => {
                self.typical_ms = took_ms;
                0
            }
            1..WARM_UP => self.typical_ms / 8 + 1,
            _ if slow => self.typical_ms / SLOW_STEP + 1,
            _ => self.typical_ms / STEP + 1,
        };
        self.seen = self.seen.saturating_add(1);
        if took_ms > self.typical_ms {
            self.typical_ms = (self.typical_ms + step).min(took_ms);
        } else {
            self.typical_ms = self.typical_ms.saturating_sub(step).max(took_ms);
        }
        slow
    }

    /// The typical time, in milliseconds; `None` before enough answers came.
    pub(super) fn typical_ms(&self) -> Option<u64> {
        (self.seen >= WARM_UP).then_some(self.typical_ms)
    }

    fn slow_above_ms(&self, policy: &HealthPolicy) -> Option<u64> {
        let typical = self.typical_ms()?;
        let by_factor = typical.saturating_mul(u64::from(policy.slow_factor_pct)) / 100;
        Some(by_factor.max(typical.saturating_add(policy.slow_extra_ms)))
    }
}
