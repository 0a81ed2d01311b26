//! Lenders and their API keys.

use lockstep_core::id::{ApiKeyId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{ApiKey, Tenant};
use rusqlite::{Connection, Row, params};

use super::failure::{Failure, taken};
use super::row;
use crate::upkeep::USE_REMEMBERED_MS;

/// Makes a tenant.
pub(super) fn create(connection: &Connection, tenant: &Tenant) -> Result<(), Failure> {
    let sql = "INSERT INTO tenants (bucket, id, name, created_at, settings) VALUES (?1, ?2, ?3, ?4, '{}')";
    let (bucket, id, at) =
        (tenant.id.bucket().number(), tenant.id.to_string(), tenant.created_at.as_millis());
    taken(connection.prepare_cached(sql)?.execute(params![bucket, id, tenant.name, at]), "tenant", "tenant")?;
    Ok(())
}

/// One tenant.
pub(super) fn find(connection: &Connection, id: TenantId) -> Result<Option<Tenant>, Failure> {
    let sql = "SELECT id, name, created_at FROM tenants WHERE bucket = ?1 AND id = ?2";
    row::first(connection.prepare_cached(sql)?.query(params![id.bucket().number(), id.to_string()])?, read)
}

/// All tenants, oldest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Tenant>, Failure> {
    let sql = "SELECT id, name, created_at FROM tenants ORDER BY created_at, id";
    row::all(connection.prepare_cached(sql)?.query([])?, read)
}

fn read(row: &Row<'_>) -> Result<Tenant, Failure> {
    Ok(Tenant { id: row::id(row, 0)?, name: row.get(1)?, created_at: row::moment(row, 2)? })
}

/// A tenant's settings.
pub(super) fn settings(connection: &Connection, id: TenantId) -> Result<Option<serde_json::Value>, Failure> {
    let sql = "SELECT settings FROM tenants WHERE bucket = ?1 AND id = ?2";
    let key = params![id.bucket().number(), id.to_string()];
    row::first(connection.prepare_cached(sql)?.query(key)?, |row| row::json(row, 0))
}

/// Replaces a tenant's settings; whether there is such a tenant.
pub(super) fn set_settings(connection: &Connection, id: TenantId, json: &str) -> Result<bool, Failure> {
    let sql = "UPDATE tenants SET settings = ?3 WHERE bucket = ?1 AND id = ?2";
    Ok(connection.prepare_cached(sql)?.execute(params![id.bucket().number(), id.to_string(), json])? == 1)
}

/// Makes an API key known.
pub(super) fn insert_key(connection: &Connection, key: &ApiKey) -> Result<(), Failure> {
    let sql = "INSERT INTO api_keys (bucket, id, tenant, hash, name, scopes, created_at, revoked_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        key.id.bucket().number(),
        key.id.to_string(),
        key.tenant.to_string(),
        key.hash,
        key.name,
        serde_json::to_string(&key.scopes)?,
        key.created_at.as_millis(),
        key.revoked_at.map(Timestamp::as_millis),
    ];
    taken(connection.prepare_cached(sql)?.execute(values), "API key", "API key")?;
    Ok(())
}

/// All keys of a tenant, also those taken back, oldest first.
pub(super) fn keys(connection: &Connection, tenant: TenantId) -> Result<Vec<ApiKey>, Failure> {
    let sql = "SELECT id, tenant, hash, name, scopes, created_at, revoked_at FROM api_keys
               WHERE tenant = ?1 ORDER BY created_at, id";
    row::all(connection.prepare_cached(sql)?.query([tenant.to_string()])?, read_key)
}

/// The key with this hash, also if it was taken back.
pub(super) fn key_by_hash(connection: &Connection, hash: &str) -> Result<Option<ApiKey>, Failure> {
    let sql = "SELECT id, tenant, hash, name, scopes, created_at, revoked_at FROM api_keys
               WHERE hash = ?1";
    row::first(connection.prepare_cached(sql)?.query([hash])?, read_key)
}

/// Takes a tenant's key back; whether there was one to take back.
pub(super) fn revoke_key(
    connection: &Connection,
    tenant: TenantId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let sql = "UPDATE api_keys SET revoked_at = ?4
               WHERE bucket = ?1 AND id = ?2 AND tenant = ?3 AND revoked_at IS NULL";
    let values = params![id.bucket().number(), id.to_string(), tenant.to_string(), at.as_millis()];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// Remembers that a key was used.
pub(super) fn key_used(connection: &Connection, id: ApiKeyId, at: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE api_keys SET last_used_at = ?3
               WHERE bucket = ?1 AND id = ?2 AND (last_used_at IS NULL OR last_used_at <= ?3 - ?4)";
    let values = params![id.bucket().number(), id.to_string(), at.as_millis(), USE_REMEMBERED_MS];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// When each of a tenant's keys was last used, for those that were.
pub(super) fn last_uses(
    connection: &Connection,
    tenant: TenantId,
) -> Result<Vec<(ApiKeyId, Timestamp)>, Failure> {
    let sql =
        "SELECT id, last_used_at FROM api_keys WHERE tenant = ?1 AND last_used_at IS NOT NULL ORDER BY id";
    row::all(connection.prepare_cached(sql)?.query([tenant.to_string()])?, |row| {
        Ok((row::id(row, 0)?, row::moment(row, 1)?))
    })
}

fn read_key(row: &Row<'_>) -> Result<ApiKey, Failure> {
    Ok(ApiKey {
        id: row::id(row, 0)?,
        tenant: row::id(row, 1)?,
        hash: row.get(2)?,
        name: row.get(3)?,
        scopes: row::json(row, 4)?,
        created_at: row::moment(row, 5)?,
        revoked_at: row::moment_if_any(row, 6)?,
    })
}
