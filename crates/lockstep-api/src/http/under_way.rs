//! Keys that are being answered right now. A second call with the same key is told so, or, when it asks for
//! something else, that the key is taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_core::id::TenantId;
use lockstep_engine::port::IdempotencyKey;

use crate::problem::{Kind, Problem};

type Name = (TenantId, String);

/// All keys under way in this process.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashMap<Name, String>>>);

/// Holds a key until it is dropped.
pub(crate) struct UnderWayGuard {
    keys: UnderWay,
    name: Name,
}

impl UnderWay {
    /// Takes a key.
    pub(crate) fn enter(&self, key: &IdempotencyKey) -> Result<UnderWayGuard, Problem> {
        let name = (key.tenant, key.key.clone());
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match keys.get(&name) {
            Some(fingerprint) if *fingerprint == key.fingerprint => {
                Err(Problem::new(Kind::KeyUnderWay).retry_after(1))
            }
            Some(_) => Err(Problem::new(Kind::KeyReused)),
            None => {
                keys.insert(name.clone(), key.fingerprint.clone());
                Ok(UnderWayGuard { keys: self.clone(), name })
            }
        }
    }
}

impl Drop for UnderWayGuard {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}
