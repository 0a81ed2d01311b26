//! The lenders' own rules about channels, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use lockstep_core::id::TenantId;
use lockstep_core::routing::RoutingRules;

#[derive(Default)]
pub(crate) struct Rules(RwLock<BTreeMap<TenantId, Arc<RoutingRules>>>);

impl Rules {
    pub(crate) fn of(&self, tenant: TenantId) -> Option<Arc<RoutingRules>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }
}
