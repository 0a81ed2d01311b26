//! The engine's ports for lenders, keys, endpoints and sealed items.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::{ApiKeyId, BorrowerId, DeliveryId, EndpointId, TenantId, VaultItemId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{ApiKey, Directory, Endpoint, Fault, Shelf, StoredRules, Tenant};

use super::MemoryStore;

#[async_trait]
impl Directory for MemoryStore {
    async fn add_tenant(&self, tenant: Tenant) -> Result<(), Fault> {
        let mut tables = self.tables();
        if tables.tenants.contains_key(&tenant.id) {
            return Err(Fault::new("make a tenant", "the id is taken"));
        }
        tables.tenants.insert(tenant.id, tenant);
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Fault> {
        let mut all: Vec<_> = self.tables().tenants.values().cloned().collect();
        all.sort_by_key(|tenant| (tenant.created_at, tenant.id));
        Ok(all)
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Fault> {
        Ok(self.tables().tenants.get(&id).cloned())
    }

    async fn add_key(&self, key: ApiKey) -> Result<(), Fault> {
        let mut tables = self.tables();
        let known = tables.keys.values().any(|other| other.hash == key.hash || other.id == key.id);
        if known {
            return Err(Fault::new("make an API key", "the key is there already"));
        }
        tables.keys.insert(key.id, key);
        Ok(())
    }

    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, Fault> {
        let tables = self.tables();
        let mut keys: Vec<_> = tables.keys.values().filter(|key| key.tenant == tenant).cloned().collect();
        keys.sort_by_key(|key| (key.created_at, key.id));
        Ok(keys)
    }

    async fn key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, Fault> {
        Ok(self.tables().keys.values().find(|key| key.hash == hash).cloned())
    }

    async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<bool, Fault> {
        let mut tables = self.tables();
        let key = tables.keys.get_mut(&id).filter(|key| key.tenant == tenant && key.revoked_at.is_none());
        Ok(key.map(|key| key.revoked_at = Some(at)).is_some())
    }

    async fn put_endpoint(&self, endpoint: Endpoint) -> Result<(), Fault> {
        let mut tables = self.tables();
        match tables.endpoints.get_mut(&endpoint.id) {
            Some(known) if known.tenant != endpoint.tenant => {
                Err(Fault::new("put an endpoint", "the endpoint belongs to another tenant"))
            }
            Some(known) => {
                *known = Endpoint { created_at: known.created_at, ..endpoint };
                Ok(())
            }
            None => {
                tables.endpoints.insert(endpoint.id, endpoint);
                Ok(())
            }
        }
    }

    async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, Fault> {
        let tables = self.tables();
        let of_tenant = tables.endpoints.values().filter(|endpoint| endpoint.tenant == tenant);
        let mut endpoints: Vec<_> = of_tenant.cloned().collect();
        endpoints.sort_by_key(|endpoint| (endpoint.created_at, endpoint.id));
        Ok(endpoints)
    }

    async fn remove_endpoint(&self, tenant: TenantId, id: EndpointId) -> Result<bool, Fault> {
        let mut tables = self.tables();
        if tables.endpoints.get(&id).is_none_or(|endpoint| endpoint.tenant != tenant) {
            return Ok(false);
        }
        tables.endpoints.remove(&id);
        tables.remove_pending(id);
        Ok(true)
    }

    async fn requeue_delivery(&self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> Result<bool, Fault> {
        Ok(self.tables().requeue(tenant, id, at))
    }

    async fn routing_rules(&self, tenant: TenantId) -> Result<Option<StoredRules>, Fault> {
        Ok(self.tables().routing_rules.get(&tenant).cloned())
    }

    async fn all_routing_rules(&self) -> Result<Vec<StoredRules>, Fault> {
        Ok(self.tables().routing_rules.values().cloned().collect())
    }

    async fn put_routing_rules(&self, rules: StoredRules, entry: AuditEntry) -> Result<bool, Fault> {
        let mut tables = self.tables();
        let version = tables.routing_rules.get(&rules.tenant).map_or(0, |known| known.version);
        if version.checked_add(1) != Some(rules.version) {
            return Ok(false);
        }
        tables.routing_rules.insert(rules.tenant, rules);
        tables.audit.insert(entry.id, entry);
        Ok(true)
    }
}

#[async_trait]
impl Shelf for MemoryStore {
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault> {
        Ok(self.tables().data_keys.get(&borrower).cloned())
    }

    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault> {
        let tables = self.tables();
        let found = tables.vault_items.get(&item).filter(|(owner, _)| *owner == borrower);
        Ok(found.and_then(|(_, bytes)| Some((tables.data_keys.get(&borrower)?.clone(), bytes.clone()))))
    }
}
