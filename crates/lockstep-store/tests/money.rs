//! Money rules in the databases themselves: against statements by hand, and for rows that were there before the rule.

mod server;

use std::sync::Arc;

use lockstep_store::conformance::fold::a_random_life_folds_to_its_state;
use lockstep_store::{PostgresStore, SqliteStore};

const LIVES: u64 = 6;
const POSTGRES: &str = include_str!("../src/postgres/migrations/0003_refunds_within_taken.sql");
const SQLITE: &str = include_str!("../src/sqlite/migrations/0005_refunds_within_taken.sql");

/// The part of a migration that fills the columns of rows that are there already.
fn fill(migration: &str) -> &str {
    let (_, rest) = migration.split_once("\n\nUPDATE").unwrap();
    rest.split_once(";\n").unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_by_hand_is_refused_on_postgres() {
    let url = server::empty_database().await;
    let db = Arc::new(PostgresStore::open(&url).await.unwrap());
    for seed in 0..LIVES {
        a_random_life_folds_to_its_state(Arc::clone(&db), seed, 80).await;
    }
    let client = server::connect(&url).await;
    let taken = client.execute("UPDATE payments SET refunded_minor = taken_minor + excess_minor + 1", &[]);
    let refused = taken.await.unwrap_err();
    let said = refused.as_db_error().unwrap();
    assert_eq!(said.constraint(), Some("payments_refunds_within_taken"));

    let sums = "SELECT id, taken_minor, refunded_minor, excess_minor FROM payments ORDER BY id";
    let written = client.query(sums, &[]).await.unwrap();
    let written: Vec<(String, i64, i64, i64)> =
        written.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert!(written.iter().any(|(_, taken, refunded, _)| *taken > 0 && *refunded > 0), "{written:?}");
    client
        .batch_execute("UPDATE payments SET taken_minor = 0, refunded_minor = 0, excess_minor = 0")
        .await
        .unwrap();
    client.batch_execute(&format!("UPDATE{}", fill(POSTGRES))).await.unwrap();
    let filled = client.query(sums, &[]).await.unwrap();
    let filled: Vec<(String, i64, i64, i64)> =
        filled.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(filled, written);
}

#[test]
fn a_statement_by_hand_is_refused_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let db = Arc::new(SqliteStore::open(&file).unwrap());
    for seed in 0..LIVES {
        futures::executor::block_on(a_random_life_folds_to_its_state(Arc::clone(&db), seed, 80));
    }
    drop(db);
    let client = rusqlite::Connection::open(&file).unwrap();
    let refused = client
        .execute("UPDATE payments SET refunded_minor = taken_minor + excess_minor + 1", [])
        .unwrap_err();
    assert!(refused.to_string().contains("payments_refunds_within_taken"), "{refused}");

    let sums = || -> Vec<(String, i64, i64, i64)> {
        let sql = "SELECT id, taken_minor, refunded_minor, excess_minor FROM payments ORDER BY id";
        let mut statement = client.prepare(sql).unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let written = sums();
    assert!(written.iter().any(|(_, taken, refunded, _)| *taken > 0 && *refunded > 0), "{written:?}");
    client.execute("UPDATE payments SET taken_minor = 0, refunded_minor = 0, excess_minor = 0", []).unwrap();
    client.execute(&format!("UPDATE{}", fill(SQLITE)), []).unwrap();
    assert_eq!(sums(), written);
}
