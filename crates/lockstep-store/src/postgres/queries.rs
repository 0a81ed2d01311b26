//! Reading for people: single entities, lists, timelines, sums.

use async_trait::async_trait;
use deadpool_postgres::Object;
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
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

use super::failure::Failure;
use super::page::List;
use super::{PostgresStore, deliveries, effects, inbox, load, row};

#[async_trait]
impl Queries for PostgresStore {
    async fn borrower(&self, id: BorrowerId) -> Result<Option<Borrower>, Fault> {
        self.read("read a borrower", async |client| load::borrower(client, id).await).await
    }

    async fn binding(&self, id: BindingId) -> Result<Option<Binding>, Fault> {
        self.read("read a binding", async |client| load::binding(client, id).await).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<Order>, Fault> {
        self.read("read an order", async |client| load::order(client, id).await).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Fault> {
        self.read("read a payment", async |client| load::payment(client, id).await).await
    }

    async fn borrowers(
        &self,
        tenant: TenantId,
        reference: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Borrower>, Fault> {
        let bucket = reference.map(|reference| row::bucket(Bucket::of(tenant, reference)));
        let list = List::of("SELECT id, created_at, state FROM borrowers", "created_at")
            .only_if("bucket =", bucket)
            .only("tenant =", tenant.to_string())
            .only_if("reference =", reference.map(str::to_owned));
        self.read("list borrowers", async |client| list.page(client, page, state).await).await
    }

    async fn bindings(&self, owner: &OwnedBy, page: &Page) -> Result<Listed<Binding>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM bindings", "created_at").of_owner(owner);
        self.read("list bindings", async |client| list.page(client, page, state).await).await
    }

    async fn orders(&self, filter: &OrderFilter, page: &Page) -> Result<Listed<Order>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM orders", "created_at")
            .of_owner(&filter.owner)
            .only_if("status =", filter.status.clone())
            .only_if("reference =", filter.reference.clone())
            .only_if("due_at >=", filter.due_from.map(Timestamp::as_millis))
            .only_if("due_at <", filter.due_until.map(Timestamp::as_millis));
        self.read("list orders", async |client| list.page(client, page, state).await).await
    }

    async fn payments(&self, filter: &PaymentFilter, page: &Page) -> Result<Listed<Payment>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM payments", "created_at")
            .of_owner(&filter.owner)
            .only_if("bucket =", filter.order.map(|order| row::bucket(order.bucket())))
            .only_if("order_id =", filter.order.map(|order| order.to_string()))
            .only_if("status =", filter.status.map(PaymentStatus::as_str).map(str::to_owned))
            .only_if("created_at >=", filter.from.map(Timestamp::as_millis))
            .only_if("created_at <", filter.until.map(Timestamp::as_millis));
        self.read("list payments", async |client| list.page(client, page, state).await).await
    }

    async fn timeline(&self, entity: &str, limit: usize) -> Result<Vec<TimelineRow>, Fault> {
        self.read("read a timeline", async |client| timeline(client, entity, limit).await).await
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Listed<AuditEntry>, Fault> {
        let list = List::of("SELECT id, at, tenant, who, action, subject, outcome FROM audit", "at")
            .only("tenant =", filter.tenant.to_string())
            .only_if("subject =", filter.subject.clone());
        self.read("list the audit", async |client| list.page(client, page, audit_entry).await).await
    }

    async fn deliveries(
        &self,
        tenant: TenantId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Delivery>, Fault> {
        let select =
            "SELECT id, created_at, message, endpoint_id, tenant, notice, tries, due_at, state, last_status
             FROM deliveries";
        let list = List::of(select, "created_at")
            .only("tenant =", tenant.to_string())
            .only_if("state =", state.map(str::to_owned));
        self.read("list deliveries", async |client| list.page(client, page, deliveries::read).await).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        self.read("list parked messages", async |client| inbox::parked(client, limit).await).await
    }

    async fn totals(&self) -> Result<Totals, Fault> {
        self.read("sum up", async |client| totals(client).await).await
    }
}

/// The state column comes after the two that every list begins with.
fn state<T: DeserializeOwned>(found: &Row) -> Result<T, Failure> {
    row::json(found, 2)
}

fn audit_entry(found: &Row) -> Result<AuditEntry, Failure> {
    Ok(AuditEntry {
        id: row::id(found, 0)?,
        at: row::moment(found, 1)?,
        tenant: row::id(found, 2)?,
        who: row::json(found, 3)?,
        action: row::get(found, 4)?,
        subject: row::get(found, 5)?,
        outcome: row::get(found, 6)?,
    })
}

async fn timeline(client: &Object, entity: &str, limit: usize) -> Result<Vec<TimelineRow>, Failure> {
    // Every kind of id has the same body, so any of them knows the bucket.
    let body = entity.split_once('_').and_then(|(_, body)| PaymentId::from_body(body));
    let Some(body) = body else { return Ok(Vec::new()) };
    let sql =
        "SELECT version, at, body FROM events WHERE bucket = $1 AND entity_id = $2 ORDER BY version LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = client.query(sql, &[&row::bucket(body.bucket()), &entity, &limit]).await?;
    row::all(&found, |found| {
        Ok(TimelineRow {
            version: row::counted(found, 0)?,
            at: row::moment(found, 1)?,
            body: row::get(found, 2)?,
        })
    })
}

async fn totals(client: &Object) -> Result<Totals, Failure> {
    // A numeric sum: one that ends at zero may pass through more than 64 bits on its way.
    let sql =
        "SELECT currency, sum(amount_minor)::text FROM ledger_entries GROUP BY currency ORDER BY currency";
    let (ledger, open) = futures::try_join!(client.query(sql, &[]), client.query(effects::OPEN, &[]))?;
    let ledger = row::all(&ledger, |found| {
        let sum: &str = row::get(found, 1)?;
        let sum = sum.parse().map_err(|_| Failure::Refused("a ledger sum is larger than 64 bits"))?;
        Ok((row::get(found, 0)?, sum))
    })?;
    let open_effects = row::all(&open, |found| Ok((row::get(found, 0)?, row::counted(found, 1)?)))?;
    Ok(Totals { ledger, open_effects })
}
