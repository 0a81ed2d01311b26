//! The process's own clock: the production one, over a wall clock that is set wrong now and then.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::time::Timestamp;
use lockstep_engine::Steady;
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
    began: Timestamp,
    steady: Arc<Mutex<Steady>>,
}

impl WallClock {
    /// A clock that is right until it is set.
    pub fn new(world: VirtualClock, may_jump: bool) -> Self {
        let began = world.now();
        Self { world, ahead_ms: Arc::default(), may_jump, began, steady: Arc::default() }
    }

    /// The process starts: its clock begins with what the wall clock says.
    pub fn restart(&self) {
        *self.steady.lock().unwrap_or_else(PoisonError::into_inner) = Steady::default();
    }

    /// Sets it this far ahead of the world's time.
    pub fn set_ahead(&self, millis: i64) {
        self.ahead_ms.store(millis, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let world = self.world.now();
        if !self.may_jump {
            return world;
        }
        let ahead_ms = self.ahead_ms.load(Ordering::SeqCst);
        let wall = Timestamp::from_millis(world.as_millis().saturating_add(ahead_ms));
        self.steady.lock().unwrap_or_else(PoisonError::into_inner).now(wall, world.since(self.began))
    }

    fn fast_ppm(&self) -> u32 {
        if self.may_jump { Steady::FAST_PPM } else { 0 }
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
