//! What was acknowledged survives the end of the process and a torn log.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures::executor::block_on;
use futures::stream::{self, StreamExt};
use lockstep_engine::port::Queries;
use lockstep_store::conformance::World;
use lockstep_store::{OpenError, SqliteStore, Upkeep};

const CHILD: &str = "LOCKSTEP_STORE_CRASH_CHILD";

/// Not a test by itself: the process that is killed. Says every borrower's name once it was told that it is
/// stored.
#[test]
fn the_child() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let db = Arc::new(SqliteStore::open(path).unwrap());
    let lives = stream::iter(0..).for_each_concurrent(16, |number: u64| {
        let db = Arc::clone(&db);
        async move {
            let id = World::new(number).borrower(&*db, &format!("R{number}")).await;
            writeln!(std::io::stdout(), "stored {id}").unwrap();
        }
    });
    block_on(lives);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["the_child", "--exact", "--nocapture"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut stored = lines.filter_map(|line| line.split_once("stored ").map(|(_, id)| id.to_owned()));
    let mut acknowledged: Vec<_> = stored.by_ref().take(300).collect();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "another process holds it: {error}");
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(stored);
    assert!(acknowledged.len() >= 300);

    let db = SqliteStore::open(&path).unwrap();
    for id in acknowledged {
        let id = id.parse().unwrap();
        assert!(block_on(db.borrower(id)).unwrap().is_some(), "{id} was acknowledged and is lost");
    }
    assert_eq!(block_on(db.integrity_check()).unwrap(), Vec::<String>::new());
}

/// Power is lost in the middle of a write: the log ends somewhere, and the database at the last whole change.
#[test]
fn a_torn_log_ends_at_a_whole_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(SqliteStore::open(&path).unwrap());
    let db = SqliteStore::open(&path).unwrap();
    for number in 0..20 {
        let pair = ["a", "b"].map(|half| (format!("{number:02}{half}"), "x".repeat(3_000)));
        block_on(db.kv_put(pair.to_vec())).unwrap();
    }
    let log = std::fs::read(folder.path().join("a.db-wal")).unwrap();
    let mut last = 0;
    for cut in (0..=log.len()).step_by(7_919).chain([log.len()]) {
        let keys = after_power_loss(&path, &log[..cut]);
        let whole: Vec<_> =
            (0..keys.len() / 2).flat_map(|n| ["a", "b"].map(|half| format!("{n:02}{half}"))).collect();
        assert_eq!(keys, whole, "cut at {cut}");
        assert!(keys.len() >= last);
        last = keys.len();
    }
    assert_eq!(last, 40);
}

fn after_power_loss(path: &Path, log: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("b.db");
    std::fs::copy(path, &copy).unwrap();
    std::fs::write(folder.path().join("b.db-wal"), log).unwrap();
    let db = SqliteStore::open(&copy).unwrap();
    assert_eq!(block_on(db.integrity_check()).unwrap(), Vec::<String>::new());
    block_on(db.kv_all()).unwrap().into_iter().map(|(key, _)| key).collect()
}
