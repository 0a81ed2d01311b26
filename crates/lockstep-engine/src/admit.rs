//! Back-pressure: bounded work, and an honest "come back later" beyond it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Engine;

pub(crate) struct Gate {
    calls: Arc<Semaphore>,
    backlog: AtomicUsize,
    max_backlog: usize,
}

/// Permission to execute one call from outside; gives its place back when dropped.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// Too much is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded {
    /// When to come back, in seconds.
    pub retry_after_s: u64,
}

impl Gate {
    pub(crate) fn new(max_calls: usize, max_backlog: usize) -> Self {
        Self { calls: Arc::new(Semaphore::new(max_calls)), backlog: AtomicUsize::new(0), max_backlog }
    }

    pub(crate) fn set_backlog(&self, waiting: usize) {
        self.backlog.store(waiting, Ordering::Relaxed);
    }
}

impl Engine {
    /// Takes a place for one call from outside.
    ///
    /// # Errors
    /// [`Overloaded`] when all places are taken or too many effects wait to be performed.
    pub fn admit(&self) -> Result<Permit, Overloaded> {
        let gate = &self.inner.gate;
        let waiting = gate.backlog.load(Ordering::Relaxed);
        if waiting > gate.max_backlog {
            return Err(Overloaded { retry_after_s: 5 });
        }
        gate.calls.clone().try_acquire_owned().map(Permit).map_err(|_| Overloaded { retry_after_s: 1 })
    }
}
