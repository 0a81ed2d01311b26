//! What planning learns from what happened: when money arrives, per lender, and how many tries again technical
//! troubles have caused. In memory: after a restart the lender's policy is believed again until enough was seen.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use lockstep_core::decision::Slice;
use lockstep_core::id::TenantId;
use lockstep_core::payment::{FundsClock, Look, RetryBudget, RetryPolicy};

#[derive(Default)]
pub(crate) struct Learned {
    funds: RwLock<BTreeMap<TenantId, Arc<FundsClock>>>,
    budget: RwLock<RetryBudget>,
}

impl Learned {
    /// When money arrives on the accounts of this lender's borrowers.
    pub(crate) fn funds(&self, tenant: Option<TenantId>) -> Arc<FundsClock> {
        let clocks = self.funds.read().unwrap_or_else(PoisonError::into_inner);
        tenant.and_then(|tenant| clocks.get(&tenant).cloned()).unwrap_or_default()
    }

    /// What technical troubles have caused of late.
    pub(crate) fn budget(&self) -> RwLockReadGuard<'_, RetryBudget> {
        self.budget.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a change that is durable.
    pub(crate) fn learn(&self, before: &Slice, after: &Slice, policy: &RetryPolicy) {
        let attempts = |slice: &Slice| slice.payment.as_ref().map_or(0, |payment| payment.attempts.len());
        if attempts(after) > attempts(before) {
            let mut budget = self.budget.write().unwrap_or_else(PoisonError::into_inner);
            budget.learn(before, after, &policy.storm);
        }
        let Some((tenant, look)) = after.tenant().zip(Look::of(before, after)) else { return };
        let mut clocks = self.funds.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(clocks.entry(tenant).or_default()).learn(&look, policy);
    }
}
