//! Idempotency keys that are being answered right now.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lockstep_core::id::TenantId;

use crate::port::IdempotencyKey;

/// Why a key can't be used for this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    /// It was used for another request (other path or body).
    OtherRequest,
    /// The first call with it has not been answered yet.
    UnderWay,
}

#[derive(Default)]
pub(crate) struct KeysUnderWay(Mutex<BTreeMap<(TenantId, String), String>>);

pub(crate) struct KeyGuard<'a> {
    keys: &'a KeysUnderWay,
    key: (TenantId, String),
}

impl KeysUnderWay {
    /// Takes the key, unless a call with it is under way. Another request under the same key is told so even
    /// while the first one runs.
    pub(crate) fn enter(&self, key: &IdempotencyKey) -> Result<KeyGuard<'_>, KeyProblem> {
        let name = (key.tenant, key.key.clone());
        let mut under_way = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match under_way.get(&name) {
            Some(fingerprint) if *fingerprint == key.fingerprint => Err(KeyProblem::UnderWay),
            Some(_) => Err(KeyProblem::OtherRequest),
            None => {
                under_way.insert(name.clone(), key.fingerprint.clone());
                Ok(KeyGuard { keys: self, key: name })
            }
        }
    }
}

impl Drop for KeyGuard<'_> {
    fn drop(&mut self) {
        let mut under_way = self.keys.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        under_way.remove(&self.key);
    }
}
