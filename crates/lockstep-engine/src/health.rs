//! The book of channel health: one per process, fed with what performing brings back.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use lockstep_core::health::HealthBook;

#[derive(Default)]
pub(crate) struct Health(RwLock<HealthBook>);

impl Health {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, HealthBook> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
