//! Lenders and their API keys.

use deadpool_postgres::Object;
use lockstep_core::id::{ApiKeyId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{ApiKey, Tenant};
use tokio_postgres::Row;

use super::failure::Failure;
use super::row;
use crate::upkeep::USE_REMEMBERED_MS;

/// Makes a tenant.
pub(super) async fn create(client: &Object, tenant: &Tenant) -> Result<(), Failure> {
    let sql = "INSERT INTO tenants (bucket, id, name, created_at, settings) VALUES ($1, $2, $3, $4, '{}')";
    let (bucket, id) = (row::bucket(tenant.id.bucket()), tenant.id.to_string());
    let made = client.execute(sql, &[&bucket, &id, &tenant.name, &tenant.created_at.as_millis()]).await;
    made.map(drop).map_err(|error| Failure::from(error).taken("tenant"))
}

/// One tenant.
pub(super) async fn find(client: &Object, id: TenantId) -> Result<Option<Tenant>, Failure> {
    let sql = "SELECT id, name, created_at FROM tenants WHERE bucket = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let found = client.query_opt(&statement, &[&row::bucket(id.bucket()), &id.to_string()]).await?;
    found.as_ref().map(read).transpose()
}

/// All tenants, oldest first.
pub(super) async fn all(client: &Object) -> Result<Vec<Tenant>, Failure> {
    let sql = "SELECT id, name, created_at FROM tenants ORDER BY created_at, id";
    row::all(&client.query(sql, &[]).await?, read)
}

fn read(found: &Row) -> Result<Tenant, Failure> {
    Ok(Tenant { id: row::id(found, 0)?, name: row::get(found, 1)?, created_at: row::moment(found, 2)? })
}

/// A tenant's settings.
pub(super) async fn settings(client: &Object, id: TenantId) -> Result<Option<serde_json::Value>, Failure> {
    let sql = "SELECT settings FROM tenants WHERE bucket = $1 AND id = $2";
    let found = client.query_opt(sql, &[&row::bucket(id.bucket()), &id.to_string()]).await?;
    found.map(|found| row::json(&found, 0)).transpose()
}

/// Replaces a tenant's settings; whether there is such a tenant.
pub(super) async fn set_settings(client: &Object, id: TenantId, json: &str) -> Result<bool, Failure> {
    let sql = "UPDATE tenants SET settings = $3 WHERE bucket = $1 AND id = $2";
    Ok(client.execute(sql, &[&row::bucket(id.bucket()), &id.to_string(), &json]).await? == 1)
}

/// Makes an API key known.
pub(super) async fn insert_key(client: &Object, key: &ApiKey) -> Result<(), Failure> {
    let sql = "INSERT INTO api_keys (bucket, id, tenant, hash, name, scopes, created_at, revoked_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (bucket, id, tenant) = (row::bucket(key.id.bucket()), key.id.to_string(), key.tenant.to_string());
    let scopes = serde_json::to_string(&key.scopes)?;
    let (created_at, revoked_at) = (key.created_at.as_millis(), key.revoked_at.map(Timestamp::as_millis));
    let made = client
        .execute(sql, &[&bucket, &id, &tenant, &key.hash, &key.name, &scopes, &created_at, &revoked_at])
        .await;
    made.map(drop).map_err(|error| Failure::from(error).taken("API key"))
}

/// All keys of a tenant, also those taken back, oldest first.
pub(super) async fn keys(client: &Object, tenant: TenantId) -> Result<Vec<ApiKey>, Failure> {
    let sql = "SELECT id, tenant, hash, name, scopes, created_at, revoked_at FROM api_keys
               WHERE tenant = $1 ORDER BY created_at, id";
    row::all(&client.query(sql, &[&tenant.to_string()]).await?, read_key)
}

/// The key with this hash, also if it was taken back.
pub(super) async fn key_by_hash(client: &Object, hash: &str) -> Result<Option<ApiKey>, Failure> {
    let sql = "SELECT id, tenant, hash, name, scopes, created_at, revoked_at FROM api_keys WHERE hash = $1";
    let statement = client.prepare_cached(sql).await?;
    let found = client.query_opt(&statement, &[&hash]).await?;
    found.as_ref().map(read_key).transpose()
}

/// Takes a tenant's key back; whether there was one to take back.
pub(super) async fn revoke_key(
    client: &Object,
    tenant: TenantId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let sql = "UPDATE api_keys SET revoked_at = $4
               WHERE bucket = $1 AND id = $2 AND tenant = $3 AND revoked_at IS NULL";
    let bucket = row::bucket(id.bucket());
    Ok(client.execute(sql, &[&bucket, &id.to_string(), &tenant.to_string(), &at.as_millis()]).await? == 1)
}

/// Remembers that a key was used.
pub(super) async fn key_used(client: &Object, id: ApiKeyId, at: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE api_keys SET last_used_at = $3
               WHERE bucket = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)";
    let (bucket, now) = (row::bucket(id.bucket()), at.as_millis());
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&bucket, &id.to_string(), &now, &(now - USE_REMEMBERED_MS)]).await?;
    Ok(())
}

/// When each of a tenant's keys was last used, for those that were.
pub(super) async fn last_uses(
    client: &Object,
    tenant: TenantId,
) -> Result<Vec<(ApiKeyId, Timestamp)>, Failure> {
    let sql =
        "SELECT id, last_used_at FROM api_keys WHERE tenant = $1 AND last_used_at IS NOT NULL ORDER BY id";
    row::all(&client.query(sql, &[&tenant.to_string()]).await?, |found| {
        Ok((row::id(found, 0)?, row::moment(found, 1)?))
    })
}

fn read_key(found: &Row) -> Result<ApiKey, Failure> {
    Ok(ApiKey {
        id: row::id(found, 0)?,
        tenant: row::id(found, 1)?,
        hash: row::get(found, 2)?,
        name: row::get(found, 3)?,
        scopes: row::json(found, 4)?,
        created_at: row::moment(found, 5)?,
        revoked_at: row::moment_if_any(found, 6)?,
    })
}
