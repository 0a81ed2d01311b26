//! Opening the file: its mode, its lock, the settings that durability rests on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

/// Says in the file's header whose database it is ("LkSt").
const APPLICATION_ID: i64 = 0x4c6b_5374;
/// How long a connection waits for another one's lock; only a backup tool or a checkpoint can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection: all there are, with room.
const STATEMENTS: usize = 256;

/// A database file that no other process has open.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Held, not read: the lock ends with it.
    _lock: File,
}

impl Place {
    /// Makes the file if it isn't there (readable by its owner only) and takes its lock.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |what: &str, path: &Path| {
            let what = format!("can't {what} {}", path.display());
            move |source| OpenError::File { what, source }
        };
        let file = private(path).map_err(failed("open", path))?;
        only_the_owner(&file).map_err(failed("set the mode of", path))?;
        // Two names of one file have to meet at one lock.
        let path = fs::canonicalize(path).map_err(failed("find", path))?;
        let mut name = path.clone().into_os_string();
        name.push(".lock");
        let lock = private(Path::new(&name)).map_err(failed("open", Path::new(&name)))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { file: path.display().to_string() }),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path)(source)),
        }
    }
}

/// Opens a file for writing, making it for its owner only if it isn't there.
pub(super) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// SQLite gives its `-wal` and `-shm` files the mode of the database.
fn only_the_owner(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    let _ = file;
    Ok(())
}

/// The one connection that writes.
pub(super) fn for_writing(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database("open the database"))?;
    claim(&connection)?;
    writable(&connection, "wal")?;
    // Of a log whose fsync failed, the last changes may be in the machine's memory only, looking as if they were on the
    // disk. They are carried over into the file, and that synced, before anything is built on them.
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(database("carry the log over"))?;
    Ok(connection)
}

/// A database that lives in memory, for the simulator.
pub(super) fn in_memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory().map_err(database("open a database in memory"))?;
    claim(&connection)?;
    writable(&connection, "memory")?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(database("open the database for reading"))?;
    common(&connection).map_err(database("set up a connection"))?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384;")
        .map_err(database("set up a connection"))?;
    Ok(connection)
}

pub(super) fn database(doing: &'static str) -> impl Fn(rusqlite::Error) -> OpenError {
    move |source| OpenError::Database { doing, source: Box::new(source) }
}

fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement is planned once, whatever is bound to it. Otherwise SQLite plans most of them again at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA foreign_keys = OFF;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;",
    )
}

/// Refuses another program's database, and marks a new one as ours.
fn claim(connection: &Connection) -> Result<(), OpenError> {
    let failed = database("read the database's header");
    let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let owner = read("PRAGMA application_id").map_err(&failed)?;
    if owner == APPLICATION_ID {
        return Ok(());
    }
    let objects = read("SELECT count(*) FROM sqlite_schema").map_err(&failed)?;
    if owner != 0 || objects != 0 {
        return Err(OpenError::NotOurs);
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)
}

fn writable(connection: &Connection, journal: &'static str) -> Result<(), OpenError> {
    let failed = database("set up the database");
    common(connection).map_err(&failed)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(&failed)?;
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA cache_size = -65536;
             PRAGMA secure_delete = FAST;",
        )
        .map_err(&failed)?;
    // 64 MiB of log: a page that changes again and again is carried over once for all of it.
    connection.query_row("PRAGMA wal_autocheckpoint = 16000", [], |_| Ok(())).map_err(&failed)?;
    for (setting, wanted) in [("journal_mode", journal), ("synchronous", "2"), ("foreign_keys", "0")] {
        let found = connection.pragma_query_value(None, setting, |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            })
        });
        let found = found.map_err(&failed)?;
        if found != wanted {
            return Err(OpenError::Setting { setting, wanted, found });
        }
    }
    Ok(())
}
