//! Answers given to callers' idempotency keys, to be given again.

use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Answer, IdempotencyKey, StoredAnswer};
use rusqlite::{Connection, params};

use super::failure::{Failure, taken};
use super::row;
use crate::answer_key::{KEPT, SWEPT_AT_ONCE, bucket};

/// The answer given to a key.
pub(super) fn find(
    connection: &Connection,
    tenant: &str,
    key: &str,
) -> Result<Option<StoredAnswer>, Failure> {
    let sql = "SELECT fingerprint, status, body FROM answers WHERE bucket = ?1 AND tenant = ?2 AND key = ?3";
    let bucket = bucket(tenant, key).number();
    row::first(connection.prepare_cached(sql)?.query(params![bucket, tenant, key])?, |row| {
        Ok(StoredAnswer {
            fingerprint: row.get(0)?,
            answer: Answer { status: row.get(1)?, body: row.get(2)? },
        })
    })
}

/// Remembers an answer. The first one stays.
pub(super) fn keep(
    connection: &Connection,
    key: &IdempotencyKey,
    answer: &Answer,
    at: Timestamp,
) -> Result<(), Failure> {
    let sql = "INSERT INTO answers (bucket, tenant, key, fingerprint, status, body, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let tenant = key.tenant.to_string();
    let bucket = bucket(&tenant, &key.key).number();
    let values =
        params![bucket, tenant, key.key, key.fingerprint, answer.status, answer.body, at.as_millis()];
    taken(connection.prepare_cached(sql)?.execute(values), "idempotency key", "idempotency key")?;
    Ok(())
}

/// Removes some answers that are old enough. Returns how many; none when there are no more.
pub(super) fn sweep(connection: &Connection, now: Timestamp) -> Result<usize, Failure> {
    let sql =
        "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE at < ?1 ORDER BY at LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![now.minus(KEPT).as_millis(), SWEPT_AT_ONCE])?)
}
