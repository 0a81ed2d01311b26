//! Carrying a database over to a real server.

mod server;

use std::sync::Arc;

use lockstep_engine::port::{OwnedBy, Page, PaymentFilter, Queries};
use lockstep_store::conformance::World;
use lockstep_store::conformance::fold::a_random_life_folds_to_its_state;
use lockstep_store::transfer::{MOVED, TransferError, sqlite_to_postgres};
use lockstep_store::{PostgresStore, SqliteStore, Upkeep};

const LIVES: u64 = 6;

/// Lives of some seeds in a file.
async fn lived(file: &std::path::Path) {
    let db = Arc::new(SqliteStore::open(file).unwrap());
    for seed in 0..LIVES {
        a_random_life_folds_to_its_state(Arc::clone(&db), seed, 80).await;
    }
    db.set_meta("index_key_id", "one").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_and_the_file_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    lived(&file).await;
    let url = server::empty_database().await;
    let mut last = None;
    let carried = sqlite_to_postgres(&file, &url, |progress| last = Some(progress)).await.unwrap();
    assert!(last.is_some_and(|progress| progress.done == progress.of));
    let rows = |table: &str| carried.iter().find(|one| one.table == table).unwrap().rows;
    assert!(rows("payments") > 5 && rows("events") > 50 && rows("ledger_entries") > 5, "{carried:?}");

    let (old, new) = (SqliteStore::open(&file).unwrap(), PostgresStore::open(&url).await.unwrap());
    assert_eq!(old.stats().await.unwrap(), new.stats().await.unwrap());
    assert_eq!(old.totals().await.unwrap(), new.totals().await.unwrap());
    assert_eq!(new.integrity_check().await.unwrap(), Vec::<String>::new());
    assert_eq!(new.meta("index_key_id").await.unwrap().as_deref(), Some("one"));
    assert_eq!((old.meta(MOVED).await.unwrap().is_some(), new.meta(MOVED).await.unwrap()), (true, None));
    for seed in 0..LIVES {
        let owner = OwnedBy { tenant: World::new(seed).tenant, borrower: None };
        let filter = PaymentFilter { owner, order: None, status: None, from: None, until: None };
        let page = Page { after: None, limit: 200 };
        let (ours, theirs) =
            (old.payments(&filter, &page).await.unwrap(), new.payments(&filter, &page).await.unwrap());
        assert!(!ours.rows.is_empty());
        assert_eq!(ours, theirs);
    }
    drop((old, new));
    let again = sqlite_to_postgres(&file, &url, |_| {}).await;
    assert!(matches!(again, Err(TransferError::NotEmpty { .. })), "{again:?}");
    let old = SqliteStore::open(&file).unwrap();
    assert!(old.meta(MOVED).await.unwrap().is_some(), "a refused second run doesn't bring the file back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_leaves_the_server_empty_and_can_be_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    lived(&file).await;
    let url = server::empty_database().await;
    let killed = {
        let (file, url) = (file.clone(), url.clone());
        tokio::spawn(async move {
            // Dies in the middle of the events, as at a kill: the connection ends, and with it the transaction.
            sqlite_to_postgres(&file, &url, |progress| assert_ne!(progress.table, "events")).await
        })
    };
    assert!(killed.await.is_err());
    let carried = sqlite_to_postgres(&file, &url, |_| {}).await.unwrap();
    assert!(carried.iter().any(|one| one.table == "events" && one.rows > 50));
}
