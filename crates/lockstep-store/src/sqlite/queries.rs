//! Reading for people: single entities, lists, timelines, sums.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::id::{BindingId, BorrowerId, Bucket, OrderId, PaymentId, TenantId};
use lockstep_core::order::Order;
use lockstep_core::payment::{Payment, PaymentStatus};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    AuditFilter, Delivery, Fault, InboxRow, Listed, OrderFilter, OwnedBy, Page, PaymentFilter, Queries,
    TimelineRow, Totals,
};
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::page::List;
use super::{SqliteStore, deliveries, effects, inbox, load, row};
use crate::entity_key;

#[async_trait]
impl Queries for SqliteStore {
    async fn borrower(&self, tenant: TenantId, id: BorrowerId) -> Result<Option<Borrower>, Fault> {
        let read = move |connection: &Connection| load::borrower(connection, id);
        let found = self.read("read a borrower", read).await?;
        Ok(found.filter(|found| found.tenant == tenant))
    }

    async fn binding(&self, tenant: TenantId, id: BindingId) -> Result<Option<Binding>, Fault> {
        let read = move |connection: &Connection| load::binding(connection, id);
        let found = self.read("read a binding", read).await?;
        Ok(found.filter(|found| found.tenant == tenant))
    }

    async fn order(&self, tenant: TenantId, id: OrderId) -> Result<Option<Order>, Fault> {
        let read = move |connection: &Connection| load::order(connection, id);
        let found = self.read("read an order", read).await?;
        Ok(found.filter(|found| found.tenant == tenant))
    }

    async fn payment(&self, tenant: TenantId, id: PaymentId) -> Result<Option<Payment>, Fault> {
        let read = move |connection: &Connection| load::payment(connection, id);
        let found = self.read("read a payment", read).await?;
        Ok(found.filter(|found| found.tenant == tenant))
    }

    async fn borrowers(
        &self,
        tenant: TenantId,
        reference: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Borrower>, Fault> {
        let (reference, page) = (reference.map(str::to_owned), page.clone());
        self.read("list borrowers", move |connection| borrowers(connection, tenant, reference, &page)).await
    }

    async fn bindings(&self, owner: &OwnedBy, page: &Page) -> Result<Listed<Binding>, Fault> {
        let (owner, page) = (owner.clone(), page.clone());
        self.read("list bindings", move |connection| bindings(connection, &owner, &page)).await
    }

    async fn orders(&self, filter: &OrderFilter, page: &Page) -> Result<Listed<Order>, Fault> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read("list orders", move |connection| orders(connection, filter, &page)).await
    }

