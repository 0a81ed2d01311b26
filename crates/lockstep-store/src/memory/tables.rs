//! The tables and their indexes.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::decision::MAX_STAND_INS;
use lockstep_core::id::{
    ApiKeyId, AuditId, BindingId, BorrowerId, DeliveryId, EffectId, EndpointId, InboxId, OrderId, PaymentId,
    TenantId, VaultItemId,
};
use lockstep_core::ledger::Entry;
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_core::{Event, Slice};
use lockstep_engine::port::{
    ApiKey, CallKey, Change, Claim, Delivery, Endpoint, InboxRow, StoredAnswer, StoredEffect, StoredRules,
    Tenant,
};

/// Which entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityId {
    /// A borrower.
    Borrower(BorrowerId),
    /// A binding.
    Binding(BindingId),
    /// An order.
    Order(OrderId),
    /// A payment.
    Payment(PaymentId),
}

impl EntityId {
    /// The entity that a change is about.
    pub fn of(change: &Change) -> Self {
        match change {
            Change::Borrower(state) => Self::Borrower(state.id),
            Change::Binding(state) => Self::Binding(state.id),
            Change::Order(state) => Self::Order(state.id),
            Change::Payment(state) => Self::Payment(state.id),
        }
    }

    /// From the id as text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let borrower = text.parse().ok().map(Self::Borrower);
        let binding = || text.parse().ok().map(Self::Binding);
        let order = || text.parse().ok().map(Self::Order);
        borrower.or_else(binding).or_else(order).or_else(|| text.parse().ok().map(Self::Payment))
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Borrower(id) => id.fmt(f),
            Self::Binding(id) => id.fmt(f),
            Self::Order(id) => id.fmt(f),
            Self::Payment(id) => id.fmt(f),
        }
    }
}

/// An effect and whether it is being sent.
pub(super) struct EffectRow {
    pub(super) stored: StoredEffect,
    pub(super) sending: Option<Claim>,
}

/// Deliveries about one subject to one endpoint that are pending, in the order of the subject's versions.
pub(super) type Line = BTreeSet<(u64, DeliveryId)>;

#[derive(Default)]
pub(super) struct Tables {
    pub(super) tenants: BTreeMap<TenantId, Tenant>,
    pub(super) keys: BTreeMap<ApiKeyId, ApiKey>,
    pub(super) endpoints: BTreeMap<EndpointId, Endpoint>,
    pub(super) routing_rules: BTreeMap<TenantId, StoredRules>,
    pub(super) borrowers: BTreeMap<BorrowerId, Borrower>,
    pub(super) by_reference: BTreeMap<(TenantId, String), BorrowerId>,
    pub(super) bindings: BTreeMap<BindingId, Binding>,
    pub(super) living: BTreeMap<(BorrowerId, String), BindingId>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) order_by_reference: BTreeMap<(BorrowerId, String), OrderId>,
    pub(super) payments: BTreeMap<PaymentId, Payment>,
    pub(super) live_of_order: BTreeMap<OrderId, PaymentId>,
    pub(super) events: BTreeMap<EntityId, Vec<(Timestamp, Event)>>,
    pub(super) effects: BTreeMap<EffectId, EffectRow>,
    pub(super) effects_due: BTreeSet<(Timestamp, EffectId)>,
    pub(super) effects_sending: BTreeSet<EffectId>,
    pub(super) deliveries: BTreeMap<DeliveryId, Delivery>,
    pub(super) lines: BTreeMap<(EndpointId, String), Line>,
    /// Of each line, those with its lowest version: the only ones that may go out.
    pub(super) heads: BTreeSet<(EndpointId, Timestamp, DeliveryId)>,
    pub(super) answers: BTreeMap<(TenantId, String), StoredAnswer>,
    pub(super) ledger: Vec<Entry>,
    pub(super) audit: BTreeMap<AuditId, AuditEntry>,
    pub(super) inbox: BTreeMap<InboxId, (InboxRow, u64)>,
    pub(super) inbox_known: BTreeSet<(String, String)>,
    pub(super) inbox_new: BTreeSet<(Timestamp, InboxId)>,
    pub(super) inbox_parked: BTreeSet<(u64, Timestamp, InboxId)>,
    pub(super) data_keys: BTreeMap<BorrowerId, String>,
    pub(super) vault_items: BTreeMap<VaultItemId, (BorrowerId, Vec<u8>)>,
}

