//! The store on one SQLite file: write-ahead log, fsync on every transaction, one writer, several readers.
//!
//! One process at a time: an advisory lock on `<file>.lock` says so. Changes go through one queue and travel
//! together (`writer`), reads go to their own connections (`readers`). With [`SqliteStore::open_inline`] both
//! run on the caller's thread and changes wait for [`SqliteStore::flush`], for the deterministic simulator.

mod admin;
mod answers;
mod commit;
mod connection;
mod deliveries;
mod directory;
mod effects;
mod endpoints;
mod entities;
mod failure;
mod inbox;
mod load;
mod maintenance;
mod migrate;
mod notes;
mod page;
mod queries;
mod readers;
mod routing_rules;
mod row;
mod store;
mod tenants;
#[cfg(test)]
mod tests;
mod vault;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_engine::port::Fault;
use rusqlite::Connection;

use self::connection::Place;
use self::failure::Failure;
use self::migrate::{MIGRATIONS, migrate};
use self::readers::ReaderPool;
use self::writer::{Job, WriterThread, Writing};
use crate::{Migration, OpenError};

/// The store on one SQLite file.
pub struct SqliteStore {
    work: Work,
    /// Effects and deliveries that could not be read, each reported once.
    unreadable: Mutex<BTreeSet<String>>,
    /// Dropped last: the lock is let go when the connections are closed.
    place: Option<Place>,
}

/// Takes a file that has to be there already.
fn existing(path: &Path) -> Result<Place, OpenError> {
    if !path.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::File { what: format!("can't open {}", path.display()), source });
    }
    Place::take(path)
}

/// A database file that no other process has open, without the store's machinery.
pub(crate) struct Exclusive {
    connection: Connection,
    /// Dropped last.
    _place: Place,
}

impl Exclusive {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let place = existing(path)?;
        let mut connection = connection::for_writing(&place.path)?;
        migrate(&mut connection, MIGRATIONS)?;
        Ok(Self { connection, _place: place })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Where the work is done.
enum Work {
    /// On threads of its own.
    Threads {
        /// Closed first: the writer then closes last, and can empty and remove the log.
        readers: ReaderPool,
        writer: WriterThread,
    },
    /// Only reading, beside whoever writes.
    Beside { readers: ReaderPool },
    /// On the caller's thread; changes wait until they are flushed.
    Inline { writing: Mutex<Writing>, queue: Mutex<Vec<Box<dyn Job>>> },
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SqliteStore {
    /// Opens a database file, makes it if it isn't there, and brings its schema up to date.
    ///
    /// # Errors
    /// When another process has it open, when it is of a newer program, or when it can't be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let place = Place::take(path.as_ref())?;
        let mut connection = connection::for_writing(&place.path)?;
        migrate(&mut connection, MIGRATIONS)?;
        let readers = ReaderPool::start(&place.path)?;
        let writer = WriterThread::start(connection)
            .map_err(|source| OpenError::File { what: "can't start the writer thread".to_owned(), source })?;
        Ok(Self::with(Work::Threads { readers, writer }, Some(place)))
    }

    /// Opens a database file that another process may be using, for reading only. Every read sees whole changes; a
    /// change through this store is refused.
    ///
    /// # Errors
    /// When there is no such file, or its schema isn't the one of this program.
    pub fn open_beside(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        migrate::current(&connection::for_reading(path)?, MIGRATIONS)?;
        Ok(Self::with(Work::Beside { readers: ReaderPool::start(path)? }, None))
    }

    /// Applies what is missing of the schema; or, dry, only says what that is. Returns the steps.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when there is no such file.
    pub fn migrate(path: impl AsRef<Path>, dry: bool) -> Result<Vec<Migration>, OpenError> {
        let place = existing(path.as_ref())?;
        let pending = migrate::pending(&connection::for_reading(&place.path)?, MIGRATIONS)?;
        if !dry {
            migrate(&mut connection::for_writing(&place.path)?, MIGRATIONS)?;
        }
        Ok(pending)
    }

    /// Opens a database file without any thread: reads run at once on the caller's thread, changes wait until
    /// [`flush`](Self::flush) is called. For executors that run everything on one thread.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_inline(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let place = Place::take(path.as_ref())?;
        let connection = connection::for_writing(&place.path)?;
        Self::inline(connection, Some(place))
    }

    /// As [`open_inline`](Self::open_inline), but in memory: nothing outlives the store.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::inline(connection::in_memory()?, None)
    }

    fn inline(mut connection: Connection, place: Option<Place>) -> Result<Self, OpenError> {
        migrate(&mut connection, MIGRATIONS)?;
        let writing = Mutex::new(Writing::new(connection));
        Ok(Self::with(Work::Inline { writing, queue: Mutex::default() }, place))
    }

    fn with(work: Work, place: Option<Place>) -> Self {
        Self { work, unreadable: Mutex::default(), place }
    }

    /// Applies everything that waits, in one transaction, and tells those who wait for it. Returns how many
    /// changes there were. A store with threads does this by itself and returns 0.
    pub fn flush(&self) -> usize {
        let Work::Inline { writing, queue } = &self.work else {
            return 0;
        };
        let jobs = std::mem::take(&mut *lock(queue));
        let count = jobs.len();
        if count > 0 {
            lock(writing).apply(jobs);
        }
        count
    }

    /// Forgets everything that waits, as a power cut before the fsync would; whoever waits gets a fault.
    /// Returns how many changes there were. A store with threads has nothing to forget and returns 0.
    pub fn lose_waiting(&self) -> usize {
        let Work::Inline { queue, .. } = &self.work else {
            return 0;
        };
        std::mem::take(&mut *lock(queue)).len()
    }

    /// Reads, off the caller's thread where there are threads.
    async fn read<T, R>(&self, doing: &'static str, read: R) -> Result<T, Fault>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let result = match &self.work {
            Work::Threads { readers, .. } | Work::Beside { readers } => readers.read(read).await,
            Work::Inline { writing, .. } => read(&lock(writing).connection),
        };
        result.map_err(|failure| failure.fault(doing))
    }

    /// Writes, together with whatever else waits. Returns once it is durable.
    async fn write<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let (job, result) = writer::job(work);
        match &self.work {
            Work::Threads { writer, .. } => writer.enqueue(job).await?,
            Work::Beside { .. } => return Err(Failure::Refused("this store was opened for reading only")),
            Work::Inline { queue, .. } => lock(queue).push(job),
        }
        result.await.unwrap_or(Err(Failure::Stopped))
    }

    /// As [`write`](Self::write), for work that loses no races.
    async fn change<T, W>(&self, doing: &'static str, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.write(work).await.map_err(|failure| failure.fault(doing))
    }

    /// Reports rows that can't be read, each once.
    fn report(&self, unreadable: Vec<String>) {
        let mut reported = lock(&self.unreadable);
        for id in unreadable {
            if !reported.contains(&id) {
                tracing::error!(row = %id, "a stored row can't be read; did a newer program write it?");
                reported.insert(id);
            }
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("place", &self.place).finish_non_exhaustive()
    }
}
