//! Batches that fail, panic, or meet a full disk; rows that can't be read; history that can't be changed.

use futures::executor::block_on;
use lockstep_core::id::{EffectId, Mint};
use lockstep_engine::port::{Answer, Commit, IdempotencyKey, Store};
use rusqlite::Connection;

use super::super::failure::Failure;
use super::super::{SqliteStore, Work, lock, writer};
use super::{NOW, mint, tenant};
use crate::Upkeep;

fn inline_connection<T>(db: &SqliteStore, use_it: impl FnOnce(&Connection) -> T) -> T {
    match &db.work {
        Work::Inline { writing, .. } => use_it(&lock(writing).connection),
        Work::Threads { .. } | Work::Beside { .. } => panic!("an inline store"),
    }
}

#[cfg(unix)]
#[test]
fn history_cannot_be_changed() {
    let db = SqliteStore::in_memory().unwrap();
    inline_connection(&db, |connection| {
        connection
            .execute_batch(
                "INSERT INTO audit VALUES (1, 'aud_1', 't', 1, '{}', 'a', 's', 'accepted');
             INSERT INTO events VALUES (1, 'pay_1', 1, 1, '{}');
             INSERT INTO ledger_entries VALUES (1, 'pay_1', 1, 'a', 5, 'CNY', 1);",
            )
            .unwrap();
        for table in ["audit", "events", "ledger_entries"] {
            for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET bucket = 2")] {
                let error = connection.execute(&sql, []).unwrap_err().to_string();
                assert!(error.contains("never"), "{error}");
            }
        }
    });
}

/// A full disk fails what doesn't fit, as a fault; what fits and what comes later goes on.

#[test]
fn a_full_disk_is_a_fault_and_passes() {
    let db = SqliteStore::in_memory().unwrap();
    inline_connection(&db, |connection| {
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 8), [], |_| Ok(())).unwrap();
    });
    let small = db.kv_put(vec![("small".to_owned(), "1".to_owned())]);
    let large = db.kv_put(vec![("large".to_owned(), "x".repeat(1 << 20))]);
    let (small, large) = drive_both(&db, small, large);
    small.unwrap();
    let error = large.unwrap_err();
    assert_eq!(error.to_string(), "save the sandbox: database or disk is full");
    inline_connection(&db, |connection| {
        connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    });
    let large = db.kv_put(vec![("large".to_owned(), "x".repeat(1 << 20))]);
    let (large, all) = drive_both(&db, large, db.kv_all());
    large.unwrap();
    assert_eq!(all.unwrap().len(), 1, "read before the flush");
    assert_eq!(block_on(db.kv_all()).unwrap().len(), 2);
}

fn drive_both<A: Future, B: Future>(db: &SqliteStore, one: A, two: B) -> (A::Output, B::Output) {
    use futures::FutureExt;
    let mut both = Box::pin(futures::future::join(one, two));
    loop {
        if let Some(results) = both.as_mut().now_or_never() {
            return results;
        }
        assert!(db.flush() > 0);
    }
}

/// A panic inside one change fails that change and nothing else, and the store goes on.

#[test]
fn a_panic_takes_nothing_along() {
    let folder = tempfile::tempdir().unwrap();
    let db = SqliteStore::open(folder.path().join("a.db")).unwrap();
    let bad = db.write::<(), _>(|connection| {
        connection.execute("INSERT INTO kv (key, value) VALUES ('half', 'done')", [])?;
        panic!("on purpose")
    });
    let (bad, good) = block_on(futures::future::join(bad, db.kv_put(vec![("k".to_owned(), "v".to_owned())])));
    assert!(matches!(bad, Err(Failure::Panicked)));
    good.unwrap();
    let read = block_on(db.read::<(), _>("panic", |_| panic!("on purpose")));
    assert!(read.is_err());
    for _ in 0..8 {
        assert_eq!(block_on(db.kv_all()).unwrap(), [("k".to_owned(), "v".to_owned())]);
    }
}

/// What waits when the power goes is lost, and whoever waits is told that nobody knows.

#[test]
fn lost_changes_are_faults() {
    let db = SqliteStore::in_memory().unwrap();
    let mut put = Box::pin(db.kv_put(vec![("k".to_owned(), "v".to_owned())]));
    assert!(futures::FutureExt::now_or_never(put.as_mut()).is_none());
    assert_eq!((db.lose_waiting(), db.flush()), (1, 0));
    block_on(put).unwrap_err();
    assert!(block_on(db.kv_all()).unwrap().is_empty());
}

