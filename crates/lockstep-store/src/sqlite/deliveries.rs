//! Deliveries: one notice to one webhook endpoint. Those about one subject go out in the order of its
//! versions.

use lockstep_core::id::{DeliveryId, EndpointId, NoticeId, TenantId};
use lockstep_core::notice::Notice;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Delivered, Delivery};
use rusqlite::{Connection, Row, params};

use super::endpoints;
use super::failure::{Failure, taken};
use super::row::{self, Found};
use crate::delivery_id;

/// Makes one delivery for each endpoint of the tenant that wants the notice.
pub(super) fn fan_out(
    connection: &Connection,
    id: NoticeId,
    notice: &Notice,
    due_at: Timestamp,
    at: Timestamp,
) -> Result<(), Failure> {
    let wanted = endpoints::wanting(connection, &notice.tenant.to_string(), &notice.kind)?;
    let text = serde_json::to_string(notice)?;
    for endpoint in wanted {
        let delivery = delivery_id::of(id, endpoint, notice.at);
        let sql =
            "INSERT INTO deliveries (bucket, id, message, endpoint_id, tenant, subject_id, version, notice,
                                           tries, due_at, created_at, updated_at, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?10, 'pending')";
        let values = params![
            delivery.bucket().number(),
            delivery.to_string(),
            id.to_string(),
            endpoint.to_string(),
            notice.tenant.to_string(),
            notice.subject.id(),
            row::count(notice.version)?,
            text,
            due_at.as_millis(),
            at.as_millis(),
        ];
        taken(connection.prepare_cached(sql)?.execute(values), "delivery", "delivery")?;
    }
    Ok(())
}

/// Pending and due, and no earlier one about the same subject to the same endpoint is pending; the first
/// `per_endpoint` of each endpoint, earliest first.
pub(super) fn due(
    connection: &Connection,
    until: Timestamp,
    limit: usize,
    per_endpoint: usize,
) -> Result<Found<Delivery>, Failure> {
    let mut found = Found { rows: Vec::new(), unreadable: Vec::new() };
    for endpoint in endpoints_with_work(connection)? {
        let of_endpoint = due_to(connection, &endpoint, until, per_endpoint)?;
        found.rows.extend(of_endpoint.rows);
        found.unreadable.extend(of_endpoint.unreadable);
    }
    found.rows.sort_by_key(|delivery| (delivery.due_at, delivery.id));
    found.rows.truncate(limit);
    Ok(found)
}

fn due_to(
    connection: &Connection,
    endpoint: &str,
    until: Timestamp,
    limit: usize,
) -> Result<Found<Delivery>, Failure> {
    // Read one by one, in the order of the index, until there are enough: a look at a long line costs no more
    // than one at a short line.
    let sql = "SELECT id, created_at, message, endpoint_id, tenant, notice, tries, due_at, state, last_status
               FROM deliveries d
               WHERE d.state = 'pending' AND d.endpoint_id = ?1 AND d.due_at <= ?2
                 AND NOT EXISTS (SELECT 1 FROM deliveries e
                                 WHERE e.state = 'pending' AND e.endpoint_id = d.endpoint_id
                                   AND e.subject_id = d.subject_id AND e.version < d.version)
               ORDER BY d.due_at, d.id";
    row::readable(connection.prepare_cached(sql)?.query(params![endpoint, until.as_millis()])?, limit, read)
}

/// Endpoints that anything is to go to: from one to the next through the index, so that the cost goes with the
/// number of endpoints and not of deliveries.
fn endpoints_with_work(connection: &Connection) -> Result<Vec<String>, Failure> {
    let sql = "WITH RECURSIVE waiting (endpoint) AS (
                   SELECT min(endpoint_id) FROM deliveries WHERE state = 'pending'
                   UNION ALL
                   SELECT (SELECT min(endpoint_id) FROM deliveries
                           WHERE state = 'pending' AND endpoint_id > waiting.endpoint)
                   FROM waiting WHERE waiting.endpoint IS NOT NULL
               )
               SELECT endpoint FROM waiting WHERE endpoint IS NOT NULL";
    row::all(connection.prepare_cached(sql)?.query([])?, |row| Ok(row.get(0)?))
}

/// Writes down what became of one try. Says nothing about a delivery that isn't pending any more.
pub(super) fn outcome(
    connection: &Connection,
    id: DeliveryId,
    outcome: Delivered,
    at: Timestamp,
) -> Result<(), Failure> {
    let (state, due_at, status) = match outcome {
        Delivered::Done => ("delivered", None, None),
        Delivered::Retry { due_at, status } => ("pending", Some(due_at.as_millis()), status),
        Delivered::Dead { status } => ("dead", None, status),
    };
    let sql = "UPDATE deliveries
               SET state = ?3, due_at = coalesce(?4, due_at), last_status = ?5,
                   tries = tries + 1, updated_at = ?6
               WHERE bucket = ?1 AND id = ?2 AND state = 'pending'";
    let values = params![id.bucket().number(), id.to_string(), state, due_at, status, at.as_millis()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Sends a tenant's dead one again, from the first step of the ladder; whether there was one.
pub(super) fn requeue(
    connection: &Connection,
    tenant: TenantId,
    id: DeliveryId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let sql = "UPDATE deliveries SET state = 'pending', tries = 0, due_at = ?3, updated_at = ?3
               WHERE bucket = ?1 AND id = ?2 AND tenant = ?4 AND state = 'dead'";
    let values = params![id.bucket().number(), id.to_string(), at.as_millis(), tenant.to_string()];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// Removes what is still to go to an endpoint that is being removed.
pub(super) fn remove_pending(connection: &Connection, endpoint: EndpointId) -> Result<(), Failure> {
    let sql = "DELETE FROM deliveries WHERE endpoint_id = ?1 AND state = 'pending'";
    connection.prepare_cached(sql)?.execute([endpoint.to_string()])?;
    Ok(())
}

/// A delivery, from all columns that it has in a fixed order (the two that lists begin with come first).
pub(super) fn read(row: &Row<'_>) -> Result<Delivery, Failure> {
    Ok(Delivery {
        id: row::id(row, 0)?,
        created_at: row::moment(row, 1)?,
        message: row.get(2)?,
        endpoint: row::id(row, 3)?,
        tenant: row::id(row, 4)?,
        notice: row::json(row, 5)?,
        tries: row.get(6)?,
        due_at: row::moment(row, 7)?,
        state: row.get(8)?,
        last_status: row.get(9)?,
    })
}
