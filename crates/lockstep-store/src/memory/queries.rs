//! Reading for people. Not on anybody's hot path, so lists are simply filtered and sorted.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId, TenantId};
use lockstep_core::order::{Order, OrderState};
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    AuditFilter, Cursor, Delivery, Fault, InboxRow, Listed, OrderFilter, OwnedBy, Page, PaymentFilter,
    Queries, TimelineRow, Totals,
};

use super::{EntityId, MemoryStore};
use crate::event_body::encode_event;

/// Most rows of one page.
const MOST: usize = 200;

/// One page of rows, newest first.
fn page<T>(rows: impl Iterator<Item = (Timestamp, String, T)>, page: &Page) -> Listed<T> {
    let after = page.after.as_ref().map(|cursor| (cursor.at, cursor.id.clone()));
    let mut rows: Vec<_> = rows
        .filter(|(at, id, _)| after.as_ref().is_none_or(|(seen, seen_id)| (at, id) < (seen, seen_id)))
        .collect();
    rows.sort_by(|one, two| (two.0, &two.1).cmp(&(one.0, &one.1)));
    let limit = page.limit.clamp(1, MOST);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|(at, id, _)| Cursor { at: *at, id: id.clone() });
    Listed { rows: rows.into_iter().map(|(.., row)| row).collect(), next: last.filter(|_| more) }
}

fn owned(owner: &OwnedBy, tenant: TenantId, borrower: BorrowerId) -> bool {
    owner.tenant == tenant && owner.borrower.is_none_or(|wanted| wanted == borrower)
}

fn order_status(state: &OrderState) -> &'static str {
    match state {
        OrderState::Open => "open",
        OrderState::Collecting { .. } => "collecting",
        OrderState::Collected { .. } => "collected",
        OrderState::Cancelled { .. } => "cancelled",
    }
}

#[async_trait]
impl Queries for MemoryStore {
    async fn borrower(&self, tenant: TenantId, id: BorrowerId) -> Result<Option<Borrower>, Fault> {
        Ok(self.tables().borrowers.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn binding(&self, tenant: TenantId, id: BindingId) -> Result<Option<Binding>, Fault> {
        Ok(self.tables().bindings.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn order(&self, tenant: TenantId, id: OrderId) -> Result<Option<Order>, Fault> {
        Ok(self.tables().orders.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn payment(&self, tenant: TenantId, id: PaymentId) -> Result<Option<Payment>, Fault> {
        Ok(self.tables().payments.get(&id).filter(|row| row.tenant == tenant).cloned())
    }

    async fn borrowers(
        &self,
        tenant: TenantId,
        reference: Option<&str>,
        wanted: &Page,
    ) -> Result<Listed<Borrower>, Fault> {
        let tables = self.tables();
        let rows = tables.borrowers.values().filter(|row| row.tenant == tenant);
        let rows = rows.filter(|row| reference.is_none_or(|reference| row.reference == reference));
        Ok(page(rows.map(|row| (row.created_at, row.id.to_string(), row.clone())), wanted))
    }

    async fn bindings(&self, owner: &OwnedBy, wanted: &Page) -> Result<Listed<Binding>, Fault> {
        let tables = self.tables();
        let rows = tables.bindings.values().filter(|row| owned(owner, row.tenant, row.borrower));
        Ok(page(rows.map(|row| (row.created_at, row.id.to_string(), row.clone())), wanted))
    }

    async fn orders(&self, filter: &OrderFilter, wanted: &Page) -> Result<Listed<Order>, Fault> {
        let tables = self.tables();
        let rows = tables.orders.values().filter(|row| {
            owned(&filter.owner, row.tenant, row.borrower)
                && filter.status.as_ref().is_none_or(|status| order_status(&row.state) == status)
                && filter.reference.as_ref().is_none_or(|reference| row.reference == *reference)
                && filter.due_from.is_none_or(|from| row.due_at >= from)
                && filter.due_until.is_none_or(|until| row.due_at < until)
        });
        Ok(page(rows.map(|row| (row.created_at, row.id.to_string(), row.clone())), wanted))
    }

    async fn payments(&self, filter: &PaymentFilter, wanted: &Page) -> Result<Listed<Payment>, Fault> {
        let tables = self.tables();
        let rows = tables.payments.values().filter(|row| {
            owned(&filter.owner, row.tenant, row.borrower)
                && filter.order.is_none_or(|order| row.purpose.order() == Some(order))
                && filter.status.is_none_or(|status| row.status() == status)
                && filter.from.is_none_or(|from| row.created_at >= from)
                && filter.until.is_none_or(|until| row.created_at < until)
        });
        Ok(page(rows.map(|row| (row.created_at, row.id.to_string(), row.clone())), wanted))
    }

    async fn timeline(
        &self,
        tenant: TenantId,
        entity: &str,
        limit: usize,
    ) -> Result<Vec<TimelineRow>, Fault> {
        let tables = self.tables();
        let entity = EntityId::parse(entity).filter(|entity| tables.tenant_of(*entity) == Some(tenant));
        let events = entity.and_then(|entity| tables.events.get(&entity));
        let rows = events.into_iter().flatten().zip(1..).take(limit);
        rows.map(|((at, event), version)| {
            let body = encode_event(event).map_err(|error| Fault::new("read a timeline", error))?;
            Ok(TimelineRow { version, at: *at, body })
        })
        .collect()
    }

    async fn audit(&self, filter: &AuditFilter, wanted: &Page) -> Result<Listed<AuditEntry>, Fault> {
        let tables = self.tables();
        let rows = tables.audit.values().filter(|row| row.tenant == filter.tenant);
        let rows = rows.filter(|row| filter.subject.as_ref().is_none_or(|subject| row.subject == *subject));
        Ok(page(rows.map(|row| (row.at, row.id.to_string(), row.clone())), wanted))
    }

    async fn deliveries(
        &self,
        tenant: TenantId,
        state: Option<&str>,
        wanted: &Page,
    ) -> Result<Listed<Delivery>, Fault> {
        let tables = self.tables();
        let rows = tables.deliveries.values().filter(|row| row.tenant == tenant);
        let rows = rows.filter(|row| state.is_none_or(|state| row.state == state));
        Ok(page(rows.map(|row| (row.created_at, row.id.to_string(), row.clone())), wanted))
    }

    async fn parked(&self, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        Ok(self.tables().parked(limit))
    }

    async fn totals(&self) -> Result<Totals, Fault> {
        let tables = self.tables();
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for entry in &tables.ledger {
            *sums.entry(entry.currency.code()).or_default() += i128::from(entry.amount_minor);
        }
        let ledger = sums.into_iter().map(|(currency, sum)| {
            let sum = i64::try_from(sum).map_err(|error| Fault::new("sum up", error))?;
            Ok((currency.to_owned(), sum))
        });
        let mut open: BTreeMap<&str, u64> = BTreeMap::new();
        for row in tables.effects.values() {
            *open.entry(row.stored.effect.kind()).or_default() += 1;
        }
        let open_effects = open.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        Ok(Totals { ledger: ledger.collect::<Result<_, Fault>>()?, open_effects })
    }
}