impl Tables {
    /// Whose an entity is.
    pub(super) fn tenant_of(&self, entity: EntityId) -> Option<TenantId> {
        match entity {
            EntityId::Borrower(id) => self.borrowers.get(&id).map(|row| row.tenant),
            EntityId::Binding(id) => self.bindings.get(&id).map(|row| row.tenant),
            EntityId::Order(id) => self.orders.get(&id).map(|row| row.tenant),
            EntityId::Payment(id) => self.payments.get(&id).map(|row| row.tenant),
        }
    }

    /// The slice that a command needs.
    pub(super) fn slice(&self, key: &CallKey) -> Slice {
        let borrower = |id: BorrowerId| self.borrowers.get(&id).cloned();
        let binding = |id: BindingId| self.bindings.get(&id).cloned();
        let order = |id: OrderId| self.orders.get(&id).cloned();
        match key {
            CallKey::BorrowerByReference { tenant, reference } => {
                let id = self.by_reference.get(&(*tenant, reference.clone()));
                Slice { borrower: id.and_then(|id| borrower(*id)), ..Slice::default() }
            }
            CallKey::Borrower(id) => Slice { borrower: borrower(*id), ..Slice::default() },
            CallKey::NewBinding { borrower: owner, fingerprint } => {
                let id = self.living.get(&(*owner, fingerprint.clone()));
                let binding = id.and_then(|id| binding(*id));
                Slice { borrower: borrower(*owner), binding, ..Slice::default() }
            }
            CallKey::NewOrder { borrower: owner, reference } => {
                let id = self.order_by_reference.get(&(*owner, reference.clone()));
                Slice { borrower: borrower(*owner), order: id.and_then(|id| order(*id)), ..Slice::default() }
            }
            CallKey::Binding(id) => {
                let binding = binding(*id);
                let borrower = binding.as_ref().and_then(|binding| borrower(binding.borrower));
                Slice { borrower, binding, ..Slice::default() }
            }
            CallKey::Order(id) => Slice { order: order(*id), ..Slice::default() },
            CallKey::Collect { order: owed, binding: from } => {
                let binding = binding(*from);
                let stand_ins = self.stand_ins(binding.as_ref(), None);
                Slice { order: order(*owed), binding, stand_ins, ..Slice::default() }
            }
            CallKey::Payment(id) => match self.payments.get(id) {
                Some(payment) => {
                    let binding = binding(payment.binding);
                    Slice {
                        stand_ins: self.stand_ins(binding.as_ref(), Some(payment)),
                        binding,
                        order: payment.purpose.order().and_then(order),
                        payment: Some(payment.clone()),
                        borrower: None,
                    }
                }
                None => Slice::default(),
            },
        }
    }

    /// Instruments of the borrower that may stand in for one of theirs, and those that a payment's attempts have used.
    fn stand_ins(&self, own: Option<&Binding>, payment: Option<&Payment>) -> Vec<Binding> {
        let Some(own) = own else { return Vec::new() };
        let from = (own.borrower, String::new());
        let living = self.living.range(from..).take_while(|((borrower, _), _)| *borrower == own.borrower);
        let living = living.filter_map(|(_, id)| self.bindings.get(id));
        let mut found: Vec<_> =
            living.filter(|one| one.stand_in.is_some() && one.id != own.id).cloned().collect();
        found.sort_by_key(|one| one.id);
        found.truncate(MAX_STAND_INS);
        let attempts = payment.iter().flat_map(|payment| &payment.attempts);
        for used in attempts.filter_map(|attempt| attempt.binding) {
            if !found.iter().any(|known| known.id == used) {
                found.extend(self.bindings.get(&used).cloned());
            }
        }
        found
    }

    /// Whether the fold of an entity's events is its state.
    pub(super) fn folds(&self, entity: EntityId) -> bool {
        let mut folded = Slice::default();
        for (_, event) in self.events.get(&entity).into_iter().flatten() {
            folded.apply(event);
        }
        match entity {
            EntityId::Borrower(id) => folded.borrower.as_ref() == self.borrowers.get(&id),
            EntityId::Binding(id) => folded.binding.as_ref() == self.bindings.get(&id),
            EntityId::Order(id) => folded.order.as_ref() == self.orders.get(&id),
            EntityId::Payment(id) => folded.payment.as_ref() == self.payments.get(&id),
        }
    }

    /// Takes an effect out.
    pub(super) fn remove_effect(&mut self, id: EffectId) {
        if let Some(row) = self.effects.remove(&id) {
            self.effects_due.remove(&(row.stored.due_at, id));
            self.effects_sending.remove(&id);
        }
    }
}
