//! Lenders, their API keys and webhook endpoints; and the shelf where sealed items lie.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::{ApiKeyId, BorrowerId, DeliveryId, EndpointId, TenantId, VaultItemId};
use lockstep_core::routing::RoutingRules;
use lockstep_core::time::Timestamp;

use super::Fault;
use super::store::Endpoint;

/// A lender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it; the payee named in mandates by default.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// Read everything of the tenant.
    Read,
    /// Create and change borrowers, bindings, orders and payments.
    Write,
    /// Give money back, and approve that others do.
    Refund,
    /// Manage keys and webhook endpoints.
    Admin,
    /// Decide, two people with a key each, what became of an attempt the channel doesn't tell of.
    Approve,
}

impl KeyScope {
    /// Stable word for programs and people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Refund => "refund",
            Self::Admin => "admin",
            Self::Approve => "approve",
        }
    }

    /// Whether two keys of it stand for two people. Then no program may make such keys for itself: whoever has
    /// one key would be both people.
    pub fn is_a_persons(self) -> bool {
        matches!(self, Self::Refund | Self::Approve)
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
    /// Keyed hash of the secret.
    pub hash: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<KeyScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A lender's own rules about channels, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRules {
    /// The lender.
    pub tenant: TenantId,
    /// Counts replacements, from 1.
    pub version: u64,
    /// The rules.
    pub rules: RoutingRules,
    /// When they were put in place.
    pub updated_at: Timestamp,
}

/// Lenders, keys and endpoints.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Adds a lender.
    async fn add_tenant(&self, tenant: Tenant) -> Result<(), Fault>;
    /// All lenders, oldest first.
    async fn tenants(&self) -> Result<Vec<Tenant>, Fault>;
    /// One lender.
    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, Fault>;
    /// Adds a key.
    async fn add_key(&self, key: ApiKey) -> Result<(), Fault>;
    /// A tenant's keys, oldest first.
    async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>, Fault>;
    /// The key of a secret, by the secret's keyed hash; revoked ones too.
    async fn key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, Fault>;
    /// Revokes a key. `false` when the tenant has no such key that is not revoked yet.
    async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<bool, Fault>;
    /// Adds an endpoint, or replaces the one of the same id.
    async fn put_endpoint(&self, endpoint: Endpoint) -> Result<(), Fault>;
    /// A tenant's endpoints, oldest first.
    async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, Fault>;
    /// Removes an endpoint with its pending deliveries. `false` when the tenant has no such endpoint.
    async fn remove_endpoint(&self, tenant: TenantId, id: EndpointId) -> Result<bool, Fault>;
    /// Puts a dead delivery back in line. `false` when the tenant has no such dead delivery.
    async fn requeue_delivery(&self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> Result<bool, Fault>;
    /// A lender's rules; `None` while it has put none in place.
    async fn routing_rules(&self, tenant: TenantId) -> Result<Option<StoredRules>, Fault>;
    /// Everybody's rules, for the start.
    async fn all_routing_rules(&self) -> Result<Vec<StoredRules>, Fault>;
    /// Puts rules in the place of the version right before theirs, with the audit entry that says so. `false`,
    /// and nothing is written, when another version is in place.
    async fn put_routing_rules(&self, rules: StoredRules, entry: AuditEntry) -> Result<bool, Fault>;
}

/// Where sealed items lie. Everything here is encrypted; the vault opens it.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// A borrower's wrapped data key; `None` before the first item and after erasure.
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault>;
    /// A sealed item with its borrower's wrapped data key.
    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault>;
}
