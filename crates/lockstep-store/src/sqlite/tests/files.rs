//! The file: its lock, its mode, its schema, copies of it, and what an erasure leaves in it.

use std::path::Path;

use futures::executor::block_on;
use lockstep_core::id::{BorrowerId, VaultItemId};
use lockstep_engine::port::{Commit, CommitError, Directory, Sealed, Shelf, Store};
use rusqlite::Connection;

use super::super::SqliteStore;
use super::{NOW, mint, tenant};
use crate::{OpenError, Upkeep};

fn raw(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = SqliteStore::open(&path).unwrap();
    block_on(db.add_tenant(tenant(1))).unwrap();
    drop(db);
    assert!(!folder.path().join("a.db-wal").exists(), "a store that is closed leaves one file");
    let db = SqliteStore::open(&path).unwrap();
    assert_eq!(block_on(db.tenants()).unwrap(), [tenant(1)]);
}

#[test]
fn a_file_is_opened_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let first = SqliteStore::open(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    #[cfg(unix)]
    {
        let other_name = folder.path().join("b.db");
        std::os::unix::fs::symlink(&path, &other_name).unwrap();
        assert!(matches!(SqliteStore::open_inline(&other_name), Err(OpenError::InUse { .. })));
    }
    drop(first);
    SqliteStore::open(&path).unwrap();
}

#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let db = SqliteStore::open(&path).unwrap();
    block_on(db.add_tenant(tenant(1))).unwrap();
    block_on(db.backup_to(folder.path().join("copy.db"))).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(SqliteStore::open(&path).unwrap());
    raw(&path, "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')");
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 9999, .. }), "{error}");
    assert!(error.to_string().contains("use a newer program"), "{error}");
}

#[test]
fn another_programs_database_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    raw(&path, "CREATE TABLE theirs (x)");
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::NotOurs)));
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is not a database, and long enough to be looked at as one").unwrap();
    assert!(matches!(SqliteStore::open(&text), Err(OpenError::Database { .. })));
    assert!(matches!(
        SqliteStore::open(folder.path().join("no/such/folder.db")),
        Err(OpenError::File { .. })
    ));
}

/// After an erasure neither the file nor its log holds the key, and a change prepared before can't bring it
/// back.
#[test]
fn an_erased_key_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = SqliteStore::open(&path).unwrap();
    let mut mint = mint(3);
    let borrower = BorrowerId::mint(&mut mint);
    let mut sealed = |key: &str| {
        let (item, bytes) = (VaultItemId::mint(&mut mint), b"sealed-item-bytes".to_vec());
        let sealed = vec![Sealed { borrower, item, wrapped_key: key.to_owned(), bytes }];
        Commit { sealed, at: Some(NOW), ..Commit::default() }
    };
    let (first, late, fresh) =
        (sealed("wrapped-key-canary"), sealed("wrapped-key-canary"), sealed("fresh-key"));
    block_on(db.commit(first)).unwrap();
    assert!(holds(folder.path(), b"wrapped-key-canary"));
    assert!(block_on(db.rewrap_key(borrower, "wrapped-key-canary", "rewrapped-key-canary")).unwrap());
    assert!(!block_on(db.rewrap_key(borrower, "wrapped-key-canary", "x")).unwrap());
    assert!(block_on(db.rewrap_key(borrower, "rewrapped-key-canary", "wrapped-key-canary")).unwrap());
    assert_eq!(block_on(db.wrapped_keys(None, 10)).unwrap(), [(borrower, "wrapped-key-canary".to_owned())]);
    assert!(block_on(db.wrapped_keys(Some(borrower), 10)).unwrap().is_empty());

    assert!(block_on(db.erase_key(borrower)).unwrap());
    assert!(!block_on(db.erase_key(borrower)).unwrap());
    assert!(!holds(folder.path(), b"key-canary") && !holds(folder.path(), b"sealed-item-bytes"));
    assert_eq!(block_on(db.wrapped_key(borrower)).unwrap(), None);
    assert!(matches!(block_on(db.commit(late)), Err(CommitError::Conflict("data key"))));
    block_on(db.commit(fresh)).unwrap();
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}

#[test]
fn a_backup_is_a_whole_database_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = SqliteStore::open(folder.path().join("a.db")).unwrap();
    block_on(db.add_tenant(tenant(1))).unwrap();
    let copy = folder.path().join("copy.db");
    block_on(db.backup_to(&copy)).unwrap();
    block_on(db.add_tenant(tenant(2))).unwrap();
    block_on(db.backup_to(&copy)).unwrap_err();
    let copy = SqliteStore::open(&copy).unwrap();
    assert_eq!(block_on(copy.tenants()).unwrap(), [tenant(1)]);
    assert!(block_on(copy.integrity_check()).unwrap().is_empty());
    assert!(block_on(db.stats()).unwrap().contains(&("tenants", 2)));
}
