//! Looking after the file: checking it, copying it, counting its rows.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::connection::private;
use super::failure::Failure;
use super::row;
use crate::TABLES;

/// Everything that is wrong with the database, one sentence each; nothing when it is sound.
pub(super) fn problems(connection: &Connection) -> Result<Vec<String>, Failure> {
    let moment = connection.unchecked_transaction()?;
    let mut problems = texts(&moment, "PRAGMA integrity_check")?;
    problems.retain(|line| line != "ok");
    problems.extend(texts(
        &moment,
        "SELECT 'the ledger of ' || payment_id || ' does not sum to zero in ' || currency
         FROM ledger_entries GROUP BY bucket, payment_id, currency
         HAVING sum(amount_minor >> 32) * 4294967296 + sum(amount_minor & 4294967295) <> 0",
    )?);
    problems.extend(texts(
        &moment,
        "SELECT id || ' has version ' || version || ' but another number of events'
         FROM (SELECT bucket, id, version FROM borrowers UNION ALL SELECT bucket, id, version FROM bindings
               UNION ALL SELECT bucket, id, version FROM orders
               UNION ALL SELECT bucket, id, version FROM payments) s
         WHERE version <> (SELECT count(*) FROM events e WHERE e.bucket = s.bucket AND e.entity_id = s.id)",
    )?);
    moment.finish()?;
    Ok(problems)
}

fn texts(connection: &Connection, sql: &str) -> Result<Vec<String>, Failure> {
    row::all(connection.prepare_cached(sql)?.query([])?, |row| Ok(row.get(0)?))
}

/// How many rows each table has.
pub(super) fn rows(connection: &Connection) -> Result<Vec<(&'static str, u64)>, Failure> {
    let count = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        let found = row::first(connection.prepare_cached(&sql)?.query([])?, |row| row::counted(row, 0))?;
        Ok((table, found.unwrap_or(0)))
    };
    TABLES.into_iter().map(count).collect()
}

/// Copies the database as it stands at one moment, while others go on writing. The copy appears under its
/// name only when it is whole and on disk; a file that is there already is never overwritten.
pub(super) fn backup(connection: &Connection, target: &Path) -> Result<(), Failure> {
    if target.try_exists()? {
        return Err(Failure::Refused("the file to back up to exists already"));
    }
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    if part.try_exists()? {
        fs::remove_file(part)?;
    }
    let file = private(part)?;
    let mut copy = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // All pages in one step hold one read snapshot; writers aren't held up by it.
    Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    copy.close().map_err(|(_, error)| error)?;
    file.sync_all()?;
    fs::rename(part, target)?;
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Moves the write-ahead log into the file and empties it, so that nothing overwritten stays in it.
pub(super) fn empty_log(path: &Path) -> Result<(), Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Failure::Refused("the log is in use; it is emptied later")) }
}
