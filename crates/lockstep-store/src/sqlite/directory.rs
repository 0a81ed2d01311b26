//! The engine's ports for lenders, keys, endpoints and sealed items.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::{ApiKeyId, BorrowerId, DeliveryId, EndpointId, TenantId, VaultItemId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{ApiKey, Directory, Endpoint, Fault, Shelf, StoredRules, Tenant};

use super::{SqliteStore, deliveries, endpoints, routing_rules, tenants, vault};

#[async_trait]
impl Directory for SqliteStore {
    async fn add_tenant(&self, tenant: Tenant) -> Result<(), Fault> {
        self.change("make a tenant", move |connection| tenants::create(connection, &tenant)).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Fault> {
        self.read("list tenants", tenants::all).await
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Fault> {
        self.read("read a tenant", move |connection| tenants::find(connection, id)).await
    }

    async fn add_key(&self, key: ApiKey) -> Result<(), Fault> {
        self.change("make an API key", move |connection| tenants::insert_key(connection, &key)).await
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, Fault> {
        self.read("list API keys", move |connection| tenants::keys(connection, tenant)).await
    }

    async fn key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, Fault> {
        let hash = hash.to_owned();
        self.read("find an API key", move |connection| tenants::key_by_hash(connection, &hash)).await
    }

    async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<bool, Fault> {
        let work = move |connection: &_| tenants::revoke_key(connection, tenant, id, at);
        self.change("revoke an API key", work).await
    }

    async fn put_endpoint(&self, endpoint: Endpoint) -> Result<(), Fault> {
        self.change("put an endpoint", move |connection| endpoints::put(connection, &endpoint)).await
    }

    async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, Fault> {
        let tenant = tenant.to_string();
        self.read("list endpoints", move |connection| endpoints::of_tenant(connection, &tenant)).await
    }

    async fn remove_endpoint(&self, tenant: TenantId, id: EndpointId) -> Result<bool, Fault> {
        let tenant = tenant.to_string();
        self.change("remove an endpoint", move |connection| endpoints::remove(connection, &tenant, id)).await
    }

    async fn requeue_delivery(&self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> Result<bool, Fault> {
        let work = move |connection: &_| deliveries::requeue(connection, tenant, id, at);
        self.change("send a delivery again", work).await
    }

    async fn routing_rules(&self, tenant: TenantId) -> Result<Option<StoredRules>, Fault> {
        self.read("read routing rules", move |connection| routing_rules::find(connection, tenant)).await
    }

    async fn all_routing_rules(&self) -> Result<Vec<StoredRules>, Fault> {
        self.read("list routing rules", routing_rules::all).await
    }

    async fn put_routing_rules(&self, rules: StoredRules, entry: AuditEntry) -> Result<bool, Fault> {
        let work = move |connection: &_| routing_rules::put(connection, &rules, &entry);
        self.change("replace routing rules", work).await
    }
}

#[async_trait]
impl Shelf for SqliteStore {
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault> {
        self.read("read a wrapped key", move |connection| vault::wrapped_key(connection, borrower)).await
    }

    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault> {
        self.read("read a vault item", move |connection| vault::item(connection, borrower, item)).await
    }
}
