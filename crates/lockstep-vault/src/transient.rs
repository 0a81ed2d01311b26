//! One-time codes between the borrower's answer and the call to the bank: in memory, once, and not for long.

use lockstep_core::sensitive::OneTimeCode;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Codes waiting to be used. Nothing here is ever written down: after a restart the borrower asks for a new
/// code.
pub struct TransientSecrets {
    capacity: usize,
    codes: Mutex<HashMap<String, (OneTimeCode, i64)>>,
}

impl TransientSecrets {
    /// An empty store for at most `capacity` codes (at least one).
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), codes: Mutex::new(HashMap::new()) }
    }

    /// Keeps a code for whoever takes `ref_id` before `expires_at_ms`; a code already there is replaced.
    ///
    /// A full store drops the code that expires soonest, which is an expired one if there is any. Its owner
    /// finds nothing and asks for a new code, so a flood costs a repeat and never memory.
    pub fn put(&self, ref_id: &str, code: OneTimeCode, expires_at_ms: i64) {
        let mut codes = self.lock();
        if codes.len() >= self.capacity && !codes.contains_key(ref_id) {
            let soonest = codes.iter().min_by_key(|(_, (_, expires))| *expires).map(|(id, _)| id.clone());
            soonest.and_then(|id| codes.remove(&id));
        }
        codes.insert(ref_id.to_owned(), (code, expires_at_ms));
    }

    /// The code, exactly once and only before it expires.
    pub fn take(&self, ref_id: &str, now_ms: i64) -> Option<OneTimeCode> {
        let (code, expires_at_ms) = self.lock().remove(ref_id)?;
        (now_ms < expires_at_ms).then_some(code)
    }

    /// Drops what has expired and says how many codes that were.
    pub fn purge(&self, now_ms: i64) -> usize {
        let mut codes = self.lock();
        let before = codes.len();
        codes.retain(|_, (_, expires_at_ms)| now_ms < *expires_at_ms);
        before - codes.len()
    }

    /// How many codes wait.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A panic elsewhere can't leave the map half-changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (OneTimeCode, i64)>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TransientSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransientSecrets({} of {})", self.len(), self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> OneTimeCode {
        OneTimeCode::new(text.to_owned())
    }

    fn taken(store: &TransientSecrets, ref_id: &str, now_ms: i64) -> Option<String> {
        store.take(ref_id, now_ms).map(|code| code.expose().to_owned())
    }

    #[test]
    fn a_code_is_taken_once_and_only_in_time() {
        let store = TransientSecrets::new(10);
        store.put("r1", code("111111"), 1000);
        store.put("r2", code("222222"), 1000);
        assert_eq!(taken(&store, "r1", 999).as_deref(), Some("111111"));
        assert_eq!(taken(&store, "r1", 999), None);
        assert_eq!(taken(&store, "r2", 1000), None);
        assert_eq!(taken(&store, "r2", 0), None, "an expired code is gone, whatever the clock says next");
        assert_eq!(taken(&store, "r3", 0), None);
    }

    #[test]
    fn a_newer_code_replaces_the_older() {
        let store = TransientSecrets::new(1);
        store.put("r1", code("111111"), 1000);
        store.put("r1", code("222222"), 2000);
        assert_eq!(taken(&store, "r1", 1500).as_deref(), Some("222222"));
    }

    #[test]
    fn a_full_store_drops_what_expires_soonest() {
        let store = TransientSecrets::new(2);
        store.put("late", code("1"), 3000);
        store.put("soon", code("2"), 1000);
        store.put("new", code("3"), 2000);
        assert_eq!(store.len(), 2);
        assert_eq!(taken(&store, "soon", 0), None);
        assert!(taken(&store, "late", 0).is_some() && taken(&store, "new", 0).is_some());
    }

    #[test]
    fn expired_codes_are_purged() {
        let store = TransientSecrets::new(10);
        store.put("r1", code("1"), 1000);
        store.put("r2", code("2"), 2000);
        assert_eq!((store.purge(1000), store.len()), (1, 1));
        assert_eq!((store.purge(2000), store.is_empty()), (1, true));
    }

    #[test]
    fn of_many_threads_one_gets_the_code() {
        let store = TransientSecrets::new(100);
        for round in 0..50 {
            store.put("r1", code("111111"), 1000);
            let barrier = std::sync::Barrier::new(8);
            let winners: usize = std::thread::scope(|scope| {
                let take = || {
                    barrier.wait();
                    usize::from(store.take("r1", 0).is_some())
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert_eq!(winners, 1, "round {round}");
        }
    }
}
