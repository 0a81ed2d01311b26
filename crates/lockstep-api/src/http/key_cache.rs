//! Keys that were looked up a moment ago. Short-lived and bounded, so that a revoked key is refused soon.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_core::id::ApiKeyId;
use lockstep_engine::port::ApiKey;
use tokio::time::Instant;

const CAPACITY: usize = 4096;

/// Keys by the hash of their secret.
pub(crate) struct KeyCache {
    max_age: Duration,
    keys: Mutex<HashMap<String, (Instant, Arc<ApiKey>)>>,
}

impl KeyCache {
    pub(crate) fn new(max_age: Duration) -> Self {
        Self { max_age, keys: Mutex::default() }
    }

    /// A key that was looked up recently.
    pub(crate) fn get(&self, hash: &str) -> Option<Arc<ApiKey>> {
        let keys = self.lock();
        let (since, key) = keys.get(hash)?;
        (since.elapsed() < self.max_age).then(|| Arc::clone(key))
    }

    /// Remembers a key. Only valid ones come here, so guesses can't push them out.
    pub(crate) fn put(&self, hash: String, key: ApiKey) -> Arc<ApiKey> {
        let key = Arc::new(key);
        let mut keys = self.lock();
        if keys.len() >= CAPACITY {
            keys.retain(|_, (since, _)| since.elapsed() < self.max_age);
        }
        if keys.len() >= CAPACITY {
            keys.clear();
        }
        keys.insert(hash, (Instant::now(), Arc::clone(&key)));
        key
    }

    /// Forgets a key that was revoked here.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        self.lock().retain(|_, (_, key)| key.id != id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, Arc<ApiKey>)>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
