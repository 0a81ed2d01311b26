//! News inside the process: what changed, and which work has come up. Hints only; the store is the truth, and a
//! hint that gets lost is found again by the next scan.

use std::sync::Mutex;

use tokio::sync::{Notify, broadcast};

use crate::port::StoredEffect;

pub(crate) struct Hub {
    changed: broadcast::Sender<String>,
    effects: Mutex<Vec<StoredEffect>>,
    pub(crate) effects_ready: Notify,
    pub(crate) deliveries_ready: Notify,
    pub(crate) inbox_ready: Notify,
}

/// News of changed entities.
pub struct Changes(broadcast::Receiver<String>);

impl Changes {
    /// The id of the next entity that changed; `None` when news was missed and everything may have.
    pub async fn next(&mut self) -> Option<String> {
        match self.0.recv().await {
            Ok(changed) => Some(changed),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Returns when the entity changed (or when news was missed, which means it may have).
    pub async fn of(&mut self, id: &str) {
        loop {
            match self.0.recv().await {
                Ok(changed) if changed == id => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            changed: broadcast::channel(4096).0,
            effects: Mutex::new(Vec::new()),
            effects_ready: Notify::new(),
            deliveries_ready: Notify::new(),
            inbox_ready: Notify::new(),
        }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.changed.subscribe())
    }

    pub(crate) fn changed(&self, id: String) {
        // Nobody listening is fine.
        let _ = self.changed.send(id);
    }

    pub(crate) fn add_effects(&self, effects: Vec<StoredEffect>) {
        if effects.is_empty() {
            return;
        }
        self.effects.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(effects);
        self.effects_ready.notify_one();
    }

    pub(crate) fn take_effects(&self) -> Vec<StoredEffect> {
        std::mem::take(&mut *self.effects.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub(crate) fn nudge_deliveries(&self) {
        self.deliveries_ready.notify_one();
    }
}
