//! Group commit. Changes that wait at the same time travel in one transaction; a lost race or a broken rule undoes only its
//! own change. Where the connection is lost at `COMMIT`, the outcome is read, never repeated.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::sync::{mpsc, oneshot};

use super::batch::{self, Ended, Marker};
use super::failure::Failure;
use super::groups::Groups;
use super::row;
use super::work::Work;
use crate::money_rules;

/// Most changes in one transaction. More would make the first one wait for the last.
const MAX_BATCH: usize = 256;
/// Changes of one lane that may wait; above that, callers wait before they queue.
const QUEUE: usize = 1024;
/// How often the outcome of a lost `COMMIT` is asked for, and how long between.
const ASKS: u32 = 30;
const BETWEEN_ASKS: Duration = Duration::from_secs(1);
/// Before a transaction that came to nothing is tried again: a restarted server is back within moments.
const PAUSES: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(200), Duration::from_secs(1)];

struct Job {
    work: Work,
    touches: Vec<String>,
    waiter: oneshot::Sender<Result<bool, Failure>>,
}

impl Job {
    fn answer(self, result: Result<bool, Failure>) {
        // Nobody waits any more: the change stands all the same.
        let _ = self.waiter.send(result);
    }
}

/// One queue with a task that writes what is in it. Changes of one bucket always take the same lane.
pub(super) struct Lane {
    queue: mpsc::Sender<Job>,
}

/// What all lanes share.
pub(super) struct Shared {
    pub(super) pool: Pool,
    /// In whose name it is written: the number under which this process has joined.
    pub(super) number: AtomicI64,
    pub(super) groups: Groups,
}

impl Lane {
    pub(super) fn start(shared: Arc<Shared>, number: usize) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(shared, waiting, number));
        Self { queue }
    }

    /// Returns once it is durable: whether it did what it was to do.
    pub(super) async fn write(&self, work: Work) -> Result<bool, Failure> {
        let (waiter, result) = oneshot::channel();
        let job = Job { touches: work.touches(), work, waiter };
        self.queue.send(job).await.map_err(|_| Failure::Stopped)?;
        result.await.unwrap_or(Err(Failure::Stopped))
    }
}

async fn run(shared: Arc<Shared>, mut waiting: mpsc::Receiver<Job>, lane: usize) {
    let mut line: VecDeque<Job> = VecDeque::new();
    let mut markers = Markers::new(shared.number.load(Ordering::Acquire), lane);
    loop {
        if line.is_empty() {
            match waiting.recv().await {
                Some(job) => line.push_back(job),
                None => return,
            }
        }
        while line.len() < MAX_BATCH
            && let Ok(job) = waiting.try_recv()
        {
            line.push_back(job);
        }
        let batch = choose(&mut line, &shared.groups);
        write(&shared, batch, &mut markers).await;
    }
}

/// Takes the first ones that touch nothing in common and whose buckets lie together. What has to wait makes everything wait
/// that touches the same.
fn choose(line: &mut VecDeque<Job>, groups: &Groups) -> Vec<Job> {
    let (mut batch, mut left, mut touched) = (Vec::new(), VecDeque::new(), HashSet::new());
    let group = line.front().map(|job| groups.of(job.work.bucket()));
    for job in line.drain(..) {
        let free = job.touches.iter().all(|one| !touched.contains(one));
        touched.extend(job.touches.iter().cloned());
        if free && batch.len() < MAX_BATCH && Some(groups.of(job.work.bucket())) == group {
            batch.push(job);
        } else {
            left.push_back(job);
        }
    }
    *line = left;
    batch
}

async fn write(shared: &Shared, batch: Vec<Job>, markers: &mut Markers) {
    match together(shared, &batch, markers).await {
        Ok(results) => batch.into_iter().zip(results).for_each(|(job, result)| job.answer(result)),
        // One change that the database refuses must not take the others along.
        Err(failure) if failure.is_an_answer() && batch.len() > 1 => {
            tracing::warn!(error = %failure, changes = batch.len(), "a transaction failed; trying one by one");
            for job in batch {
                let result = together(shared, std::slice::from_ref(&job), markers).await;
                let result =
                    result.map(|mut results| results.remove(0)).unwrap_or_else(|failure| Err(named(failure)));
                job.answer(result);
            }
        }
        Err(failure) => {
            let failure = named(failure);
            batch.into_iter().for_each(|job| job.answer(Err(failure.clone())));
        }
    }
}

