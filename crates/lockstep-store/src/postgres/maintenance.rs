//! Looking after the database: is it sound, how much is in it.

use deadpool_postgres::Object;

use super::failure::Failure;
use super::row;
use crate::TABLES;

/// Sentences about what is wrong. The server checks its own pages; what is checked here is that the books agree.
pub(super) async fn problems(client: &Object) -> Result<Vec<String>, Failure> {
    let checks = [
        (
            "SELECT 1 FROM ledger_entries GROUP BY currency HAVING sum(amount_minor) <> 0",
            "the ledger does not sum to zero",
        ),
        (
            "SELECT p.id FROM payments p WHERE p.version <>
                 (SELECT count(*) FROM events e WHERE e.bucket = p.bucket AND e.entity_id = p.id) LIMIT 1",
            "a payment's version does not count its events",
        ),
        (
            "SELECT i.oid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
             JOIN pg_namespace n ON n.oid = i.relnamespace
             WHERE NOT x.indisvalid AND n.nspname = current_schema()",
            "an index is not valid",
        ),
    ];
    let mut problems = Vec::new();
    for (sql, sentence) in checks {
        if !client.query(sql, &[]).await?.is_empty() {
            problems.push(sentence.to_owned());
        }
    }
    Ok(problems)
}

/// How many rows each table has.
pub(super) async fn rows(client: &Object) -> Result<Vec<(&'static str, u64)>, Failure> {
    let mut counts = Vec::new();
    for table in TABLES {
        let found = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
        counts.push((table, row::counted(&found, 0)?));
    }
    Ok(counts)
}
