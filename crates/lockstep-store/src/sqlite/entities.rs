//! Writing the current state of an entity, if nobody else has written it since it was loaded.

use lockstep_core::Event;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Change, Changed};
use rusqlite::{Connection, Params, params};

use super::failure::{Failure, taken};
use super::row::count;
use crate::entity_key;
use crate::money_rules::{self, MoneyColumns};

/// Writes a new state over the one it was decided from.
pub(super) fn store(connection: &Connection, changed: &Changed) -> Result<(), Failure> {
    let base = count(changed.base_version)?;
    match &changed.state {
        Change::Borrower(state) => borrower(connection, state, base),
        Change::Binding(state) => binding(connection, state, base),
        Change::Order(state) => order(connection, state, base),
        Change::Payment(state) => payment(connection, state, &changed.events, base),
    }
}

/// A write that has to hit exactly the row it was decided from.
fn write(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    this: &'static str,
    rule: &'static str,
) -> Result<(), Failure> {
    match taken(connection.prepare_cached(sql)?.execute(values), this, rule)? {
        0 => Err(Failure::Conflict(this)),
        _ => Ok(()),
    }
}

fn borrower(connection: &Connection, state: &Borrower, base: i64) -> Result<(), Failure> {
    let (bucket, id, json) =
        (state.id.bucket().number(), state.id.to_string(), serde_json::to_string(state)?);
    let version = count(state.version)?;
    if base == 0 {
        let sql = "INSERT INTO borrowers (bucket, id, tenant, reference, version, created_at, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (tenant, created) = (state.tenant.to_string(), state.created_at.as_millis());
        let values = params![bucket, id, tenant, state.reference, version, created, json];
        return write(connection, sql, values, "borrower", "borrower reference");
    }
    let sql = "UPDATE borrowers SET version = ?3, state = ?4 WHERE bucket = ?1 AND id = ?2 AND version = ?5";
    write(connection, sql, params![bucket, id, version, json, base], "borrower", "borrower reference")
}

fn binding(connection: &Connection, state: &Binding, base: i64) -> Result<(), Failure> {
    let (bucket, id, json) =
        (state.id.bucket().number(), state.id.to_string(), serde_json::to_string(state)?);
    let (version, unbound) = (count(state.version)?, state.unbound_at.map(Timestamp::as_millis));
    if base == 0 {
        let sql = "INSERT INTO bindings
                       (bucket, id, tenant, borrower_id, fingerprint, unbound_at, version, created_at, state,
                        stand_in)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let (tenant, owner) = (state.tenant.to_string(), state.borrower.to_string());
        let (print, created) = (&state.instrument.fingerprint, state.created_at.as_millis());
        let stand_in = state.stand_in.is_some();
        let values = params![bucket, id, tenant, owner, print, unbound, version, created, json, stand_in];
        return write(connection, sql, values, "binding", "living binding of the instrument");
    }
    let sql = "UPDATE bindings SET version = ?3, state = ?4, unbound_at = ?5, stand_in = ?7
               WHERE bucket = ?1 AND id = ?2 AND version = ?6";
    let values = params![bucket, id, version, json, unbound, base, state.stand_in.is_some()];
    write(connection, sql, values, "binding", "living binding of the instrument")
}

fn order(connection: &Connection, state: &Order, base: i64) -> Result<(), Failure> {
    let (bucket, id, json) =
        (state.id.bucket().number(), state.id.to_string(), serde_json::to_string(state)?);
    let (version, status) = (count(state.version)?, entity_key::order_status(&state.state));
    if base == 0 {
        let sql = "INSERT INTO orders
                       (bucket, id, tenant, borrower_id, reference, status, due_at, version, created_at,
                        state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let (tenant, owner) = (state.tenant.to_string(), state.borrower.to_string());
        let (due, created) = (state.due_at.as_millis(), state.created_at.as_millis());
        let values = params![bucket, id, tenant, owner, state.reference, status, due, version, created, json];
        return write(connection, sql, values, "order", "order reference");
    }
    let sql = "UPDATE orders SET version = ?3, state = ?4, status = ?5
               WHERE bucket = ?1 AND id = ?2 AND version = ?6";
    write(connection, sql, params![bucket, id, version, json, status, base], "order", "order reference")
}

fn payment(connection: &Connection, state: &Payment, events: &[Event], base: i64) -> Result<(), Failure> {
    let (bucket, id, json) =
        (state.id.bucket().number(), state.id.to_string(), serde_json::to_string(state)?);
    let (version, status) = (count(state.version)?, state.status());
    let (word, live, updated) = (status.as_str(), status.is_live(), state.updated_at.as_millis());
    let MoneyColumns { living_attempts, taken_minor, refunded_minor, excess_minor } =
        money_rules::columns(state, events);
    if base == 0 {
        let sql = "INSERT INTO payments
                       (bucket, id, tenant, borrower_id, binding_id, order_id, status, live, amount_minor,
                        currency, version, created_at, updated_at, state, taken_minor, refunded_minor,
                        living_attempts)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        let values = params![
            bucket,
            id,
            state.tenant.to_string(),
            state.borrower.to_string(),
            state.binding.to_string(),
            state.purpose.order().map(|order| order.to_string()),
            word,
            live,
            state.money.amount_minor,
            state.money.currency.code(),
            version,
            state.created_at.as_millis(),
            updated,
            json,
            taken_minor,
            refunded_minor,
            living_attempts,
        ];
        return write(connection, sql, values, "payment", "live payment of the order");
    }
    let sql = "UPDATE payments SET version = ?3, state = ?4, status = ?5, live = ?6, updated_at = ?7,
                   taken_minor = ?9, refunded_minor = ?10, excess_minor = coalesce(?11, excess_minor),
                   living_attempts = ?12
               WHERE bucket = ?1 AND id = ?2 AND version = ?8";
    let values = params![
        bucket,
        id,
        version,
        json,
        word,
        live,
        updated,
        base,
        taken_minor,
        refunded_minor,
        excess_minor,
        living_attempts,
    ];
    write(connection, sql, values, "payment", "live payment of the order")
}
