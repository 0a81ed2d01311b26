//! Where each table lies on a distributed PostgreSQL (Citus 13.1 or newer): rows of a borrower in the shard of their bucket, what
//! everybody needs copied to every machine.

use deadpool_postgres::Object;

use super::connection::database;
use super::failure::Failure;
use super::row;
use crate::OpenError;

/// The first one that carries rights to single columns to all machines (pull request 7918); `rights.sql` grants some.
const OLDEST: (u32, u32) = (13, 1);

/// Tables whose rows lie with their bucket, all in one colocation group: those of one bucket are on one machine. The first
/// one is what the others are colocated with.
pub(super) const DISTRIBUTED: [&str; 16] = [
    // With its bucket, so that a transaction of changes locks it where it writes.
    "leases",
    "borrowers",
    "bindings",
    "orders",
    "payments",
    "events",
    "effects",
    "deliveries",
    "answers",
    "ledger_entries",
    "audit",
    "inbox",
    "data_keys",
    "erased_keys",
    "vault_items",
    // With the bucket of a change in the transaction.
    "batches",
];

/// Small tables that change seldom, copied to every machine. Some are looked into by more than their bucket (a key by its hash,
/// the endpoints of a lender), some have none.
pub(super) const REFERENCE: [&str; 10] = [
    "tenants",
    "api_keys",
    "endpoints",
    "routing_rules",
    "meta",
    "fence",
    "nodes",
    "health_news",
    "schema_migrations",
    "schema_floor",
];

/// The statements that are still to be run, in their order.
async fn missing(client: &Object) -> Result<Vec<String>, Failure> {
    let sql = "SELECT c.relname::text FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
               WHERE c.relnamespace = current_schema()::regnamespace";
    let there: Vec<String> = row::all(&client.query(sql, &[]).await?, |found| row::get(found, 0))?;
    let first = DISTRIBUTED[0];
    let copied = REFERENCE.iter().map(|table| (*table, format!("SELECT create_reference_table('{table}')")));
    let spread = DISTRIBUTED.iter().map(|table| {
        // A group of their own, whatever else is distributed in this database.
        let with = if *table == first { "none" } else { first };
        (*table, format!("SELECT create_distributed_table('{table}', 'bucket', colocate_with => '{with}')"))
    });
    let wanted = copied.chain(spread).filter(|(table, _)| !there.iter().any(|one| one == table));
    Ok(wanted.map(|(_, sql)| sql).collect())
}

/// Distributes what is not distributed yet, one table after the other; dry, only says what that is. Each statement is told
/// before it is run.
pub(super) async fn distribute(
    client: &Object,
    dry: bool,
    mut told: impl FnMut(&str),
) -> Result<(), OpenError> {
    let failed = database("distribute the tables");
    let found = version(client).await.map_err(&failed)?.ok_or(OpenError::NoCitus)?;
    if number_of(&found) < OLDEST {
        return Err(OpenError::OldCitus { found });
    }
    for sql in missing(client).await.map_err(&failed)? {
        told(&sql);
        if !dry {
            client.batch_execute(&sql).await.map_err(Failure::from).map_err(&failed)?;
        }
    }
    Ok(())
}

/// Distributes tables that a step of the schema has added, where the others are distributed already.
pub(super) async fn follow(client: &Object) -> Result<(), OpenError> {
    let distributed = is_distributed(client).await;
    if distributed.map_err(database("see whether the tables are distributed"))? {
        distribute(client, false, |sql| tracing::info!(sql, "a new table is distributed")).await?;
    }
    Ok(())
}

/// The extension's version, if it is there.
async fn version(client: &Object) -> Result<Option<String>, Failure> {
    let found = client.query_opt("SELECT extversion FROM pg_extension WHERE extname = 'citus'", &[]).await?;
    found.map(|found| row::get(&found, 0)).transpose()
}

/// `13.1-1` → (13, 1).
fn number_of(version: &str) -> (u32, u32) {
    let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Whether the tables of this schema are distributed.
pub(super) async fn is_distributed(client: &Object) -> Result<bool, Failure> {
    if version(client).await?.is_none() {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('leases'))";
    row::get(&client.query_one(sql, &[]).await?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(number_of("13.1-1"), (13, 1));
        assert!(number_of("12.1-7") < OLDEST && number_of("13.0-1") < OLDEST && number_of("9.5") < OLDEST);
        assert!(number_of("13.1") >= OLDEST && number_of("14.0-1") >= OLDEST);
    }
}
