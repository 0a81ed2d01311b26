//! Lenders' own rules about channels: one row each, replaced as a whole.

use deadpool_postgres::Object;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::TenantId;
use lockstep_engine::port::StoredRules;
use tokio_postgres::Row;

use super::columns::Columns;
use super::failure::Failure;
use super::{commit, row};

/// A lender's rules.
pub(super) async fn find(client: &Object, tenant: TenantId) -> Result<Option<StoredRules>, Failure> {
    let sql =
        "SELECT tenant, version, rules, updated_at FROM routing_rules WHERE bucket = $1 AND tenant = $2";
    let found = client.query_opt(sql, &[&row::bucket(tenant.bucket()), &tenant.to_string()]).await?;
    found.as_ref().map(read).transpose()
}

/// Everybody's, for the start.
pub(super) async fn all(client: &Object) -> Result<Vec<StoredRules>, Failure> {
    let sql = "SELECT tenant, version, rules, updated_at FROM routing_rules ORDER BY bucket, tenant";
    row::all(&client.query(sql, &[]).await?, read)
}

/// Puts rules in the place of the version before them; whether that one was still there.
pub(super) async fn put(client: &mut Object, new: &StoredRules, entry: &AuditEntry) -> Result<bool, Failure> {
    let (bucket, tenant) = (row::bucket(new.tenant.bucket()), new.tenant.to_string());
    let (version, rules) = (row::count(new.version)?, serde_json::to_string(&new.rules)?);
    let updated_at = new.updated_at.as_millis();
    let sql = match version {
        1 => {
            "INSERT INTO routing_rules (bucket, tenant, version, rules, updated_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING"
        }
        _ => {
            "UPDATE routing_rules SET version = $3, rules = $4, updated_at = $5
             WHERE bucket = $1 AND tenant = $2 AND version = $3::bigint - 1"
        }
    };
    let work = client.transaction().await?;
    let done = work.execute(sql, &[&bucket, &tenant, &version, &rules, &updated_at]).await? == 1;
    if done && work.execute(commit::INSERT_AUDIT, &commit::audit_of(entry)?.values()).await? != 1 {
        return Err(Failure::Refused("the audit entry is there already"));
    }
    work.commit().await?;
    Ok(done)
}

fn read(found: &Row) -> Result<StoredRules, Failure> {
    Ok(StoredRules {
        tenant: row::id(found, 0)?,
        version: row::counted(found, 1)?,
        rules: row::json(found, 2)?,
        updated_at: row::moment(found, 3)?,
    })
}
