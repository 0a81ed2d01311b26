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
use tokio_postgres::types::ToSql;

use super::failure::Failure;
use super::page::List;
use super::{PostgresStore, deliveries, effects, inbox, row};
use crate::entity_key;

#[async_trait]
impl Queries for PostgresStore {
    async fn borrower(&self, tenant: TenantId, id: BorrowerId) -> Result<Option<Borrower>, Fault> {
        let sql = "SELECT state FROM borrowers WHERE bucket = $1 AND id = $2 AND tenant = $3";
        let place = (row::bucket(id.bucket()), id.to_string());
        self.read_for(tenant, "read a borrower", async |client| one(client, sql, &place, tenant).await).await
    }

    async fn binding(&self, tenant: TenantId, id: BindingId) -> Result<Option<Binding>, Fault> {
        let sql = "SELECT state FROM bindings WHERE bucket = $1 AND id = $2 AND tenant = $3";
        let place = (row::bucket(id.bucket()), id.to_string());
        self.read_for(tenant, "read a binding", async |client| one(client, sql, &place, tenant).await).await
    }

    async fn order(&self, tenant: TenantId, id: OrderId) -> Result<Option<Order>, Fault> {
        let sql = "SELECT state FROM orders WHERE bucket = $1 AND id = $2 AND tenant = $3";
        let place = (row::bucket(id.bucket()), id.to_string());
        self.read_for(tenant, "read an order", async |client| one(client, sql, &place, tenant).await).await
    }

    async fn payment(&self, tenant: TenantId, id: PaymentId) -> Result<Option<Payment>, Fault> {
        let sql = "SELECT state FROM payments WHERE bucket = $1 AND id = $2 AND tenant = $3";
        let place = (row::bucket(id.bucket()), id.to_string());
        self.read_for(tenant, "read a payment", async |client| one(client, sql, &place, tenant).await).await
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
        self.read_for(tenant, "list borrowers", async |client| list.page(client, page, state).await).await
    }

    async fn bindings(&self, owner: &OwnedBy, page: &Page) -> Result<Listed<Binding>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM bindings", "created_at").of_owner(owner);
        self.read_for(owner.tenant, "list bindings", async |client| list.page(client, page, state).await)
            .await
    }

    async fn orders(&self, filter: &OrderFilter, page: &Page) -> Result<Listed<Order>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM orders", "created_at")
            .of_owner(&filter.owner)
            .only_if("status =", filter.status.clone())
            .only_if("reference =", filter.reference.clone())
            .only_if("due_at >=", filter.due_from.map(Timestamp::as_millis))
            .only_if("due_at <", filter.due_until.map(Timestamp::as_millis));
        self.read_for(filter.owner.tenant, "list orders", async |client| list.page(client, page, state).await)
            .await
    }

    async fn payments(&self, filter: &PaymentFilter, page: &Page) -> Result<Listed<Payment>, Fault> {
        let list = List::of("SELECT id, created_at, state FROM payments", "created_at")
            .of_owner(&filter.owner)
            .only_if("bucket =", filter.order.map(|order| row::bucket(order.bucket())))
            .only_if("order_id =", filter.order.map(|order| order.to_string()))
            .only_if("status =", filter.status.map(PaymentStatus::as_str).map(str::to_owned))
            .only_if("created_at >=", filter.from.map(Timestamp::as_millis))
            .only_if("created_at <", filter.until.map(Timestamp::as_millis));
        self.read_for(filter.owner.tenant, "list payments", async |client| {
            list.page(client, page, state).await
        })
        .await
    }

    async fn timeline(
        &self,
        tenant: TenantId,
        entity: &str,
        limit: usize,
    ) -> Result<Vec<TimelineRow>, Fault> {
        let doing = "read a timeline";
        // An event names no lender: whose it is, is known from what it is about.
        if !self.read_for(tenant, doing, async |client| is_of(client, entity, tenant).await).await? {
            return Ok(Vec::new());
        }
        self.read(doing, async |client| timeline(client, entity, limit).await).await
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Listed<AuditEntry>, Fault> {
        let list = List::of("SELECT id, at, tenant, who, action, subject, outcome FROM audit", "at")
            .only("tenant =", filter.tenant.to_string())
            .only_if("subject =", filter.subject.clone());
        self.read_for(filter.tenant, "list the audit", async |client| {
            list.page(client, page, audit_entry).await
        })
        .await
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
        self.read_for(tenant, "list deliveries", async |client| {
            list.page(client, page, deliveries::read).await
        })
        .await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        self.read("list parked messages", async |client| inbox::parked(client, limit).await).await
    }

    async fn totals(&self) -> Result<Totals, Fault> {
        self.read("sum up", async |client| totals(client).await).await
    }
}

/// One entity of a lender.
async fn one<T: DeserializeOwned>(
    client: &Object,
    sql: &str,
    (bucket, id): &(i32, String),
    tenant: TenantId,
) -> Result<Option<T>, Failure> {
    let statement = client.prepare_cached(sql).await?;
    let found = client.query_opt(&statement, &[bucket, id, &tenant.to_string()]).await?;
    found.map(|found| row::json(&found, 0)).transpose()
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

/// Whether an entity is a lender's.
async fn is_of(client: &Object, entity: &str, tenant: TenantId) -> Result<bool, Failure> {
    let Some((table, bucket)) = entity_key::place(entity) else { return Ok(false) };
    let sql = format!("SELECT 1 FROM {table} WHERE bucket = $1 AND id = $2 AND tenant = $3");
    let statement = client.prepare_cached(&sql).await?;
    let values: [&(dyn ToSql + Sync); 3] = [&row::bucket(bucket), &entity, &tenant.to_string()];
    Ok(client.query_opt(&statement, &values).await?.is_some())
}

async fn timeline(client: &Object, entity: &str, limit: usize) -> Result<Vec<TimelineRow>, Failure> {
    let Some((_, bucket)) = entity_key::place(entity) else { return Ok(Vec::new()) };
    let sql =
        "SELECT version, at, body FROM events WHERE bucket = $1 AND entity_id = $2 ORDER BY version LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = client.query(sql, &[&row::bucket(bucket), &entity, &limit]).await?;
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
