//! Migrations: numbered files compiled in, applied in order inside one transaction when the database is
//! opened. An applied migration is never edited: its checksum is kept and compared. Changes expand first and
//! contract in a later release. The file belongs to one process, so a newer file is left to the newer program.

use rusqlite::{Connection, params};

use super::connection::database;
use crate::OpenError;
use crate::migration::{Migration, checksum, missing};

/// All of them, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", sql: include_str!("migrations/0001_initial.sql") },
    Migration { version: 2, name: "routing_rules", sql: include_str!("migrations/0002_routing_rules.sql") },
    Migration { version: 3, name: "fair_effects", sql: include_str!("migrations/0003_fair_effects.sql") },
    Migration {
        version: 4,
        name: "deliveries_by_endpoint",
        sql: include_str!("migrations/0004_deliveries_by_endpoint.sql"),
    },
    Migration { version: 5, name: "money_rules", sql: include_str!("migrations/0005_money_rules.sql") },
    Migration { version: 6, name: "claims", sql: include_str!("migrations/0006_claims.sql") },
];

/// Brings the schema up to date, or says why it can't.
pub(super) fn migrate(connection: &mut Connection, known: &[Migration]) -> Result<(), OpenError> {
    let failed = database("bring the schema up to date");
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(&failed)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 version  INTEGER NOT NULL PRIMARY KEY,
                 name     TEXT    NOT NULL,
                 checksum TEXT    NOT NULL
             ) STRICT",
        )
        .map_err(&failed)?;
    let applied = applied(&transaction).map_err(&failed)?;
    for migration in missing(known, &applied, i64::MAX)? {
        transaction.execute_batch(migration.sql).map_err(&failed)?;
        let sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES (?1, ?2, ?3)";
        let values = params![migration.version, migration.name, checksum(migration.sql)];
        transaction.execute(sql, values).map_err(&failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Whether the schema is the one that this program reads. Changes nothing.
pub(super) fn current(connection: &Connection, known: &[Migration]) -> Result<(), OpenError> {
    let applied = applied(connection).map_err(database("read the schema's version"))?;
    let (found, known) = (
        applied.last().map_or(0, |(version, _)| *version),
        known.last().map_or(0, |migration| migration.version),
    );
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(OpenError::OlderSchema { found, known }),
        std::cmp::Ordering::Greater => Err(OpenError::NewerSchema { found, known }),
    }
}

/// What [`migrate`] would apply. Changes nothing.
pub(super) fn pending(connection: &Connection, known: &[Migration]) -> Result<Vec<Migration>, OpenError> {
    missing(known, &applied(connection).map_err(database("read the schema's version"))?, i64::MAX)
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement =
        connection.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { version: 1, name: "one", sql: "CREATE TABLE a (x INTEGER) STRICT;" };
    const SECOND: Migration = Migration { version: 2, name: "two", sql: "ALTER TABLE a ADD COLUMN y TEXT;" };
    const BROKEN: Migration =
        Migration { version: 2, name: "two", sql: "CREATE TABLE b (x); CREATE TABLE a (x);" };

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn each_is_applied_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST]).unwrap();
        migrate(&mut connection, &[FIRST, SECOND]).unwrap();
        migrate(&mut connection, &[FIRST, SECOND]).unwrap();
        connection.execute("INSERT INTO a (x, y) VALUES (1, 'two')", []).unwrap();
        assert_eq!(applied(&connection).unwrap().len(), 2);
    }

    #[test]
    fn a_newer_schema_is_refused_with_both_versions() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST, SECOND]).unwrap();
        let error = migrate(&mut connection, &[FIRST]).unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 2, known: 1 }), "{error}");
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST]).unwrap();
        let edited = Migration { sql: "CREATE TABLE a (x TEXT) STRICT;", ..FIRST };
        let error = migrate(&mut connection, &[edited]).unwrap_err();
        assert!(matches!(error, OpenError::OtherMigration { version: 1 }), "{error}");
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST]).unwrap();
        migrate(&mut connection, &[FIRST, BROKEN]).unwrap_err();
        assert_eq!(tables(&connection), ["a", "schema_migrations"]);
        assert_eq!(applied(&connection).unwrap().len(), 1);
    }

    /// JR/T 0171: every field has a data class. A column line without one fails here.
    #[test]
    fn every_column_has_a_data_class() {
        for migration in MIGRATIONS {
            for line in migration.sql.lines().filter(|line| is_column(line)) {
                let class = line.split_once("-- ").map_or("", |(_, class)| class);
                assert!(class.starts_with("C1") || class.starts_with("C2"), "no data class: {line}");
            }
        }
    }

    fn is_column(line: &str) -> bool {
        let typed = [" INTEGER", " TEXT", " BLOB"].iter().any(|word| line.contains(word));
        // A column with a long check continues on the next line, which then carries the class.
        line.starts_with("    ") && typed && (line.contains(',') || line.contains("--"))
    }

    #[test]
    fn no_column_could_hold_a_number_or_name_of_a_person() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let sql =
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'";
        let mut statement = connection.prepare(sql).unwrap();
        let columns =
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        for (table, column) in columns.map(Result::unwrap) {
            for word in [
                "pan",
                "card",
                "account_n",
                "number",
                "holder",
                "id_no",
                "mobile",
                "phone",
                "cvn",
                "cvv",
                "otp",
            ] {
                assert!(!column.contains(word), "{table}.{column}");
            }
            let named = ["tenants", "api_keys", "schema_migrations"].contains(&table.as_str());
            assert!(named || column != "name", "{table}.{column}");
        }
    }
}
