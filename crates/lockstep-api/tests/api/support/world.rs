//! A store in memory: the same promises as a real one, and nothing durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::decision::{Event, Slice};
use lockstep_core::effect::Effect;
use lockstep_core::id::{
    BindingId, BorrowerId, DeliveryId, EffectId, EndpointId, InboxId, Mint, OrderId, PaymentId, TenantId,
    VaultItemId,
};
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    ApiKey, CallKey, Change, Changed, Commit, CommitError, Delivery, Endpoint, Fault, IdempotencyKey,
    InboxRow, Sealed, StoredAnswer, StoredEffect, StoredRules, Tenant, TimelineRow,
};

/// Everything there is.
#[derive(Default)]
pub(crate) struct Data {
    pub(crate) borrowers: BTreeMap<BorrowerId, Borrower>,
    pub(crate) bindings: BTreeMap<BindingId, Binding>,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) events: BTreeMap<String, Vec<TimelineRow>>,
    pub(crate) answers: BTreeMap<(TenantId, String), StoredAnswer>,
    pub(crate) effects: BTreeMap<EffectId, (StoredEffect, bool)>,
    pub(crate) wrapped_keys: BTreeMap<BorrowerId, String>,
    pub(crate) items: BTreeMap<VaultItemId, Vec<u8>>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) tenants: BTreeMap<TenantId, Tenant>,
    pub(crate) keys: Vec<ApiKey>,
    pub(crate) endpoints: BTreeMap<EndpointId, Endpoint>,
    pub(crate) rules: BTreeMap<TenantId, StoredRules>,
    pub(crate) deliveries: BTreeMap<DeliveryId, Delivery>,
    pub(crate) inbox: BTreeMap<InboxId, InboxRow>,
    /// How often a key was looked up by its hash.
    pub(crate) key_lookups: usize,
    /// The machinery is broken.
    pub(crate) broken: bool,
    /// A handler that reads this lender's name panics.
    pub(crate) poisoned: Option<TenantId>,
    /// Commits of answers fail after the rest was done, so many times.
    pub(crate) forget_answers: usize,
    /// Every load takes this long.
    pub(crate) slow_ms: u64,
}

/// The store. A clone is the same one.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<Data>>);

pub(crate) fn broken() -> Fault {
    Fault::new("using the test store", "it is broken on purpose")
}

impl World {
    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The data, unless the machinery is broken.
    pub(crate) fn working(&self) -> Result<MutexGuard<'_, Data>, Fault> {
        let data = self.data();
        if data.broken { Err(broken()) } else { Ok(data) }
    }

    pub(crate) fn slice(&self, key: &CallKey) -> Result<Slice, Fault> {
        let data = self.working()?;
        let borrower = |id: &BorrowerId| data.borrowers.get(id).cloned();
        Ok(match key {
            CallKey::BorrowerByReference { tenant, reference } => {
                let mut found = data.borrowers.values();
                let found = found.find(|one| one.tenant == *tenant && one.reference == *reference);
                Slice { borrower: found.cloned(), ..Slice::default() }
            }
            CallKey::Borrower(id) => Slice { borrower: borrower(id), ..Slice::default() },
            CallKey::NewBinding { borrower: id, fingerprint } => {
                let mut found = data.bindings.values();
                let same = |one: &&Binding| {
                    one.borrower == *id
                        && one.instrument.fingerprint == *fingerprint
                        && one.unbound_at.is_none()
                };
                Slice { borrower: borrower(id), binding: found.find(same).cloned(), ..Slice::default() }
            }
            CallKey::NewOrder { borrower: id, reference } => {
                let mut found = data.orders.values();
                let found = found.find(|one| one.borrower == *id && one.reference == *reference);
                Slice { borrower: borrower(id), order: found.cloned(), ..Slice::default() }
            }
            CallKey::Binding(id) => {
                let binding = data.bindings.get(id).cloned();
                let borrower = binding.as_ref().and_then(|binding| borrower(&binding.borrower));
                Slice { borrower, binding, ..Slice::default() }
            }
            CallKey::Order(id) => Slice { order: data.orders.get(id).cloned(), ..Slice::default() },
            CallKey::Collect { order, binding } => Slice {
                order: data.orders.get(order).cloned(),
                binding: data.bindings.get(binding).cloned(),
                stand_ins: data.stand_ins(data.bindings.get(binding), None),
                ..Slice::default()
            },
            CallKey::Payment(id) => {
                let payment = data.payments.get(id).cloned();
                let binding =
                    payment.as_ref().and_then(|payment| data.bindings.get(&payment.binding)).cloned();
                let order = payment.as_ref().and_then(|payment| payment.purpose.order());
                let order = order.and_then(|order| data.orders.get(&order)).cloned();
                let stand_ins = data.stand_ins(binding.as_ref(), payment.as_ref());
                Slice { borrower: None, binding, order, payment, stand_ins }
            }
        })
    }

    pub(crate) fn keep(&self, commit: Commit) -> Result<(), CommitError> {
        let mut data = self.working()?;
        let at = commit.at.unwrap_or(Timestamp::from_millis(0));
        if commit.done.is_some_and(|done| !data.effects.contains_key(&done)) {
            return Err(CommitError::AlreadyDone);
        }
        if commit.changes.iter().any(|changed| data.version_of(&changed.state) != changed.base_version) {
            return Err(CommitError::Conflict("entity"));
        }
        if let Some((key, _)) = &commit.answer {
            if data.answers.contains_key(&(key.tenant, key.key.clone())) {
                return Err(CommitError::Conflict("answer"));
            }
            if data.forget_answers > 0 {
                data.forget_answers -= 1;
                return Err(broken().into());
            }
        }
        for Sealed { borrower, item, wrapped_key, bytes } in commit.sealed {
            let stored = data.wrapped_keys.entry(borrower).or_insert_with(|| wrapped_key.clone());
            if *stored != wrapped_key {
                return Err(CommitError::Conflict("data key"));
            }
            data.items.insert(item, bytes);
        }
        for changed in commit.changes {
            data.change(changed, at);
        }
        for stored in commit.effects {
            data.tell(&stored, at);
            if !matches!(stored.effect, Effect::Notify { .. }) {
                data.effects.insert(stored.id, (stored, false));
            }
        }
        if let Some(done) = commit.done {
            data.effects.remove(&done);
        }
        if let Some((IdempotencyKey { tenant, key, fingerprint }, answer)) = commit.answer {
            data.answers.insert((tenant, key), StoredAnswer { fingerprint, answer });
        }
        data.audit.extend(commit.audit);
        Ok(())
    }
}

