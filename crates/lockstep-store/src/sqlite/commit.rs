//! One change, all or nothing: entities with their events, effects, ledger entries, answer, vault items,
//! audit.

use lockstep_core::audit::AuditEntry;
use lockstep_core::ledger::Entry;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Changed, Commit};
use rusqlite::{Connection, params};

use super::failure::Failure;
use super::{answers, effects, entities, row, vault};
use crate::event_body::encode_event;
use crate::{commit_rules, entity_key};

/// Applies a commit. Whoever calls undoes everything when it fails.
pub(super) fn apply(connection: &Connection, commit: &Commit) -> Result<(), Failure> {
    let at = commit_rules::check(commit).map_err(Failure::Refused)?;
    if let Some(effect) = commit.done {
        effects::done(connection, effect)?;
    }
    for changed in &commit.changes {
        entities::store(connection, changed)?;
        events(connection, changed, at)?;
    }
    for sealed in &commit.sealed {
        vault::keep(connection, sealed)?;
    }
    for effect in &commit.effects {
        effects::plan(connection, effect, at)?;
    }
    ledger(connection, &commit.entries, at)?;
    if let Some((key, answer)) = &commit.answer {
        answers::keep(connection, key, answer, at)?;
    }
    if let Some(entry) = &commit.audit {
        audit(connection, entry)?;
    }
    Ok(())
}

fn events(connection: &Connection, changed: &Changed, at: Timestamp) -> Result<(), Failure> {
    let id = entity_key::of(&changed.state);
    let sql = "INSERT INTO events (bucket, entity_id, version, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (event, version) in changed.events.iter().zip(changed.base_version + 1..) {
        let body = encode_event(event)?;
        insert.execute(params![id.bucket.number(), id.text, row::count(version)?, at.as_millis(), body])?;
    }
    Ok(())
}

fn ledger(connection: &Connection, entries: &[Entry], at: Timestamp) -> Result<(), Failure> {
    let sql = "INSERT INTO ledger_entries (bucket, payment_id, line, account, amount_minor, currency, at)
               VALUES (?1, ?2, (SELECT coalesce(max(line), 0) + 1 FROM ledger_entries
                                WHERE bucket = ?1 AND payment_id = ?2), ?3, ?4, ?5, ?6)";
    let mut insert = connection.prepare_cached(sql)?;
    for entry in entries {
        let (bucket, payment) = (entry.payment.bucket().number(), entry.payment.to_string());
        let (amount, currency) = (entry.amount_minor, entry.currency.code());
        insert.execute(params![bucket, payment, entry.account, amount, currency, at.as_millis()])?;
    }
    Ok(())
}

/// Writes an audit entry down.
pub(super) fn audit(connection: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let sql = "INSERT INTO audit (bucket, id, tenant, at, who, action, subject, outcome)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        entry.id.bucket().number(),
        entry.id.to_string(),
        entry.tenant.to_string(),
        entry.at.as_millis(),
        serde_json::to_string(&entry.who)?,
        entry.action,
        entry.subject,
        entry.outcome,
    ])?;
    Ok(())
}
