//! The lenders' own rules about channels, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use lockstep_core::binding::Binding;
use lockstep_core::decision::Facts;
use lockstep_core::id::TenantId;
use lockstep_core::payment::Payment;
use lockstep_core::payment::route::{Offer, offers};
use lockstep_core::routing::RoutingRules;

use crate::Engine;
use crate::port::StoredRules;

/// The rules in force, by lender, with their version.
#[derive(Default)]
pub(crate) struct Rules(RwLock<BTreeMap<TenantId, (u64, Arc<RoutingRules>)>>);

impl Rules {
    pub(crate) fn of(&self, tenant: TenantId) -> Option<Arc<RoutingRules>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).map(|(_, rules)| rules.clone())
    }

    /// Of two replacements the newer one stays, whichever arrives last.
    fn set(&self, stored: StoredRules) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let older = known.get(&stored.tenant).is_none_or(|(version, _)| *version < stored.version);
        if older {
            known.insert(stored.tenant, (stored.version, Arc::new(stored.rules)));
        }
    }
}

impl Engine {
    /// Puts a lender's rules in force: at the start, and whenever they were replaced. Decisions from now on see
    /// them; no restart is needed.
    pub fn set_routing_rules(&self, stored: StoredRules) {
        self.inner.rules.set(stored);
    }

    /// What the borrower could sign so that a payment has another way.
    pub fn offers(&self, payment: &Payment, binding: &Binding) -> Vec<Offer> {
        let inner = &self.inner;
        let rules = inner.rules.of(payment.tenant).unwrap_or_default();
        let health = inner.health.read();
        // Nothing is drawn here.
        let facts = Facts {
            now: inner.ports.clock.now(),
            asked_at: inner.ports.clock.now(),
            seed: [0; 16],
            channels: &inner.book,
            retry: &inner.retry,
            health: &health,
            rules: &rules,
            refunds: &inner.settings.refunds,
            funds: &inner.learned.funds(Some(payment.tenant)),
            budget: &inner.learned.budget(),
        };
        offers(payment, binding, &facts)
    }
}