/// The race that was lost, or what is wrong, where one of the database's own rules was met.
fn named(failure: Failure) -> Failure {
    let rule = match &failure {
        Failure::Sql { constraint: Some(rule), .. } => rule.as_str(),
        _ => return failure,
    };
    match rule {
        "payments_live" => failure.taken("live payment of the order"),
        "bindings_living" => failure.taken("living binding of the instrument"),
        "orders_by_reference" => failure.taken("order reference"),
        "borrowers_by_reference" => failure.taken("borrower reference"),
        "effects_pkey" => failure.taken("effect"),
        "deliveries_pkey" => failure.taken("delivery"),
        "vault_items_pkey" => failure.taken("vault item"),
        rule => money_rules::broken(rule).map(Failure::Refused).unwrap_or(failure),
    }
}

/// One transaction. Where the connection breaks before `COMMIT`, nothing was kept, and it is tried again on another.
async fn together(
    shared: &Shared,
    batch: &[Job],
    markers: &mut Markers,
) -> Result<Vec<Result<bool, Failure>>, Failure> {
    let mut pauses = PAUSES.iter();
    loop {
        match once(shared, batch, markers).await {
            Err(Failure::Unreachable(problem)) => match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(Failure::Unreachable(problem)),
            },
            ended => return ended,
        }
    }
}

async fn once(
    shared: &Shared,
    batch: &[Job],
    markers: &mut Markers,
) -> Result<Vec<Result<bool, Failure>>, Failure> {
    let works: Vec<&Work> = batch.iter().map(|job| &job.work).collect();
    let client = shared.pool.get().await?;
    let bucket = works.first().map_or(0, |work| row::bucket(work.bucket()));
    let as_node = batch::AsNode { groups: &shared.groups, number: shared.number.load(Ordering::Acquire) };
    match batch::apply(&client, as_node, &works, || markers.next(bucket)).await {
        Ended::Committed(results) => Ok(results),
        Ended::Nothing(failure) => {
            give_up(client, &failure).await;
            Err(failure)
        }
        Ended::InDoubt { marker, results } => {
            drop(Object::take(client));
            if outcome(shared, &marker).await? {
                Ok(results)
            } else {
                Err(Failure::Unreachable(
                    "the connection was lost; nothing of the change was kept".to_owned(),
                ))
            }
        }
    }
}

/// Ends a transaction that came to nothing. A connection that can't even do that is not used again.
async fn give_up(client: Object, failure: &Failure) {
    let usable =
        !matches!(failure, Failure::Unreachable(_)) && client.batch_execute("ROLLBACK").await.is_ok();
    if !usable {
        drop(Object::take(client));
    }
}

/// Reads what became of a transaction whose `COMMIT` was not answered.
async fn outcome(shared: &Shared, marker: &Marker) -> Result<bool, Failure> {
    let mut last = Failure::Stopped;
    for _ in 0..ASKS {
        match shared.pool.get().await {
            Ok(client) => match batch::was_committed(&client, marker).await {
                Ok(committed) => return Ok(committed),
                Err(failure) => {
                    // Asking may still be under way there; whoever asks next takes another connection.
                    drop(Object::take(client));
                    last = failure;
                }
            },
            Err(error) => last = error.into(),
        }
        tokio::time::sleep(BETWEEN_ASKS).await;
    }
    Err(Failure::InDoubt(last.to_string()))
}

/// Names for transactions: never the same twice, because the number is counted up for every process.
struct Markers {
    prefix: String,
    next: u64,
}

impl Markers {
    fn new(number: i64, lane: usize) -> Self {
        Self { prefix: format!("{number}-{lane}"), next: 0 }
    }

    fn next(&mut self, bucket: i32) -> Marker {
        self.next += 1;
        Marker { bucket, id: format!("{}-{}", self.prefix, self.next) }
    }
}
