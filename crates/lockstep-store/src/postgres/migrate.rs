//! Migrations: numbered files compiled in, applied in order inside one transaction. An applied migration is never edited:
//! its checksum is kept and compared. Changes expand first and contract in a later release, so the release before still
//! runs on the new schema.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use super::connection::database;
use super::failure::Failure;
use super::{rights, row};
use crate::OpenError;
use crate::migration::{Migration, checksum};

/// All of them, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", sql: include_str!("migrations/0001_initial.sql") },
    Migration { version: 3, name: "money_rules", sql: include_str!("migrations/0003_money_rules.sql") },
];

/// Two programs that start at once migrate one after the other.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7265706179)";
const LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version  BIGINT NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    checksum TEXT   NOT NULL
)";

/// Brings the schema up to date and puts the rights to it in force, or says why it can't. Returns what was applied.
pub(super) async fn migrate(
    client: &mut Object,
    known: &[Migration],
) -> Result<Vec<&'static str>, OpenError> {
    let wrong = |error: tokio_postgres::Error| failed(error.into());
    let work = client.transaction().await.map_err(wrong)?;
    work.batch_execute(ONE_AT_A_TIME).await.map_err(wrong)?;
    work.batch_execute(LIST).await.map_err(wrong)?;
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let applied = work.query(sql, &[]).await.map_err(wrong)?;
    let applied =
        row::all(&applied, |found| Ok((row::get(found, 0)?, row::get(found, 1)?))).map_err(failed)?;
    let mut done = Vec::new();
    for migration in crate::migration::missing(known, &applied)? {
        work.batch_execute(migration.sql).await.map_err(wrong)?;
        let sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&migration.version, &migration.name, &checksum(migration.sql)];
        work.execute(sql, &values).await.map_err(wrong)?;
        done.push(migration.name);
    }
    rights::put_in_force(&work).await.map_err(failed)?;
    work.commit().await.map_err(wrong)?;
    Ok(done)
}

fn failed(failure: Failure) -> OpenError {
    match &failure {
        Failure::Sql { code, .. } if code == SqlState::INSUFFICIENT_PRIVILEGE.code() => {
            OpenError::MayNotMigrate
        }
        _ => database("bring the schema up to date")(failure),
    }
}

/// What [`migrate`] would apply. Changes nothing.
pub(super) async fn pending(client: &Object, known: &[Migration]) -> Result<Vec<Migration>, OpenError> {
    let failed = database("read the schema's version");
    let ask = async || -> Result<Vec<(i64, String)>, Failure> {
        let there = client.query_one("SELECT to_regclass('schema_migrations') IS NOT NULL", &[]).await?;
        if !row::get::<bool>(&there, 0)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
        row::all(&client.query(sql, &[]).await?, |found| Ok((row::get(found, 0)?, row::get(found, 1)?)))
    };
    let applied = ask().await.map_err(failed)?;
    crate::migration::missing(known, &applied)
}
