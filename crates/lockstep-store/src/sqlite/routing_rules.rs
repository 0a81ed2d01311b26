//! Lenders' own rules about channels.

use lockstep_core::audit::AuditEntry;
use lockstep_core::id::TenantId;
use lockstep_engine::port::StoredRules;
use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::{commit, row};

/// A lender's rules.
pub(super) fn find(connection: &Connection, tenant: TenantId) -> Result<Option<StoredRules>, Failure> {
    let sql =
        "SELECT tenant, version, rules, updated_at FROM routing_rules WHERE bucket = ?1 AND tenant = ?2";
    let key = params![tenant.bucket().number(), tenant.to_string()];
    row::first(connection.prepare_cached(sql)?.query(key)?, read)
}

/// Everybody's, for the start.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredRules>, Failure> {
    let sql = "SELECT tenant, version, rules, updated_at FROM routing_rules ORDER BY bucket, tenant";
    row::all(connection.prepare_cached(sql)?.query([])?, read)
}

/// Puts rules in the place of the version before them; whether that one was still there.
pub(super) fn put(connection: &Connection, new: &StoredRules, entry: &AuditEntry) -> Result<bool, Failure> {
    let (bucket, tenant) = (new.tenant.bucket().number(), new.tenant.to_string());
    let (version, rules) = (row::count(new.version)?, serde_json::to_string(&new.rules)?);
    let sql = match version {
        1 => {
            "INSERT INTO routing_rules (bucket, tenant, version, rules, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING"
        }
        _ => {
            "UPDATE routing_rules SET version = ?3, rules = ?4, updated_at = ?5
             WHERE bucket = ?1 AND tenant = ?2 AND version = ?3 - 1"
        }
    };
    let values = params![bucket, tenant, version, rules, new.updated_at.as_millis()];
    let done = connection.prepare_cached(sql)?.execute(values)? == 1;
    if done {
        commit::audit(connection, entry)?;
    }
    Ok(done)
}

fn read(row: &Row<'_>) -> Result<StoredRules, Failure> {
    Ok(StoredRules {
        tenant: row::id(row, 0)?,
        version: row::counted(row, 1)?,
        rules: row::json(row, 2)?,
        updated_at: row::moment(row, 3)?,
    })
}
