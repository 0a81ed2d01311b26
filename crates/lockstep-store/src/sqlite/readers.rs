//! Connections that only read, each on its own thread, so that a reader never waits for a writer and no
//! executor is blocked by the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection;
use super::failure::Failure;
use crate::OpenError;

/// Reads of one reader that may wait; above that, callers wait before they queue.
const QUEUE: usize = 512;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The pool.
pub(super) struct ReaderPool {
    readers: Vec<Reader>,
}

/// A thread with a queue of its own: with one queue for all, every read would wake two threads.
struct Reader {
    queue: Option<mpsc::Sender<Read>>,
    /// Reads that are waiting or under way here.
    load: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl ReaderPool {
    /// Two to four readers, as the machine has cores.
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let readers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 4);
        let readers = (1..=readers).map(|number| Reader::start(path, number));
        Ok(Self { readers: readers.collect::<Result<_, _>>()? })
    }

    pub(super) async fn read<T, R>(&self, read: R) -> Result<T, Failure>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let least = self.readers.iter().min_by_key(|reader| reader.load.load(Ordering::Relaxed));
        let reader = least.ok_or(Failure::Stopped)?;
        let (waiter, result) = oneshot::channel();
        let place = Place::take(&reader.load);
        let job: Read = Box::new(move |connection| {
            drop(waiter.send(read(connection)));
            drop(place);
        });
        let queue = reader.queue.as_ref().ok_or(Failure::Stopped)?;
        queue.send(job).await.map_err(|_| Failure::Stopped)?;
        result.await.unwrap_or(Err(Failure::Panicked))
    }
}

impl Reader {
    fn start(path: &Path, number: usize) -> Result<Self, OpenError> {
        let connection = connection::for_reading(path)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name(format!("lockstep-reader-{number}"));
        let thread = thread
            .spawn(move || serve(&connection, waiting))
            .map_err(|source| OpenError::File { what: "can't start a reader thread".to_owned(), source })?;
        Ok(Self { queue: Some(queue), load: Arc::default(), thread: Some(thread) })
    }
}

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<Read>) {
    while let Some(read) = waiting.blocking_recv() {
        // A read that panics drops its waiter, which then learns of it; the reader lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// One read in a reader's load, until it is done or given up.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(load: &Arc<AtomicUsize>) -> Self {
        load.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(load))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for ReaderPool {
    fn drop(&mut self) {
        self.readers.iter_mut().for_each(|reader| drop(reader.queue.take()));
        for thread in self.readers.iter_mut().filter_map(|reader| reader.thread.take()) {
            let _ = thread.join();
        }
    }
}