impl Data {
    fn stand_ins(&self, own: Option<&Binding>, payment: Option<&Payment>) -> Vec<Binding> {
        let Some(own) = own else { return Vec::new() };
        let attempts = payment.iter().flat_map(|payment| &payment.attempts);
        let used: Vec<_> = attempts.filter_map(|attempt| attempt.binding).collect();
        let others = self.bindings.values().filter(|one| one.borrower == own.borrower && one.id != own.id);
        others.filter(|one| one.may_stand_in() || used.contains(&one.id)).cloned().collect()
    }

    fn version_of(&self, state: &Change) -> u64 {
        let stored = match state {
            Change::Borrower(one) => self.borrowers.get(&one.id).map(|one| one.version),
            Change::Binding(one) => self.bindings.get(&one.id).map(|one| one.version),
            Change::Order(one) => self.orders.get(&one.id).map(|one| one.version),
            Change::Payment(one) => self.payments.get(&one.id).map(|one| one.version),
        };
        stored.unwrap_or(0)
    }

    fn change(&mut self, changed: Changed, at: Timestamp) {
        let id = match &changed.state {
            Change::Borrower(one) => one.id.to_string(),
            Change::Binding(one) => one.id.to_string(),
            Change::Order(one) => one.id.to_string(),
            Change::Payment(one) => one.id.to_string(),
        };
        let rows = self.events.entry(id).or_default();
        for (index, event) in (1..).zip(&changed.events) {
            rows.push(TimelineRow { version: changed.base_version + index, at, body: body_of(event) });
        }
        match changed.state {
            Change::Borrower(one) => drop(self.borrowers.insert(one.id, one)),
            Change::Binding(one) => drop(self.bindings.insert(one.id, one)),
            Change::Order(one) => drop(self.orders.insert(one.id, one)),
            Change::Payment(one) => drop(self.payments.insert(one.id, one)),
        }
    }

    /// A delivery for every endpoint that wants the notice.
    fn tell(&mut self, stored: &StoredEffect, at: Timestamp) {
        let Effect::Notify { id, notice } = &stored.effect else {
            return;
        };
        let wanting = self.endpoints.values().filter(|endpoint| {
            endpoint.tenant == stored.tenant
                && endpoint.enabled
                && (endpoint.kinds.is_empty() || endpoint.kinds.contains(&notice.kind))
        });
        for (count, endpoint) in (self.deliveries.len()..).zip(wanting.cloned().collect::<Vec<_>>()) {
            let mut seed = [9; 16];
            seed[..8].copy_from_slice(&(count as u64).to_be_bytes());
            let delivery = Delivery {
                id: DeliveryId::mint(&mut Mint::new(id.bucket(), at, seed)),
                message: id.to_string(),
                endpoint: endpoint.id,
                tenant: stored.tenant,
                notice: notice.clone(),
                tries: 0,
                due_at: at,
                created_at: at,
                state: "pending".to_owned(),
                last_status: None,
            };
            self.deliveries.insert(delivery.id, delivery);
        }
    }
}

/// An event as the real store writes it down.
fn body_of(event: &Event) -> String {
    let (kind, event) = match event {
        Event::Borrower(event) => ("borrower", serde_json::to_value(event)),
        Event::Binding(event) | Event::StandIn { event, .. } => ("binding", serde_json::to_value(event)),
        Event::Order(event) => ("order", serde_json::to_value(event)),
        Event::Payment(event) => ("payment", serde_json::to_value(event)),
    };
    serde_json::json!({ "v": 1, "kind": kind, "event": event.unwrap() }).to_string()
}
