//! The process's own wall clock: the world's time, set wrong now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Clock;
use lockstep_sim::runtime::VirtualClock;

/// As production's clock: a wait is cut into pieces, so that a clock that was set is noticed.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// A wall clock that somebody may set.
#[derive(Clone)]
pub struct WallClock {
    world: VirtualClock,
    ahead_ms: Arc<AtomicI64>,
    may_jump: bool,
}

impl WallClock {
    /// A clock that is right until it is set.
    pub fn new(world: VirtualClock, may_jump: bool) -> Self {
        Self { world, ahead_ms: Arc::new(AtomicI64::new(0)), may_jump }
    }

    /// Sets it this far ahead of the world's time.
    pub fn set_ahead(&self, millis: i64) {
        self.ahead_ms.store(millis, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let world = self.world.now().as_millis();
        Timestamp::from_millis(world.saturating_add(self.ahead_ms.load(Ordering::SeqCst)))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        if !self.may_jump {
            return self.world.sleep_until(moment).await;
        }
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            self.world.sleep_until(self.world.now().plus(left.min(LONGEST_NAP))).await;
        }
    }
}
