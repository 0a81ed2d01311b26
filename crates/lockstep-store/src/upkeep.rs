//! What an installation needs of its database beyond the engine's ports.

use async_trait::async_trait;
use lockstep_core::id::{ApiKeyId, BorrowerId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Directory, Fault, Queries, Shelf, Store};

/// How exactly the last use of a key is remembered: not every request should cost a write.
pub(crate) const USE_REMEMBERED_MS: i64 = 60_000;

/// Settings, key rotation and erasure, upkeep.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// A tenant's settings; `None` when there is no such tenant.
    async fn tenant_settings(&self, id: TenantId) -> Result<Option<serde_json::Value>, Fault>;

    /// Replaces a tenant's settings; whether there is such a tenant.
    async fn set_tenant_settings(&self, id: TenantId, settings: &serde_json::Value) -> Result<bool, Fault>;

    /// Remembers, to the minute, that an API key was used.
    async fn key_used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), Fault>;

    /// When each of a tenant's API keys was last used, for those that were.
    async fn key_last_uses(&self, tenant: TenantId) -> Result<Vec<(ApiKeyId, Timestamp)>, Fault>;

    /// Some wrapped keys in a fixed order, after a borrower's: to wrap them again under a new master key.
    async fn wrapped_keys(
        &self,
        after: Option<BorrowerId>,
        limit: usize,
    ) -> Result<Vec<(BorrowerId, String)>, Fault>;

    /// Puts the same key, wrapped by another master key, in its place; whether the old one was still there.
    async fn rewrap_key(&self, borrower: BorrowerId, old: &str, new: &str) -> Result<bool, Fault>;

    /// Destroys a borrower's key, and with it everything it opens; whether there was one. Afterwards neither
    /// the file nor its log holds the key; backups taken before still do.
    async fn erase_key(&self, borrower: BorrowerId) -> Result<bool, Fault>;

    /// A fact about the installation.
    async fn meta(&self, key: &str) -> Result<Option<String>, Fault>;

    /// Writes a fact about the installation down, over the one before.
    async fn set_meta(&self, key: &str, value: &str) -> Result<(), Fault>;

    /// Removes answers to idempotency keys that are older than 90 days; how many. In small transactions.
    async fn sweep(&self, now: Timestamp) -> Result<usize, Fault>;

    /// Everything that is wrong with the database, one sentence each; nothing when it is sound. Reads all of
    /// it.
    async fn integrity_check(&self) -> Result<Vec<String>, Fault>;

    /// What to look at about the role under which a server is used, one sentence each; nothing where it has no more rights
    /// than it needs. An embedded database knows no roles.
    async fn role_cautions(&self) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// Returns when the disk has refused to make a write durable: nothing is written from then on, and only a start finds out
    /// what it holds. A server finds out by itself, so there this never returns.
    async fn lost_a_write(&self) {
        std::future::pending().await
    }

    /// How many rows each table has.
    async fn stats(&self) -> Result<Vec<(&'static str, u64)>, Fault>;
}

/// A database that serves: all ports at once.
pub trait Database: Store + Queries + Directory + Shelf + Upkeep {}

impl<T: Store + Queries + Directory + Shelf + Upkeep> Database for T {}
