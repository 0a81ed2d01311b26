//! Data keys kept unwrapped for a while, so that a busy borrower's key isn't unwrapped at every step.

use crate::{DataKey, WrappedDataKey, context};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Keeps the most recently used keys, between half of its capacity and all of it, in two generations: when
/// the young one is full it becomes the old one. That costs no list and no search, however many borrowers
/// there are.
pub(crate) struct DataKeyCache {
    half: usize,
    young: HashMap<Owner, Entry>,
    old: HashMap<Owner, Entry>,
}

/// A digest of tenant and borrower. The owner is part of the key because a hit skips the check that
/// unwrapping does.
type Owner = [u8; 32];

#[derive(Clone)]
struct Entry {
    wrapped: WrappedDataKey,
    key: DataKey,
}

impl DataKeyCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), young: HashMap::new(), old: HashMap::new() }
    }

    /// The key of this owner, if it was unwrapped from these very bytes.
    pub(crate) fn get(&mut self, tenant: &str, borrower: &str, wrapped: &WrappedDataKey) -> Option<DataKey> {
        let owner = owner(tenant, borrower);
        if let Some(entry) = self.old.remove(&owner) {
            self.insert(owner, entry);
        }
        self.young.get(&owner).filter(|entry| entry.wrapped == *wrapped).map(|entry| entry.key.clone())
    }

    pub(crate) fn put(&mut self, tenant: &str, borrower: &str, wrapped: WrappedDataKey, key: DataKey) {
        let owner = owner(tenant, borrower);
        self.old.remove(&owner);
        self.insert(owner, Entry { wrapped, key });
    }

    pub(crate) fn forget(&mut self, tenant: &str, borrower: &str) {
        let owner = owner(tenant, borrower);
        self.young.remove(&owner);
        self.old.remove(&owner);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    fn insert(&mut self, owner: Owner, entry: Entry) {
        if self.young.len() >= self.half && !self.young.contains_key(&owner) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(owner, entry);
    }
}

fn owner(tenant: &str, borrower: &str) -> Owner {
    Sha256::digest(context::encode("owner", &[tenant, borrower])).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKeyring;

    fn wrapped() -> (WrappedDataKey, DataKey) {
        let key = DataKey::generate().unwrap();
        (key.wrap(&MasterKeyring::generate().unwrap(), "t", "b").unwrap(), key)
    }

    #[test]
    fn a_hit_needs_owner_and_bytes() {
        let mut cache = DataKeyCache::new(10);
        let (one, key) = wrapped();
        cache.put("t", "b", one.clone(), key);
        assert!(cache.get("t", "b", &one).is_some());
        assert!(cache.get("t", "c", &one).is_none());
        assert!(cache.get("u", "b", &one).is_none());
        assert!(cache.get("t", "b", &wrapped().0).is_none());
        cache.forget("t", "b");
        assert!(cache.get("t", "b", &one).is_none());
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let mut cache = DataKeyCache::new(10);
        let (one, key) = wrapped();
        cache.put("t", "used", one.clone(), key.clone());
        for n in 0..100 {
            cache.put("t", &n.to_string(), one.clone(), key.clone());
            assert!(cache.get("t", "used", &one).is_some(), "after {n}");
            assert!(cache.len() <= 10);
        }
        assert!(cache.get("t", "0", &one).is_none());
        cache.clear();
        assert_eq!(cache.len(), 0);
    }
}
