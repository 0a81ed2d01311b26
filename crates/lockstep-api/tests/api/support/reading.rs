//! The ports on the store in memory: reading, and what lenders manage.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::id::{
    ApiKeyId, BindingId, BorrowerId, DeliveryId, EndpointId, OrderId, PaymentId, TenantId, VaultItemId,
};
use lockstep_core::order::{Order, OrderState};
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    ApiKey, AuditFilter, Cursor, Delivery, Directory, Endpoint, Fault, InboxRow, Listed, OrderFilter,
    OwnedBy, Page, PaymentFilter, Queries, Shelf, StoredRules, Tenant, TimelineRow, Totals,
};

use super::world::World;

/// One page of rows, newest first.
fn page<T: Clone>(
    rows: impl Iterator<Item = T>,
    page: &Page,
    place: impl Fn(&T) -> (Timestamp, String),
) -> Listed<T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    let after = page.after.as_ref().map(|cursor| (cursor.at, cursor.id.clone()));
    rows.retain(|row| after.as_ref().is_none_or(|after| place(row) < *after));
    let more = rows.len() > page.limit;
    rows.truncate(page.limit);
    let next = rows.last().filter(|_| more).map(&place).map(|(at, id)| Cursor { at, id });
    Listed { rows, next }
}

#[async_trait]
impl Queries for World {
    async fn borrower(&self, tenant: TenantId, id: BorrowerId) -> Result<Option<Borrower>, Fault> {
        Ok(self.working()?.borrowers.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn binding(&self, tenant: TenantId, id: BindingId) -> Result<Option<Binding>, Fault> {
        Ok(self.working()?.bindings.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn order(&self, tenant: TenantId, id: OrderId) -> Result<Option<Order>, Fault> {
        Ok(self.working()?.orders.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn payment(&self, tenant: TenantId, id: PaymentId) -> Result<Option<Payment>, Fault> {
        Ok(self.working()?.payments.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn borrowers(
        &self,
        tenant: TenantId,
        reference: Option<&str>,
        wanted: &Page,
    ) -> Result<Listed<Borrower>, Fault> {
        let data = self.working()?;
        let rows = data.borrowers.values().filter(|row| {
            row.tenant == tenant && reference.is_none_or(|reference| row.reference == reference)
        });
        Ok(page(rows.cloned(), wanted, |row| (row.created_at, row.id.to_string())))
    }

    async fn bindings(&self, owner: &OwnedBy, wanted: &Page) -> Result<Listed<Binding>, Fault> {
        let data = self.working()?;
        let rows = data.bindings.values().filter(|row| {
            row.tenant == owner.tenant && owner.borrower.is_none_or(|borrower| row.borrower == borrower)
        });
        Ok(page(rows.cloned(), wanted, |row| (row.created_at, row.id.to_string())))
    }

    async fn orders(&self, filter: &OrderFilter, wanted: &Page) -> Result<Listed<Order>, Fault> {
        let data = self.working()?;
        let status = |order: &Order| match order.state {
            OrderState::Open => "open",
            OrderState::Collecting { .. } => "collecting",
            OrderState::Collected { .. } => "collected",
            OrderState::Cancelled { .. } => "cancelled",
        };
        let rows = data.orders.values().filter(|row| {
            row.tenant == filter.owner.tenant
                && filter.owner.borrower.is_none_or(|borrower| row.borrower == borrower)
                && filter.status.as_deref().is_none_or(|wanted| status(row) == wanted)
                && filter.reference.as_deref().is_none_or(|wanted| row.reference == wanted)
                && filter.due_from.is_none_or(|from| row.due_at >= from)
                && filter.due_until.is_none_or(|until| row.due_at < until)
        });
        Ok(page(rows.cloned(), wanted, |row| (row.created_at, row.id.to_string())))
    }

    async fn payments(&self, filter: &PaymentFilter, wanted: &Page) -> Result<Listed<Payment>, Fault> {
        let data = self.working()?;
        let rows = data.payments.values().filter(|row| {
            row.tenant == filter.owner.tenant
                && filter.owner.borrower.is_none_or(|borrower| row.borrower == borrower)
                && filter.order.is_none_or(|order| row.purpose.order() == Some(order))
                && filter.status.is_none_or(|status| row.status() == status)
                && filter.from.is_none_or(|from| row.created_at >= from)
                && filter.until.is_none_or(|until| row.created_at < until)
        });
        Ok(page(rows.cloned(), wanted, |row| (row.created_at, row.id.to_string())))
    }

    async fn timeline(
        &self,
        tenant: TenantId,
        entity: &str,
        limit: usize,
    ) -> Result<Vec<TimelineRow>, Fault> {
        let data = self.working()?;
        let whose = data.payments.values().find(|row| row.id.to_string() == entity).map(|row| row.tenant);
        if whose.is_some_and(|whose| whose != tenant) {
            return Ok(Vec::new());
        }
        Ok(data.events.get(entity).into_iter().flatten().take(limit).cloned().collect())
    }

    async fn audit(&self, filter: &AuditFilter, wanted: &Page) -> Result<Listed<AuditEntry>, Fault> {
        let data = self.working()?;
        let rows = data.audit.iter().filter(|row| {
            row.tenant == filter.tenant
                && filter.subject.as_deref().is_none_or(|subject| row.subject == subject)
        });
        Ok(page(rows.cloned(), wanted, |row| (row.at, row.id.to_string())))
    }

    async fn deliveries(
        &self,
        tenant: TenantId,
        state: Option<&str>,
        wanted: &Page,
    ) -> Result<Listed<Delivery>, Fault> {
        let data = self.working()?;
        let rows = data.deliveries.values();
        let rows = rows.filter(|row| row.tenant == tenant && state.is_none_or(|state| row.state == state));
        Ok(page(rows.cloned(), wanted, |row| (row.created_at, row.id.to_string())))
    }

    async fn parked(&self, _limit: usize) -> Result<Vec<InboxRow>, Fault> {
        Ok(Vec::new())
    }

    async fn totals(&self) -> Result<Totals, Fault> {
        Ok(Totals::default())
    }
}

#[async_trait]
impl Directory for World {
    async fn add_tenant(&self, tenant: Tenant) -> Result<(), Fault> {
        self.working()?.tenants.insert(tenant.id, tenant);
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Fault> {
        Ok(self.working()?.tenants.values().cloned().collect())
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Fault> {
        let data = self.working()?;
        assert_ne!(data.poisoned, Some(id), "a panic on purpose");
        Ok(data.tenants.get(&id).cloned())
    }

    async fn add_key(&self, key: ApiKey) -> Result<(), Fault> {
        self.working()?.keys.push(key);
        Ok(())
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, Fault> {
        Ok(self.working()?.keys.iter().filter(|key| key.tenant == tenant).cloned().collect())
    }

    async fn key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, Fault> {
        let mut data = self.working()?;
        data.key_lookups += 1;
        Ok(data.keys.iter().find(|key| key.hash == hash).cloned())
    }

    async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let mut keys = data.keys.iter_mut();
        let key = keys.find(|key| key.tenant == tenant && key.id == id && key.revoked_at.is_none());
        Ok(key.map(|key| key.revoked_at = Some(at)).is_some())
    }

    async fn put_endpoint(&self, endpoint: Endpoint) -> Result<(), Fault> {
        self.working()?.endpoints.insert(endpoint.id, endpoint);
        Ok(())
    }

    async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, Fault> {
        let data = self.working()?;
        Ok(data.endpoints.values().filter(|endpoint| endpoint.tenant == tenant).cloned().collect())
    }

    async fn remove_endpoint(&self, tenant: TenantId, id: EndpointId) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let own = data.endpoints.get(&id).is_some_and(|endpoint| endpoint.tenant == tenant);
        Ok(own && data.endpoints.remove(&id).is_some())
    }

    async fn requeue_delivery(&self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let delivery = data.deliveries.get_mut(&id).filter(|one| one.tenant == tenant && one.state == "dead");
        let requeue = |one: &mut Delivery| (one.state, one.due_at) = ("pending".to_owned(), at);
        Ok(delivery.map(requeue).is_some())
    }

    async fn routing_rules(&self, tenant: TenantId) -> Result<Option<StoredRules>, Fault> {
        Ok(self.working()?.rules.get(&tenant).cloned())
    }

    async fn all_routing_rules(&self) -> Result<Vec<StoredRules>, Fault> {
        Ok(self.working()?.rules.values().cloned().collect())
    }

    async fn put_routing_rules(&self, rules: StoredRules, entry: AuditEntry) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let version = data.rules.get(&rules.tenant).map_or(0, |one| one.version);
        if version + 1 != rules.version {
            return Ok(false);
        }
        data.rules.insert(rules.tenant, rules);
        data.audit.push(entry);
        Ok(true)
    }
}

#[async_trait]
impl Shelf for World {
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault> {
        Ok(self.working()?.wrapped_keys.get(&borrower).cloned())
    }

    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault> {
        let data = self.working()?;
        let key = data.wrapped_keys.get(&borrower).cloned();
        Ok(key.zip(data.items.get(&item).cloned()))
    }
}
