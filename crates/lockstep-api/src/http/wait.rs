//! Waiting for something to settle, instead of asking again and again.

use std::time::Duration;

use lockstep_engine::port::Fault;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use tokio::time::{Instant, timeout_at};

use crate::app::App;

/// Longest wait a caller may ask for, in seconds.
pub(crate) const WAIT_MAX_S: u8 = 30;
/// News comes from this process only, so the store is looked at this often as well.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long to wait, 0–30 s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitParam(u8);

impl<'de> Deserialize<'de> for WaitParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = matches!(text.len(), 1..=2) && text.bytes().all(|byte| byte.is_ascii_digit());
        let wait_s = text.parse().ok().filter(|wait_s| plain && *wait_s <= WAIT_MAX_S);
        wait_s.map(Self).ok_or_else(|| D::Error::custom("expected a number from 0 to 30"))
    }
}

/// Reads `id` until it has settled, it is gone, or `wait_s` is over; answers with what was read last.
pub(crate) async fn wait_for<T, F>(
    app: &App,
    id: &str,
    wait: Option<WaitParam>,
    read: impl Fn() -> F,
    settled: impl Fn(&T) -> bool,
) -> Result<Option<T>, Fault>
where
    F: Future<Output = Result<Option<T>, Fault>>,
{
    // Listening begins before the first look: what changes in between is not missed.
    let mut changes = app.state.engine.changes();
    let first = read().await?;
    let place = app.waiting.try_acquire();
    let wait_s = wait.map_or(0, |wait| wait.0);
    let done = |found: &Option<T>| found.as_ref().is_none_or(&settled);
    if wait_s == 0 || done(&first) || place.is_err() {
        return Ok(first);
    }
    let until = Instant::now() + Duration::from_secs(wait_s.into());
    loop {
        let look_at = until.min(Instant::now() + LOOK_EVERY);
        // Changed or not, look: an unneeded look is cheap.
        let _ = timeout_at(look_at, changes.of(id)).await;
        let found = read().await?;
        if done(&found) || Instant::now() >= until {
            return Ok(found);
        }
    }
}
