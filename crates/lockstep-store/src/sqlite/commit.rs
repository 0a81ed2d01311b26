//! One change, all or nothing: entities with their events, effects, ledger entries, answer, vault items,
//! audit.

use std::collections::BTreeMap;

use lockstep_core::Event;
use lockstep_core::audit::AuditEntry;
use lockstep_core::ledger::Entry;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Change, Changed, Commit};
use rusqlite::{Connection, params};

use super::failure::Failure;
use super::{answers, effects, entities, row, vault};
use crate::event_body::encode_event;

/// Applies a commit. Whoever calls undoes everything when it fails.
pub(super) fn apply(connection: &Connection, commit: &Commit) -> Result<(), Failure> {
    one_bucket(commit)?;
    balanced(&commit.entries)?;
    let at = moment(commit)?;
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

/// A change of two buckets could not be one transaction once buckets live on different machines.
fn one_bucket(commit: &Commit) -> Result<(), Failure> {
    let changed = commit.changes.iter().map(|changed| match &changed.state {
        Change::Borrower(borrower) => borrower.id.bucket(),
        Change::Binding(binding) => binding.id.bucket(),
        Change::Order(order) => order.id.bucket(),
        Change::Payment(payment) => payment.id.bucket(),
    });
    let entered = commit.entries.iter().map(|entry| entry.payment.bucket());
    let sealed = commit.sealed.iter().flat_map(|sealed| [sealed.borrower.bucket(), sealed.item.bucket()]);
    let mut buckets = changed.chain(entered).chain(sealed);
    match buckets.next() {
        Some(first) if buckets.any(|other| other != first) => {
            Err(Failure::Refused("a change spans two buckets"))
        }
        _ => Ok(()),
    }
}

/// Money is neither made nor lost: the entries of one change sum to zero in every currency.
fn balanced(entries: &[Entry]) -> Result<(), Failure> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.currency.code()).or_default() += i128::from(entry.amount_minor);
    }
    if sums.values().all(|sum| *sum == 0) {
        Ok(())
    } else {
        Err(Failure::Refused("the ledger entries of a change do not sum to zero"))
    }
}

fn moment(commit: &Commit) -> Result<Timestamp, Failure> {
    let at = commit.at.or(commit.audit.as_ref().map(|entry| entry.at));
    at.ok_or(Failure::Refused("a change without a moment"))
}

fn events(connection: &Connection, changed: &Changed, at: Timestamp) -> Result<(), Failure> {
    let id = entities::id(&changed.state);
    let sql = "INSERT INTO events (bucket, entity_id, version, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (event, version) in changed.events.iter().zip(changed.base_version + 1..) {
        if !concerns(event, &changed.state) {
            return Err(Failure::Refused("an event of one kind for an entity of another"));
        }
        let body = encode_event(event)?;
        insert.execute(params![id.bucket.number(), id.text, row::count(version)?, at.as_millis(), body])?;
    }
    Ok(())
}

fn concerns(event: &Event, state: &Change) -> bool {
    match event {
        Event::Borrower(_) => matches!(state, Change::Borrower(_)),
        Event::Binding(_) => matches!(state, Change::Binding(_)),
        Event::Order(_) => matches!(state, Change::Order(_)),
        Event::Payment(_) => matches!(state, Change::Payment(_)),
        Event::StandIn { binding, .. } => matches!(state, Change::Binding(one) if one.id == *binding),
    }
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
