//! Webhook endpoints. Their secrets come in encrypted and go out as they came.

use lockstep_core::id::EndpointId;
use lockstep_engine::port::Endpoint;
use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::{deliveries, row};

/// Adds an endpoint, or replaces the tenant's endpoint of the same id.
pub(super) fn put(connection: &Connection, endpoint: &Endpoint) -> Result<(), Failure> {
    let sql = "INSERT INTO endpoints (bucket, id, tenant, url, secrets, kinds, enabled, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (bucket, id) DO UPDATE
               SET url = excluded.url, secrets = excluded.secrets, kinds = excluded.kinds,
                   enabled = excluded.enabled
               WHERE tenant = excluded.tenant";
    let values = params![
        endpoint.id.bucket().number(),
        endpoint.id.to_string(),
        endpoint.tenant.to_string(),
        endpoint.url,
        serde_json::to_string(&endpoint.secrets)?,
        serde_json::to_string(&endpoint.kinds)?,
        endpoint.enabled,
        endpoint.created_at.as_millis(),
    ];
    match connection.prepare_cached(sql)?.execute(values)? {
        0 => Err(Failure::Refused("the endpoint belongs to another tenant")),
        _ => Ok(()),
    }
}

/// Switches an endpoint off.
pub(super) fn disable(connection: &Connection, id: EndpointId) -> Result<(), Failure> {
    let sql = "UPDATE endpoints SET enabled = 0 WHERE bucket = ?1 AND id = ?2";
    connection.prepare_cached(sql)?.execute(params![id.bucket().number(), id.to_string()])?;
    Ok(())
}

/// Removes a tenant's endpoint with what was still to go there; whether there was one.
pub(super) fn remove(connection: &Connection, tenant: &str, id: EndpointId) -> Result<bool, Failure> {
    let sql = "DELETE FROM endpoints WHERE bucket = ?1 AND id = ?2 AND tenant = ?3";
    let gone =
        connection.prepare_cached(sql)?.execute(params![id.bucket().number(), id.to_string(), tenant])? == 1;
    if gone {
        deliveries::remove_pending(connection, id)?;
    }
    Ok(gone)
}

/// One endpoint.
pub(super) fn find(connection: &Connection, id: EndpointId) -> Result<Option<Endpoint>, Failure> {
    let sql = "SELECT id, tenant, url, secrets, kinds, enabled, created_at FROM endpoints
               WHERE bucket = ?1 AND id = ?2";
    row::first(connection.prepare_cached(sql)?.query(params![id.bucket().number(), id.to_string()])?, read)
}

/// All endpoints of a tenant, oldest first.
pub(super) fn of_tenant(connection: &Connection, tenant: &str) -> Result<Vec<Endpoint>, Failure> {
    let sql = "SELECT id, tenant, url, secrets, kinds, enabled, created_at FROM endpoints
               WHERE tenant = ?1 ORDER BY created_at, id";
    row::all(connection.prepare_cached(sql)?.query([tenant])?, read)
}

/// Endpoints of a tenant that are in use and want this kind of notice.
pub(super) fn wanting(connection: &Connection, tenant: &str, kind: &str) -> Result<Vec<EndpointId>, Failure> {
    let sql = "SELECT id FROM endpoints
               WHERE tenant = ?1 AND enabled = 1
                 AND (kinds = '[]' OR EXISTS (SELECT 1 FROM json_each(kinds) WHERE value = ?2))
               ORDER BY created_at, id";
    row::all(connection.prepare_cached(sql)?.query([tenant, kind])?, |row| row::id(row, 0))
}

fn read(row: &Row<'_>) -> Result<Endpoint, Failure> {
    Ok(Endpoint {
        id: row::id(row, 0)?,
        tenant: row::id(row, 1)?,
        url: row.get(2)?,
        secrets: row::json(row, 3)?,
        kinds: row::json(row, 4)?,
        enabled: row.get(5)?,
        created_at: row::moment(row, 6)?,
    })
}