    async fn payments(&self, filter: &PaymentFilter, page: &Page) -> Result<Listed<Payment>, Fault> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read("list payments", move |connection| payments(connection, &filter, &page)).await
    }

    async fn timeline(
        &self,
        tenant: TenantId,
        entity: &str,
        limit: usize,
    ) -> Result<Vec<TimelineRow>, Fault> {
        let entity = entity.to_owned();
        self.read("read a timeline", move |connection| timeline(connection, tenant, &entity, limit)).await
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Listed<AuditEntry>, Fault> {
        let (filter, page) = (filter.clone(), page.clone());
        self.read("list audit entries", move |connection| audit(connection, filter, &page)).await
    }

    async fn deliveries(
        &self,
        tenant: TenantId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Delivery>, Fault> {
        let (state, page) = (state.map(str::to_owned), page.clone());
        self.read("list deliveries", move |connection| deliveries_of(connection, tenant, state, &page)).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        self.read("list parked messages", move |connection| inbox::parked(connection, limit)).await
    }

    async fn totals(&self) -> Result<Totals, Fault> {
        self.read("sum up", totals).await
    }
}

/// The state column comes after the two that every list begins with.
fn state<T: DeserializeOwned>(row: &Row<'_>) -> Result<T, Failure> {
    row::json(row, 2)
}

fn borrowers(
    connection: &Connection,
    tenant: TenantId,
    reference: Option<String>,
    page: &Page,
) -> Result<Listed<Borrower>, Failure> {
    let bucket = reference.as_ref().map(|reference| i64::from(Bucket::of(tenant, reference).number()));
    List::of("SELECT id, created_at, state FROM borrowers", "created_at")
        .only_if("bucket = ?", bucket)
        .only("tenant = ?", tenant.to_string())
        .only_if("reference = ?", reference)
        .page(connection, page, state)
}

fn bindings(connection: &Connection, owner: &OwnedBy, page: &Page) -> Result<Listed<Binding>, Failure> {
    List::of("SELECT id, created_at, state FROM bindings", "created_at")
        .of_owner(owner)
        .page(connection, page, state)
}

fn orders(connection: &Connection, filter: OrderFilter, page: &Page) -> Result<Listed<Order>, Failure> {
    let by_borrower = filter.owner.borrower.is_some();
    // Few rows already: the walk by status would be the longer one.
    let narrow = by_borrower || filter.reference.is_some();
    List::of("SELECT id, created_at, state FROM orders", "created_at")
        .of_owner(&filter.owner)
        .only_if(if narrow { "+status = ?" } else { "status = ?" }, filter.status)
        .only_if(if by_borrower { "+reference = ?" } else { "reference = ?" }, filter.reference)
        .only_if("due_at >= ?", filter.due_from.map(Timestamp::as_millis))
        .only_if("due_at < ?", filter.due_until.map(Timestamp::as_millis))
        .page(connection, page, state)
}

fn payments(
    connection: &Connection,
    filter: &PaymentFilter,
    page: &Page,
) -> Result<Listed<Payment>, Failure> {
    // Few rows already: the walk by status would be the longer one.
    let narrow = filter.owner.borrower.is_some() || filter.order.is_some();
    let status = filter.status.map(PaymentStatus::as_str).map(str::to_owned);
    List::of("SELECT id, created_at, state FROM payments", "created_at")
        .of_owner(&filter.owner)
        .only_if("order_id = ?", filter.order.map(|order| order.to_string()))
        .only_if(if narrow { "+status = ?" } else { "status = ?" }, status)
        .only_if("created_at >= ?", filter.from.map(Timestamp::as_millis))
        .only_if("created_at < ?", filter.until.map(Timestamp::as_millis))
        .page(connection, page, state)
}

fn timeline(
    connection: &Connection,
    tenant: TenantId,
    entity: &str,
    limit: usize,
) -> Result<Vec<TimelineRow>, Failure> {
    let Some((table, bucket)) = entity_key::place(entity) else { return Ok(Vec::new()) };
    // An event names no lender: whose it is, is known from what it is about.
    let sql = format!("SELECT 1 FROM {table} WHERE bucket = ?1 AND id = ?2 AND tenant = ?3");
    let whose = params![bucket.number(), entity, tenant.to_string()];
    if !connection.prepare_cached(&sql)?.exists(whose)? {
        return Ok(Vec::new());
    }
    let sql =
        "SELECT version, at, body FROM events WHERE bucket = ?1 AND entity_id = ?2 ORDER BY version LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    row::all(connection.prepare_cached(sql)?.query(params![bucket.number(), entity, limit])?, |row| {
        Ok(TimelineRow { version: row::counted(row, 0)?, at: row::moment(row, 1)?, body: row.get(2)? })
    })
}

fn audit(connection: &Connection, filter: AuditFilter, page: &Page) -> Result<Listed<AuditEntry>, Failure> {
    List::of("SELECT id, at, tenant, who, action, subject, outcome FROM audit", "at")
        .only("tenant = ?", filter.tenant.to_string())
        .only_if("subject = ?", filter.subject)
        .page(connection, page, |row| {
            Ok(AuditEntry {
                id: row::id(row, 0)?,
                at: row::moment(row, 1)?,
                tenant: row::id(row, 2)?,
                who: row::json(row, 3)?,
                action: row.get(4)?,
                subject: row.get(5)?,
                outcome: row.get(6)?,
            })
        })
}

fn deliveries_of(
    connection: &Connection,
    tenant: TenantId,
    state: Option<String>,
    page: &Page,
) -> Result<Listed<Delivery>, Failure> {
    let select =
        "SELECT id, created_at, message, endpoint_id, tenant, notice, tries, due_at, state, last_status
                  FROM deliveries";
    List::of(select, "created_at").only("tenant = ?", tenant.to_string()).only_if("state = ?", state).page(
        connection,
        page,
        deliveries::read,
    )
}

fn totals(connection: &Connection) -> Result<Totals, Failure> {
    let moment = connection.unchecked_transaction()?;
    // In two halves: a sum that ends at zero may pass through more than 64 bits on its way.
    let sql = "SELECT currency, sum(amount_minor >> 32), sum(amount_minor & 4294967295) FROM ledger_entries
               GROUP BY currency ORDER BY currency";
    let ledger = row::all(moment.prepare_cached(sql)?.query([])?, |row| {
        let (high, low): (i64, i64) = (row.get(1)?, row.get(2)?);
        let sum = (i128::from(high) << 32) + i128::from(low);
        let sum = i64::try_from(sum).map_err(|_| Failure::Refused("a ledger sum is larger than 64 bits"))?;
        Ok((row.get(0)?, sum))
    })?;
    let open_effects = effects::open(&moment)?;
    moment.finish()?;
    Ok(Totals { ledger, open_effects })
}
