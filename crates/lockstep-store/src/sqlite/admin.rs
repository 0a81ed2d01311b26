//! What an installation needs beyond the engine's ports: settings, key rotation and erasure, upkeep.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::id::{ApiKeyId, BorrowerId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Fault;
use rusqlite::{Connection, OpenFlags};

use super::failure::Failure;
use super::{SqliteStore, Work, answers, maintenance, notes, tenants, vault};
use crate::Upkeep;

#[async_trait]
impl Upkeep for SqliteStore {
    async fn tenant_settings(&self, id: TenantId) -> Result<Option<serde_json::Value>, Fault> {
        self.read("read a tenant's settings", move |connection| tenants::settings(connection, id)).await
    }

    async fn set_tenant_settings(&self, id: TenantId, settings: &serde_json::Value) -> Result<bool, Fault> {
        let json = settings.to_string();
        let work = move |connection: &_| tenants::set_settings(connection, id, &json);
        self.change("change a tenant's settings", work).await
    }

    async fn key_used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), Fault> {
        self.change("remember a key's use", move |connection| tenants::key_used(connection, id, at)).await
    }

    async fn key_last_uses(&self, tenant: TenantId) -> Result<Vec<(ApiKeyId, Timestamp)>, Fault> {
        self.read("read keys' last uses", move |connection| tenants::last_uses(connection, tenant)).await
    }

    async fn wrapped_keys(
        &self,
        after: Option<BorrowerId>,
        limit: usize,
    ) -> Result<Vec<(BorrowerId, String)>, Fault> {
        self.read("list wrapped keys", move |connection| vault::wrapped_keys(connection, after, limit)).await
    }

    async fn rewrap_key(&self, borrower: BorrowerId, old: &str, new: &str) -> Result<bool, Fault> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.change("wrap a key again", move |connection| vault::rewrap(connection, borrower, &old, &new))
            .await
    }

    async fn erase_key(&self, borrower: BorrowerId) -> Result<bool, Fault> {
        let erased = self.change("erase a key", move |connection| vault::erase(connection, borrower)).await?;
        // Also when there was no key: an erasure may have failed at this step before.
        if let Some(place) = &self.place {
            let path = place.path.clone();
            self.read("empty the log after an erasure", move |_| maintenance::empty_log(&path)).await?;
        }
        Ok(erased)
    }

    async fn meta(&self, key: &str) -> Result<Option<String>, Fault> {
        let key = key.to_owned();
        self.read("read a fact", move |connection| notes::meta(connection, &key)).await
    }

    async fn set_meta(&self, key: &str, value: &str) -> Result<(), Fault> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.change("write a fact down", move |connection| notes::set_meta(connection, &key, &value)).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, Fault> {
        let mut removed = 0;
        loop {
            match self.change("remove old answers", move |connection| answers::sweep(connection, now)).await?
            {
                0 => return Ok(removed),
                some => removed += some,
            }
        }
    }

    async fn integrity_check(&self) -> Result<Vec<String>, Fault> {
        self.read("check the database", maintenance::problems).await
    }

    async fn lost_a_write(&self) {
        match &self.work {
            Work::Threads { writer, .. } => writer.lost_a_write().await,
            Work::Beside { .. } | Work::Inline { .. } => std::future::pending().await,
        }
    }

    async fn stats(&self) -> Result<Vec<(&'static str, u64)>, Fault> {
        self.read("count rows", maintenance::rows).await
    }
}

/// The sandbox's memory, and copies of the file.
impl SqliteStore {
    /// Writes many values of the sandbox in one change, each over the one before of its key.
    pub async fn kv_put(&self, values: Vec<(String, String)>) -> Result<(), Fault> {
        self.change("save the sandbox", move |connection| notes::put(connection, &values)).await
    }

    /// Everything the sandbox saved, in the order of its keys.
    pub async fn kv_all(&self) -> Result<Vec<(String, String)>, Fault> {
        self.read("load the sandbox", notes::all).await
    }

    /// Copies the database as it stands to a new file, while changes go on.
    pub async fn backup_to(&self, target: impl AsRef<Path>) -> Result<(), Fault> {
        let target = target.as_ref().to_owned();
        self.read("back up the database", move |connection| maintenance::backup(connection, &target)).await
    }

    /// Copies the database of a folder that another process may be using, as it stands, to a new file.
    ///
    /// # Errors
    /// A [`Fault`] when there is no such database or the copy can't be written.
    pub fn backup_beside(database: &Path, target: &Path) -> Result<(), Fault> {
        let copy = || {
            let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            maintenance::backup(&connection, target)
        };
        copy().map_err(|failure: Failure| Fault::new("back up the database", failure))
    }
}
