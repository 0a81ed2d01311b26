//! The ports: what the engine needs from the world, in its own words.

mod channels;
mod clock;
mod directory;
mod fleet;
mod queries;
mod store;
mod webhooks;

pub use channels::{Channels, ProbeAnswer};
pub use clock::{Clock, Seeds};
pub use directory::{ApiKey, Directory, KeyScope, Shelf, StoredRules, Tenant};
pub use fleet::{Fleet, Membership};
pub use queries::{
    AuditFilter, Cursor, Listed, OrderFilter, OwnedBy, Page, PaymentFilter, Queries, TimelineRow,
};
pub use store::{
    Answer, CallKey, Change, Changed, Claim, Commit, CommitError, Delivered, Delivery, Endpoint,
    IdempotencyKey, InboxRow, InboxState, Loaded, Sealed, Store, StoredAnswer, StoredEffect, Totals,
};
pub use webhooks::{Outcome as WebhookOutcome, Webhooks};

use thiserror::Error;

/// Our machinery failed: the only error there is. The loop tries again; people see "try again later".
#[derive(Debug, Error)]
#[error("{doing}: {source}")]
pub struct Fault {
    /// What was being done, for the log.
    pub doing: &'static str,
    /// What went wrong. Never carries personal data.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Fault {
    /// Wraps what went wrong.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }
}
