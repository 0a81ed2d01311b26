//! Webhook endpoints. Their secrets come in encrypted and go out as they came.

use deadpool_postgres::Object;
use lockstep_core::id::EndpointId;
use lockstep_engine::port::Endpoint;
use tokio_postgres::Row;

use super::failure::Failure;
use super::row;

/// Adds an endpoint, or replaces the tenant's endpoint of the same id.
pub(super) async fn put(client: &Object, endpoint: &Endpoint) -> Result<(), Failure> {
    let sql = "INSERT INTO endpoints AS e (bucket, id, tenant, url, secrets, kinds, enabled, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (bucket, id) DO UPDATE
               SET url = excluded.url, secrets = excluded.secrets, kinds = excluded.kinds,
                   enabled = excluded.enabled
               WHERE e.tenant = excluded.tenant";
    let (bucket, id, tenant) =
        (row::bucket(endpoint.id.bucket()), endpoint.id.to_string(), endpoint.tenant.to_string());
    let (secrets, kinds) =
        (serde_json::to_string(&endpoint.secrets)?, serde_json::to_string(&endpoint.kinds)?);
    let created_at = endpoint.created_at.as_millis();
    let done = client
        .execute(
            sql,
            &[&bucket, &id, &tenant, &endpoint.url, &secrets, &kinds, &endpoint.enabled, &created_at],
        )
        .await?;
    if done == 0 { Err(Failure::Refused("the endpoint belongs to another tenant")) } else { Ok(()) }
}

/// Switches an endpoint off.
pub(super) async fn disable(client: &Object, id: EndpointId) -> Result<(), Failure> {
    let sql = "UPDATE endpoints SET enabled = FALSE WHERE bucket = $1 AND id = $2";
    client.execute(sql, &[&row::bucket(id.bucket()), &id.to_string()]).await?;
    Ok(())
}

/// Removes a tenant's endpoint with what was still to go there; whether there was one.
pub(super) async fn remove(client: &mut Object, tenant: &str, id: EndpointId) -> Result<bool, Failure> {
    let work = client.transaction().await?;
    let sql = "DELETE FROM endpoints WHERE bucket = $1 AND id = $2 AND tenant = $3";
    let gone = work.execute(sql, &[&row::bucket(id.bucket()), &id.to_string(), &tenant]).await? == 1;
    if gone {
        let sql = "DELETE FROM deliveries WHERE endpoint_id = $1 AND state = 'pending'";
        work.execute(sql, &[&id.to_string()]).await?;
    }
    work.commit().await?;
    Ok(gone)
}

/// One endpoint.
pub(super) async fn find(client: &Object, id: EndpointId) -> Result<Option<Endpoint>, Failure> {
    let sql = "SELECT id, tenant, url, secrets, kinds, enabled, created_at FROM endpoints
               WHERE bucket = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let found = client.query_opt(&statement, &[&row::bucket(id.bucket()), &id.to_string()]).await?;
    found.as_ref().map(read).transpose()
}

/// All endpoints of a tenant, oldest first.
pub(super) async fn of_tenant(client: &Object, tenant: &str) -> Result<Vec<Endpoint>, Failure> {
    let sql = "SELECT id, tenant, url, secrets, kinds, enabled, created_at FROM endpoints
               WHERE tenant = $1 ORDER BY created_at, id";
    row::all(&client.query(sql, &[&tenant]).await?, read)
}

fn read(found: &Row) -> Result<Endpoint, Failure> {
    Ok(Endpoint {
        id: row::id(found, 0)?,
        tenant: row::id(found, 1)?,
        url: row::get(found, 2)?,
        secrets: row::json(found, 3)?,
        kinds: row::json(found, 4)?,
        enabled: row::get(found, 5)?,
        created_at: row::moment(found, 6)?,
    })
}
