//! What an installation needs beyond the engine's ports: settings, key rotation and erasure, upkeep.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Object;
use lockstep_core::id::{ApiKeyId, BorrowerId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Fault;

use super::failure::Failure;
use super::{PostgresStore, answers, maintenance, notes, rights, tenants, vault};
use crate::Upkeep;

/// After this long nobody asks any more what became of a transaction.
const MARKS_KEPT: Duration = Duration::from_secs(86_400);

#[async_trait]
impl Upkeep for PostgresStore {
    async fn tenant_settings(&self, id: TenantId) -> Result<Option<serde_json::Value>, Fault> {
        self.read("read a tenant's settings", async |client| tenants::settings(client, id).await).await
    }

    async fn set_tenant_settings(&self, id: TenantId, settings: &serde_json::Value) -> Result<bool, Fault> {
        let json = settings.to_string();
        self.change("change a tenant's settings", async |client| {
            tenants::set_settings(client, id, &json).await
        })
        .await
    }

    async fn key_used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), Fault> {
        self.change("remember a key's use", async |client| tenants::key_used(client, id, at).await).await
    }

    async fn key_last_uses(&self, tenant: TenantId) -> Result<Vec<(ApiKeyId, Timestamp)>, Fault> {
        self.read("read keys' last uses", async |client| tenants::last_uses(client, tenant).await).await
    }

    async fn wrapped_keys(
        &self,
        after: Option<BorrowerId>,
        limit: usize,
    ) -> Result<Vec<(BorrowerId, String)>, Fault> {
        self.read("list wrapped keys", async |client| vault::wrapped_keys(client, after, limit).await).await
    }

    async fn rewrap_key(&self, borrower: BorrowerId, old: &str, new: &str) -> Result<bool, Fault> {
        self.change("wrap a key again", async |client| vault::rewrap(client, borrower, old, new).await).await
    }

    /// Afterwards the tables no longer hold the key; the server's log and backups taken before still do until they are
    /// rotated away.
    async fn erase_key(&self, borrower: BorrowerId) -> Result<bool, Fault> {
        self.change("erase a key", async |client| vault::erase(client, borrower).await).await
    }

    async fn meta(&self, key: &str) -> Result<Option<String>, Fault> {
        self.read("read a fact", async |client| notes::meta(client, key).await).await
    }

    async fn set_meta(&self, key: &str, value: &str) -> Result<(), Fault> {
        self.change("write a fact down", async |client| notes::set_meta(client, key, value).await).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, Fault> {
        self.change("remove old answers", async |client| sweep(client, now).await).await
    }

    async fn integrity_check(&self) -> Result<Vec<String>, Fault> {
        self.read("check the database", async |client| maintenance::problems(client).await).await
    }

    async fn role_cautions(&self) -> Result<Vec<String>, Fault> {
        let wall = (!self.wall).then(|| rights::no_wall(&self.shared.groups).to_owned());
        let excess =
            self.read("look at the role's rights", async |client| rights::excess(client).await).await?;
        Ok(excess.into_iter().chain(wall).collect())
    }

    async fn stats(&self) -> Result<Vec<(&'static str, u64)>, Fault> {
        self.read("count rows", async |client| maintenance::rows(client).await).await
    }
}

async fn sweep(client: &Object, now: Timestamp) -> Result<usize, Failure> {
    let old = now.minus(MARKS_KEPT).as_millis();
    client.execute("DELETE FROM batches WHERE at < $1", &[&old]).await?;
    let mut removed = 0;
    loop {
        match answers::sweep(client, now).await? {
            0 => return Ok(removed),
            some => removed += usize::try_from(some).unwrap_or(usize::MAX),
        }
    }
}
