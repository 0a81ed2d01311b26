//! The engine's ports for lenders, keys, endpoints and sealed items.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::{ApiKeyId, BorrowerId, DeliveryId, EndpointId, TenantId, VaultItemId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{ApiKey, Directory, Endpoint, Fault, Shelf, StoredRules, Tenant};

use super::{PostgresStore, deliveries, endpoints, routing_rules, tenants, vault};

#[async_trait]
impl Directory for PostgresStore {
    async fn add_tenant(&self, tenant: Tenant) -> Result<(), Fault> {
        self.change("make a tenant", async |client| tenants::create(client, &tenant).await).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Fault> {
        self.read("list tenants", async |client| tenants::all(client).await).await
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Fault> {
        self.read("read a tenant", async |client| tenants::find(client, id).await).await
    }

    async fn add_key(&self, key: ApiKey) -> Result<(), Fault> {
        self.change("make an API key", async |client| tenants::insert_key(client, &key).await).await
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, Fault> {
        self.read("list API keys", async |client| tenants::keys(client, tenant).await).await
    }

    async fn key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, Fault> {
        self.read("find an API key", async |client| tenants::key_by_hash(client, hash).await).await
    }

    async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<bool, Fault> {
        self.change("revoke an API key", async |client| tenants::revoke_key(client, tenant, id, at).await)
            .await
    }

    async fn put_endpoint(&self, endpoint: Endpoint) -> Result<(), Fault> {
        self.change("put an endpoint", async |client| endpoints::put(client, &endpoint).await).await
    }

    async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, Fault> {
        let tenant = tenant.to_string();
        self.read("list endpoints", async |client| endpoints::of_tenant(client, &tenant).await).await
    }

    async fn remove_endpoint(&self, tenant: TenantId, id: EndpointId) -> Result<bool, Fault> {
        let tenant = tenant.to_string();
        self.change("remove an endpoint", async |client| endpoints::remove(client, &tenant, id).await).await
    }

    async fn requeue_delivery(&self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> Result<bool, Fault> {
        self.change("send a delivery again", async |client| deliveries::requeue(client, tenant, id, at).await)
            .await
    }

    async fn routing_rules(&self, tenant: TenantId) -> Result<Option<StoredRules>, Fault> {
        self.read("read routing rules", async |client| routing_rules::find(client, tenant).await).await
    }

    async fn all_routing_rules(&self) -> Result<Vec<StoredRules>, Fault> {
        self.read("list routing rules", async |client| routing_rules::all(client).await).await
    }

    async fn put_routing_rules(&self, rules: StoredRules, entry: AuditEntry) -> Result<bool, Fault> {
        self.change("replace routing rules", async |client| routing_rules::put(client, &rules, &entry).await)
            .await
    }
}

#[async_trait]
impl Shelf for PostgresStore {
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault> {
        self.read("read a wrapped key", async |client| vault::wrapped_key(client, borrower).await).await
    }

    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault> {
        self.read("read a vault item", async |client| vault::item(client, borrower, item).await).await
    }
}
