//! How often a key may call: a token bucket each.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lockstep_core::id::ApiKeyId;
use tokio::time::Instant;

use crate::problem::{Kind, Problem};
use crate::state::Limits;

const CAPACITY: usize = 10_000;
/// Tokens are counted in thousandths, so that a millisecond is worth `requests_per_s` of them.
const TOKEN: u64 = 1000;

struct Bucket {
    milli_tokens: u64,
    filled_at: Instant,
}

/// The buckets of all keys.
pub(crate) struct RateLimits {
    per_s: u64,
    full: u64,
    buckets: Mutex<HashMap<ApiKeyId, Bucket>>,
}

impl RateLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        let full = u64::from(limits.burst.max(1)) * TOKEN;
        Self { per_s: u64::from(limits.requests_per_s.max(1)), full, buckets: Mutex::default() }
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&self, key: ApiKeyId) -> Result<(), Problem> {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY {
            // A full bucket says the same as none.
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.full);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { milli_tokens: self.full, filled_at: now });
        let tokens = self.filled(bucket, now);
        // Only whole milliseconds were counted; the rest stays for the next call.
        bucket.filled_at += Duration::from_millis(millis(bucket.filled_at, now));
        bucket.milli_tokens = tokens.checked_sub(TOKEN).unwrap_or(tokens);
        if tokens >= TOKEN {
            return Ok(());
        }
        let wait_s = (TOKEN - tokens).div_ceil(self.per_s).div_ceil(1000);
        Err(Problem::new(Kind::TooManyRequests).retry_after(wait_s.max(1)))
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> u64 {
        let gained = millis(bucket.filled_at, now).saturating_mul(self.per_s);
        bucket.milli_tokens.saturating_add(gained).min(self.full)
    }
}

fn millis(since: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
}
