//! Migrations: numbered files compiled in, applied in order inside one transaction. An applied migration is never edited:
//! its checksum is kept and compared. Changes expand first and contract in a later release, so the release before still
//! runs on the new schema.

use deadpool_postgres::Object;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connection::database;
use super::failure::Failure;
use super::{distribute, rights, row};
use crate::OpenError;
use crate::migration::{Migration, checksum};

/// All of them, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", sql: include_str!("migrations/0001_initial.sql") },
    Migration {
        version: 2,
        name: "deliveries_by_endpoint",
        sql: include_str!("migrations/0002_deliveries_by_endpoint.sql"),
    },
    Migration { version: 3, name: "money_rules", sql: include_str!("migrations/0003_money_rules.sql") },
    Migration { version: 4, name: "fleet", sql: include_str!("migrations/0004_fleet.sql") },
    Migration { version: 5, name: "claims", sql: include_str!("migrations/0005_claims.sql") },
    Migration {
        version: 6,
        name: "inbox_by_bucket",
        sql: include_str!("migrations/0006_inbox_by_bucket.sql"),
    },
];

/// Programs that know the schema up to this version may serve on the schema of this one, beside it: nodes are replaced one
/// by one, forward and back. Raised in the release that takes away what older ones need.
const FLOOR: i64 = 4;

/// Two programs that start at once migrate one after the other.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7265706179)";
const LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version  BIGINT NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    checksum TEXT   NOT NULL
);
CREATE TABLE IF NOT EXISTS schema_floor (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version  BIGINT NOT NULL
)";
const RAISE_FLOOR: &str = "INSERT INTO schema_floor (id, version) VALUES (1, $1)
    ON CONFLICT (id) DO UPDATE SET version = greatest(schema_floor.version, excluded.version)";

/// Brings the schema up to date and puts the rights to it in force, or says why it can't. Returns what was applied.
pub(super) async fn migrate(
    client: &mut Object,
    known: &[Migration],
) -> Result<Vec<&'static str>, OpenError> {
    let done = migrate_with(client, known, FLOOR).await?;
    distribute::follow(client).await?;
    Ok(done)
}

async fn migrate_with(
    client: &mut Object,
    known: &[Migration],
    floor: i64,
) -> Result<Vec<&'static str>, OpenError> {
    let wrong = |error: tokio_postgres::Error| failed(error.into());
    let work = client.transaction().await.map_err(wrong)?;
    work.batch_execute(ONE_AT_A_TIME).await.map_err(wrong)?;
    work.batch_execute(LIST).await.map_err(wrong)?;
    let (applied, lowest) = applied(work.client()).await.map_err(failed)?;
    let mut done = Vec::new();
    for migration in crate::migration::missing(known, &applied, lowest)? {
        work.batch_execute(migration.sql).await.map_err(wrong)?;
        let sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&migration.version, &migration.name, &checksum(migration.sql)];
        work.execute(sql, &values).await.map_err(wrong)?;
        done.push(migration.name);
    }
    work.execute(RAISE_FLOOR, &[&floor]).await.map_err(wrong)?;
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
    let ask = async {
        let sql = "SELECT to_regclass('schema_floor') IS NOT NULL";
        match row::get::<bool>(&client.query_one(sql, &[]).await?, 0)? {
            true => applied(client).await,
            false => Ok((Vec::new(), 0)),
        }
    };
    let (applied, floor) = ask.await.map_err(failed)?;
    crate::migration::missing(known, &applied, floor)
}

/// What has been applied, and the floor.
async fn applied(client: &Client) -> Result<(Vec<(i64, String)>, i64), Failure> {
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let applied =
        row::all(&client.query(sql, &[]).await?, |found| Ok((row::get(found, 0)?, row::get(found, 1)?)))?;
    let floor = client.query_one("SELECT coalesce(max(version), 0) FROM schema_floor", &[]).await?;
    Ok((applied, row::get(&floor, 0)?))
}
