//! Connections that only read, each on its own thread, so that a reader never waits for a writer and no
//! executor is blocked by the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection;
use super::failure::Failure;
use crate::OpenError;

/// Reads that may wait; above that, callers wait before they queue.
const QUEUE: usize = 1024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The pool.
pub(super) struct ReaderPool {
    queue: Option<mpsc::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl ReaderPool {
    /// Two to four readers, as the machine has cores.
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let readers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 4);
        let (queue, waiting) = mpsc::channel::<Read>(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut pool = Self { queue: Some(queue), threads: Vec::new() };
        for number in 1..=readers {
            let connection = connection::for_reading(path)?;
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name(format!("lockstep-reader-{number}"));
            let thread = thread.spawn(move || serve(&connection, &waiting));
            pool.threads.push(thread.map_err(|source| OpenError::File {
                what: "can't start a reader thread".to_owned(),
                source,
            })?);
        }
        Ok(pool)
    }

    pub(super) async fn read<T, R>(&self, read: R) -> Result<T, Failure>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let (waiter, result) = oneshot::channel();
        let job: Read = Box::new(move |connection| drop(waiter.send(read(connection))));
        let queue = self.queue.as_ref().ok_or(Failure::Stopped)?;
        queue.send(job).await.map_err(|_| Failure::Stopped)?;
        result.await.unwrap_or(Err(Failure::Panicked))
    }
}

fn serve(connection: &Connection, waiting: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        // One idle reader waits at the queue, the others for the lock; which is the same thing.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = next else { return };
        // A read that panics drops its waiter, which then learns of it; the reader lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

impl Drop for ReaderPool {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
