//! Effects: what has to be done in the world, written with the events that caused it. A finished one is
//! deleted.

use lockstep_core::effect::{Delivery, Effect};
use lockstep_core::id::EffectId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Claim, StoredEffect};
use rusqlite::{Connection, Row, params};

use super::deliveries;
use super::failure::{Failure, taken};
use super::row::{self, Found};

/// Writes a new effect down. A notice becomes one delivery for each endpoint that wants it.
pub(super) fn plan(connection: &Connection, planned: &StoredEffect, at: Timestamp) -> Result<(), Failure> {
    if let Effect::Notify { id, notice } = &planned.effect {
        return deliveries::fan_out(connection, *id, notice, planned.due_at, at);
    }
    let delivery = match planned.effect.delivery() {
        Delivery::Once => "once",
        Delivery::Repeatable => "repeatable",
    };
    let sql = "INSERT INTO effects (bucket, id, kind, delivery, state, due_at, tenant, body)
               VALUES (?1, ?2, ?3, ?4, 'ready', ?5, ?6, ?7)";
    let (bucket, id, kind) = (planned.id.bucket().number(), planned.id.to_string(), planned.effect.kind());
    let (tenant, body) = (planned.tenant.to_string(), serde_json::to_string(&planned.effect)?);
    let values = params![bucket, id, kind, delivery, planned.due_at.as_millis(), tenant, body];
    taken(connection.prepare_cached(sql)?.execute(values), "effect", "effect")?;
    Ok(())
}

/// Ends an effect by its answer. An answer that comes twice finds nothing to end.
pub(super) fn done(connection: &Connection, id: EffectId) -> Result<(), Failure> {
    let sql = "DELETE FROM effects WHERE bucket = ?1 AND id = ?2";
    match connection.prepare_cached(sql)?.execute(params![id.bucket().number(), id.to_string()])? {
        0 => Err(Failure::AlreadyDone),
        _ => Ok(()),
    }
}

/// `ready` → `sending`; whether it is marked with this claim now.
pub(super) fn begin_sending(
    connection: &Connection,
    id: EffectId,
    at: Timestamp,
    claim: Claim,
) -> Result<bool, Failure> {
    let sql = "UPDATE effects SET state = 'sending', sending_at = ?3, claim = ?4
               WHERE bucket = ?1 AND id = ?2 AND (state = 'ready' OR claim = ?4)";
    let values = params![id.bucket().number(), id.to_string(), at.as_millis(), claim.0];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// Ends a repeatable effect. One that may be done only once ends by its answer alone.
pub(super) fn finish(connection: &Connection, id: EffectId) -> Result<(), Failure> {
    let sql = "DELETE FROM effects WHERE bucket = ?1 AND id = ?2 AND delivery = 'repeatable'";
    let key = params![id.bucket().number(), id.to_string()];
    if connection.prepare_cached(sql)?.execute(key)? == 0 && exists(connection, id)? {
        return Err(Failure::Refused("an effect that is done only once ends by its answer"));
    }
    Ok(())
}

fn exists(connection: &Connection, id: EffectId) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM effects WHERE bucket = ?1 AND id = ?2";
    Ok(connection.prepare_cached(sql)?.exists(params![id.bucket().number(), id.to_string()])?)
}

/// Puts an effect off that is not being sent.
pub(super) fn postpone(connection: &Connection, id: EffectId, due_at: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE effects SET due_at = ?3 WHERE bucket = ?1 AND id = ?2 AND state = 'ready'";
    connection.prepare_cached(sql)?.execute(params![
        id.bucket().number(),
        id.to_string(),
        due_at.as_millis()
    ])?;
    Ok(())
}

/// Ready and due, earliest first; a fair share of the limit for each lender when there are more.
pub(super) fn due(
    connection: &Connection,
    until: Timestamp,
    limit: usize,
) -> Result<Found<StoredEffect>, Failure> {
    let tenants = tenants_with_work(connection)?;
    let mut found = Found { rows: Vec::new(), unreadable: Vec::new() };
    // What one leaves free goes to those after it.
    for (number, tenant) in tenants.iter().enumerate() {
        let share = (limit - found.rows.len()).div_ceil(tenants.len() - number);
        let of_tenant = due_of(connection, tenant, until, share)?;
        found.rows.extend(of_tenant.rows);
        found.unreadable.extend(of_tenant.unreadable);
    }
    found.rows.sort_by_key(|stored| (stored.due_at, stored.id));
    Ok(found)
}

fn due_of(
    connection: &Connection,
    tenant: &str,
    until: Timestamp,
    limit: usize,
) -> Result<Found<StoredEffect>, Failure> {
    // Without a LIMIT: rows are read one by one until enough are found, so unreadable ones take nobody's
    // place.
    let sql = "SELECT id, due_at, tenant, body FROM effects
               WHERE state = 'ready' AND tenant = ?1 AND due_at <= ?2 ORDER BY due_at, id";
    row::readable(connection.prepare_cached(sql)?.query(params![tenant, until.as_millis()])?, limit, read)
}

/// Lenders with anything ready: from one to the next through the index, so that the cost goes with the number of
/// lenders and not of effects.
fn tenants_with_work(connection: &Connection) -> Result<Vec<String>, Failure> {
    let sql = "WITH RECURSIVE working (tenant) AS (
                   SELECT min(tenant) FROM effects WHERE state = 'ready'
                   UNION ALL
                   SELECT (SELECT min(tenant) FROM effects WHERE state = 'ready' AND tenant > working.tenant)
                   FROM working WHERE working.tenant IS NOT NULL
               )
               SELECT tenant FROM working WHERE tenant IS NOT NULL";
    row::all(connection.prepare_cached(sql)?.query([])?, |row| Ok(row.get(0)?))
}

/// Being sent when the process stopped.
pub(super) fn interrupted(connection: &Connection) -> Result<Found<StoredEffect>, Failure> {
    let sql = "SELECT id, due_at, tenant, body FROM effects WHERE state = 'sending' ORDER BY id";
    row::readable(connection.prepare_cached(sql)?.query([])?, usize::MAX, read)
}

fn read(row: &Row<'_>) -> Result<StoredEffect, Failure> {
    let (id, due_at) = (row::id(row, 0)?, row::moment(row, 1)?);
    Ok(StoredEffect { id, effect: row::json(row, 3)?, due_at, tenant: row::id(row, 2)? })
}

/// How many are open, by kind.
pub(super) fn open(connection: &Connection) -> Result<Vec<(String, u64)>, Failure> {
    let sql = "SELECT kind, count(*) FROM effects GROUP BY kind ORDER BY kind";
    row::all(connection.prepare_cached(sql)?.query([])?, |row| Ok((row.get(0)?, row::counted(row, 1)?)))
}
