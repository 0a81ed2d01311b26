//! Group commit. Changes that wait at the same time travel in one transaction with one fsync; a lost race or a broken
//! rule undoes only itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::failure::Failure;

/// Most changes in one transaction. More would make the first one wait for the last.
const MAX_BATCH: usize = 256;
/// Changes that may wait; above that, callers wait before they queue.
const QUEUE: usize = 1024;

/// A change that waits for its turn.
pub(super) trait Job: Send {
    /// Does its work. May be called again after the transaction it was part of has failed.
    fn run(&mut self, connection: &Connection) -> Ran;
    /// Replaces its result: the transaction it was part of did not happen.
    fn fail(&mut self, failure: Failure);
    /// Tells whoever waits for it.
    fn answer(self: Box<Self>);
}

/// What became of one change.
pub(super) enum Ran {
    /// To be kept.
    Kept,
    /// To be undone, alone.
    Undone,
    /// The whole transaction is gone or in doubt.
    Broken(Failure),
}

struct Pending<T, W> {
    work: W,
    result: Option<Result<T, Failure>>,
    waiter: oneshot::Sender<Result<T, Failure>>,
}

/// Wraps work as a job; its result arrives at the receiver once it is durable.
pub(super) fn job<T, W>(work: W) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Failure>>)
where
    T: Send + 'static,
    W: FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
{
    let (waiter, result) = oneshot::channel();
    (Box::new(Pending { work, result: None, waiter }), result)
}

impl<T, W> Job for Pending<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, connection: &Connection) -> Ran {
        match (self.work)(connection) {
            Err(failure) if failure.breaks_the_batch() || connection.is_autocommit() => Ran::Broken(failure),
            Err(failure) => {
                self.result = Some(Err(failure));
                Ran::Undone
            }
            Ok(value) => {
                self.result = Some(Ok(value));
                Ran::Kept
            }
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.result = Some(Err(failure));
    }

    fn answer(self: Box<Self>) {
        let result = self.result.unwrap_or(Err(Failure::Stopped));
        // Nobody waits any more: the change stands all the same.
        let _ = self.waiter.send(result);
    }
}

/// The connection that writes, and whether it still may.
pub(super) struct Writing {
    pub(super) connection: Connection,
    stopped: watch::Sender<bool>,
}

impl Writing {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, stopped: watch::Sender::new(false) }
    }

    /// Applies all changes, durably, and then tells everybody.
    pub(super) fn apply(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if *self.stopped.borrow() {
            jobs.iter_mut().for_each(|job| job.fail(Failure::Stopped));
        } else if let Err(failure) = self.together(&mut jobs) {
            self.apart(&mut jobs, failure);
        }
        jobs.into_iter().for_each(Job::answer);
    }

    /// After a transaction failed: each change once more, alone, so that one of them can't take the others
    /// along.
    fn apart(&mut self, jobs: &mut [Box<dyn Job>], failure: Failure) {
        if failure.lost_a_write() {
            tracing::error!(error = %failure, "the disk lost a write; nothing is written until a restart");
            self.stopped.send_replace(true);
            jobs.iter_mut().for_each(|job| job.fail(Failure::Stopped));
        } else if let [only] = jobs {
            only.fail(failure);
        } else {
            tracing::warn!(error = %failure, changes = jobs.len(), "a transaction failed; trying one by one");
            for job in jobs {
                if let Err(failure) = self.together(std::slice::from_mut(job)) {
                    job.fail(failure);
                }
            }
        }
    }

    /// Nearly always no race is lost. So a transaction is tried without places to go back to, for which SQLite copies
    /// every page that a change touches, and done again with them when one change has to be undone alone.
    fn together(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        match self.transaction(jobs, Self::one)? {
            true => Ok(()),
            false => self.transaction(jobs, Self::one_that_can_be_undone).map(drop),
        }
    }

    /// All changes, each done by `step`. Nothing is kept when one says `false`.
    fn transaction(
        &self,
        jobs: &mut [Box<dyn Job>],
        step: impl Fn(&Self, &mut dyn Job) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        if !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        self.execute("BEGIN IMMEDIATE")?;
        let all = || {
            for job in jobs {
                if !step(self, job.as_mut())? {
                    return Ok(false);
                }
            }
            self.execute("COMMIT").map(|()| true)
        };
        let done = all();
        if !matches!(done, Ok(true)) && !self.connection.is_autocommit() {
            // If even this fails, the next transaction tries again before it begins.
            let _ = self.execute("ROLLBACK");
        }
        done
    }

    /// Whether the change was kept.
    fn one(&self, job: &mut dyn Job) -> Result<bool, Failure> {
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(&self.connection))).unwrap_or_else(|_| {
            job.fail(Failure::Panicked);
            Ran::Undone
        });
        match ran {
            Ran::Kept => Ok(true),
            Ran::Undone => Ok(false),
            Ran::Broken(failure) => Err(failure),
        }
    }

    /// As before, but a change that isn't kept leaves the others alone.
    fn one_that_can_be_undone(&self, job: &mut dyn Job) -> Result<bool, Failure> {
        self.execute("SAVEPOINT change")?;
        if !self.one(job)? {
            self.execute("ROLLBACK TO change")?;
        }
        self.execute("RELEASE change")?;
        Ok(true)
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

/// The thread that owns the connection.
pub(super) struct WriterThread {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    stopped: watch::Receiver<bool>,
}

impl WriterThread {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Job>>(QUEUE);
        let mut writing = Writing::new(connection);
        let stopped = writing.stopped.subscribe();
        let thread = std::thread::Builder::new().name("lockstep-writer".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < MAX_BATCH
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next);
                }
                writing.apply(batch);
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread), stopped })
    }

    /// Returns when the disk has lost a write.
    pub(super) async fn lost_a_write(&self) {
        if self.stopped.clone().wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending().await
        }
    }

    pub(super) async fn enqueue(&self, job: Box<dyn Job>) -> Result<(), Failure> {
        let queue = self.queue.as_ref().ok_or(Failure::Stopped)?;
        queue.send(job).await.map_err(|_| Failure::Stopped)
    }
}

impl Drop for WriterThread {
    /// What was queued is still written; then the file is closed.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
