//! Money rules in the databases themselves: against statements by hand, and for rows that were there before the rule.

mod server;

use std::sync::Arc;

use futures::executor::block_on;
use lockstep_store::conformance::fold::a_random_life_folds_to_its_state;
use lockstep_store::{PostgresStore, SqliteStore};

const LIVES: u64 = 6;
const POSTGRES: &str = include_str!("../src/postgres/migrations/0003_money_rules.sql");
const SQLITE: &str = include_str!("../src/sqlite/migrations/0005_money_rules.sql");

const EMPTY: &str =
    "UPDATE payments SET living_attempts = 0, taken_minor = 0, refunded_minor = 0, excess_minor = 0";
const READ: &str =
    "SELECT id, living_attempts, taken_minor, refunded_minor, excess_minor FROM payments ORDER BY id";
/// By hand, and the rule that stands against it.
const BROKEN: [(&str, &str); 2] = [
    ("UPDATE payments SET refunded_minor = taken_minor + excess_minor + 1", "payments_refunds_within_taken"),
    ("UPDATE payments SET living_attempts = 2", "payments_one_living_attempt"),
];

/// A payment's columns.
type Row = (String, i32, i64, i64, i64);

fn says_something(rows: &[Row]) -> bool {
    rows.iter().any(|(_, living, ..)| *living == 1)
        && rows.iter().any(|(_, _, taken, refunded, _)| *taken > 0 && *refunded > 0)
}

/// The part of a migration that fills the columns of rows that are there already.
fn fill(migration: &str) -> String {
    let (_, rest) = migration.split_once("\n\nUPDATE").unwrap();
    format!("UPDATE{}", rest.split_once(";\n").unwrap().0)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_by_hand_are_refused_on_postgres() {
    let url = server::empty_database().await;
    let db = Arc::new(PostgresStore::open(&url).await.unwrap());
    for seed in 0..LIVES {
        a_random_life_folds_to_its_state(Arc::clone(&db), seed, 80).await;
    }
    let client = server::connect(&url).await;
    for (sql, rule) in BROKEN {
        let refused = client.execute(sql, &[]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some(rule));
    }
    let rows = async || -> Vec<Row> {
        let found = client.query(READ, &[]).await.unwrap();
        found.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect()
    };
    let written = rows().await;
    assert!(says_something(&written), "{written:?}");
    client.batch_execute(EMPTY).await.unwrap();
    client.batch_execute(&fill(POSTGRES)).await.unwrap();
    assert_eq!(rows().await, written);
}

#[test]
fn statements_by_hand_are_refused_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let db = Arc::new(SqliteStore::open(&file).unwrap());
    for seed in 0..LIVES {
        block_on(a_random_life_folds_to_its_state(Arc::clone(&db), seed, 80));
    }
    drop(db);
    let client = rusqlite::Connection::open(&file).unwrap();
    for (sql, rule) in BROKEN {
        let refused = client.execute(sql, []).unwrap_err();
        assert!(refused.to_string().contains(rule), "{refused}");
    }
    let rows = || -> Vec<Row> {
        let mut statement = client.prepare(READ).unwrap();
        let columns =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
        statement.query_map([], columns).unwrap().map(Result::unwrap).collect()
    };
    let written = rows();
    assert!(says_something(&written), "{written:?}");
    client.execute(EMPTY, []).unwrap();
    client.execute(&fill(SQLITE), []).unwrap();
    assert_eq!(rows(), written);
}