/// Many at once really travel together: fewer transactions than changes.

#[test]
fn changes_travel_together() {
    let db = SqliteStore::in_memory().unwrap();
    let puts: Vec<_> = (0..100).map(|n| Box::pin(db.kv_put(vec![(n.to_string(), String::new())]))).collect();
    let mut all = Box::pin(futures::future::join_all(puts));
    assert!(futures::FutureExt::now_or_never(all.as_mut()).is_none());
    assert_eq!(db.flush(), 100);
    assert!(block_on(all).into_iter().all(|result| result.is_ok()));
}

#[test]
fn old_answers_are_swept_after_ninety_days() {
    let folder = tempfile::tempdir().unwrap();
    let db = SqliteStore::open(folder.path().join("a.db")).unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let tenant = tenant(1).id;
    let puts = (0..1_200_u32).map(|number| {
        let key = IdempotencyKey { tenant, key: number.to_string(), fingerprint: String::new() };
        let answer = Answer { status: 200, body: String::new() };
        let at = Some(if number < 1_100 { NOW } else { NOW.plus(day) });
        db.commit(Commit { answer: Some((key, answer)), at, ..Commit::default() })
    });
    block_on(futures::future::join_all(puts)).into_iter().for_each(|put| put.unwrap());
    assert_eq!(block_on(db.sweep(NOW.plus(day * 90))).unwrap(), 0);
    assert_eq!(block_on(db.sweep(NOW.plus(day * 90 + day / 2))).unwrap(), 1_100);
    assert!(block_on(db.answer(tenant, "0")).unwrap().is_none());
    assert!(block_on(db.answer(tenant, "1150")).unwrap().is_some());
}

/// F21: an effect of a newer program holds up nobody, and waits for that program.

#[test]
fn an_unreadable_effect_takes_nobodys_place() {
    let db = SqliteStore::in_memory().unwrap();
    let good = EffectId::mint(&mut mint(9));
    let body = r#"{"effect":"wake","wake":"try_payment","payment":"pay_PAY","attempts":1}"#
        .replace("pay_PAY", &lockstep_core::id::PaymentId::mint(&mut mint(9)).to_string());
    inline_connection(&db, |connection| {
        let sql = "INSERT INTO effects (bucket, id, kind, delivery, state, due_at, tenant, body)
                   VALUES (?1, ?2, 'k', 'repeatable', 'ready', ?3, ?4, ?5)";
        let owner = tenant(1).id.to_string();
        for number in 0..1_000 {
            let id =
                EffectId::mint(&mut Mint::new(good.bucket(), NOW, [(number % 251) as u8; 16])).to_string();
            let id = format!("{}{number}", &id[..20]);
            connection.execute(sql, rusqlite::params![1, id, 1, owner, r#"{"effect":"teleport"}"#]).unwrap();
        }
        connection
            .execute(sql, rusqlite::params![good.bucket().number(), good.to_string(), 2, owner, body])
            .unwrap();
    });
    let due = block_on(db.due_effects(NOW, 10)).unwrap();
    assert_eq!(due.iter().map(|effect| effect.id).collect::<Vec<_>>(), [good]);
}

/// A batch whose transaction fails as a whole is tried again one by one.

#[test]
fn a_broken_batch_is_tried_one_by_one() {
    let db = SqliteStore::in_memory().unwrap();
    let mut writing = match &db.work {
        Work::Inline { writing, .. } => lock(writing),
        Work::Threads { .. } | Work::Beside { .. } => panic!("an inline store"),
    };
    let (good, mut kept) = writer::job(|connection| {
        connection.execute("INSERT INTO kv (key, value) VALUES ('good', '1')", [])?;
        Ok(())
    });
    let (bad, mut lost) = writer::job(|connection| {
        connection.execute("INSERT INTO kv (key, value) VALUES ('bad', '1')", [])?;
        // As SQLite itself does on some errors: the whole transaction is gone.
        connection.execute_batch("ROLLBACK")?;
        Err::<(), _>(Failure::Refused("broken"))
    });
    writing.apply(vec![good, bad]);
    assert!(kept.try_recv().unwrap().is_ok() && lost.try_recv().unwrap().is_err());
    let keys: String =
        writing.connection.query_row("SELECT group_concat(key) FROM kv", [], |row| row.get(0)).unwrap();
    assert_eq!(keys, "good");
}
