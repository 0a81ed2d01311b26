//! Reading for people: lists, filters, timelines. Nothing decides from these.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId, TenantId};
use lockstep_core::order::Order;
use lockstep_core::payment::{Payment, PaymentStatus};
use lockstep_core::time::Timestamp;

use super::Fault;
use super::store::{Delivery, InboxRow, Totals};

/// A place in a list: everything after this row. Opaque outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Creation time of the last row seen.
    pub at: Timestamp,
    /// Its id.
    pub id: String,
}

/// How much of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// After this row; `None` for the newest.
    pub after: Option<Cursor>,
    /// At most this many rows, 1–200.
    pub limit: usize,
}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Rows of one lender, perhaps of one borrower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBy {
    /// The lender.
    pub tenant: TenantId,
    /// Only of this borrower.
    pub borrower: Option<BorrowerId>,
}

/// Which payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Whose.
    pub owner: OwnedBy,
    /// Only for this order.
    pub order: Option<OrderId>,
    /// Only where they stand like this.
    pub status: Option<PaymentStatus>,
    /// Created at or after.
    pub from: Option<Timestamp>,
    /// Created before.
    pub until: Option<Timestamp>,
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFilter {
    /// Whose.
    pub owner: OwnedBy,
    /// `open`, `collecting`, `collected` or `cancelled`.
    pub status: Option<String>,
    /// The lender's own name for it.
    pub reference: Option<String>,
    /// Due at or after.
    pub due_from: Option<Timestamp>,
    /// Due before.
    pub due_until: Option<Timestamp>,
}

/// Which audit entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// The lender.
    pub tenant: TenantId,
    /// Only about this id.
    pub subject: Option<String>,
}

/// One event of an entity, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// The entity's version after it.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// The event, as JSON with its schema version.
    pub body: String,
}

/// Reading for people. Whatever belongs to a lender is asked for in that lender's name; another's is not found.
#[async_trait]
pub trait Queries: Send + Sync {
    /// One borrower of a lender.
    async fn borrower(&self, tenant: TenantId, id: BorrowerId) -> Result<Option<Borrower>, Fault>;
    /// One binding of a lender.
    async fn binding(&self, tenant: TenantId, id: BindingId) -> Result<Option<Binding>, Fault>;
    /// One order of a lender.
    async fn order(&self, tenant: TenantId, id: OrderId) -> Result<Option<Order>, Fault>;
    /// One payment of a lender.
    async fn payment(&self, tenant: TenantId, id: PaymentId) -> Result<Option<Payment>, Fault>;
    /// Borrowers, newest first; only the one of a reference if given.
    async fn borrowers(
        &self,
        tenant: TenantId,
        reference: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Borrower>, Fault>;
    /// Bindings, newest first.
    async fn bindings(&self, owner: &OwnedBy, page: &Page) -> Result<Listed<Binding>, Fault>;
    /// Orders, newest first.
    async fn orders(&self, filter: &OrderFilter, page: &Page) -> Result<Listed<Order>, Fault>;
    /// Payments, newest first.
    async fn payments(&self, filter: &PaymentFilter, page: &Page) -> Result<Listed<Payment>, Fault>;
    /// The events of one entity of a lender, oldest first.
    async fn timeline(&self, tenant: TenantId, entity: &str, limit: usize)
    -> Result<Vec<TimelineRow>, Fault>;
    /// Audit entries, newest first.
    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Listed<AuditEntry>, Fault>;
    /// Webhook deliveries, newest first; only in this state if given.
    async fn deliveries(
        &self,
        tenant: TenantId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Listed<Delivery>, Fault>;
    /// Incoming messages that matched nothing.
    async fn parked(&self, limit: usize) -> Result<Vec<InboxRow>, Fault>;
    /// Sums for checks and overviews.
    async fn totals(&self) -> Result<Totals, Fault>;
}
