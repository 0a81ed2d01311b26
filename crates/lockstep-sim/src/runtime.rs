//! One thread, virtual time: runs the production loop as a discrete-event simulation.
//!
//! Tasks run until none can move; then the caller's `idle` hook may make progress (the store's group commit is
//! flushed there); then the clock jumps to the next timer. The same inputs give the same order of everything.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_trait::async_trait;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Clock;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type TimerKey = (Timestamp, u64);

#[derive(Default)]
struct Shared {
    now: AtomicI64,
    sequence: AtomicU64,
    timers: Mutex<BTreeMap<TimerKey, Waker>>,
    ready: Mutex<VecDeque<usize>>,
    new_tasks: Mutex<Vec<Task>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A task's waker: puts it in line once, however often it is woken.
struct TaskWaker {
    task: usize,
    queued: AtomicBool,
    shared: Arc<Shared>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            lock(&self.shared.ready).push_back(self.task);
        }
    }
}

/// The virtual clock. Starts where it is told and jumps from timer to timer.
#[derive(Clone)]
pub struct VirtualClock {
    shared: Arc<Shared>,
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.shared.now.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        Sleep { shared: self.shared.clone(), moment, key: None }.await;
    }
}

struct Sleep {
    shared: Arc<Shared>,
    moment: Timestamp,
    key: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.shared.now.load(Ordering::SeqCst) >= self.moment.as_millis() {
            return Poll::Ready(());
        }
        let key = match self.key {
            Some(key) => key,
            None => (self.moment, self.shared.sequence.fetch_add(1, Ordering::SeqCst)),
        };
        lock(&self.shared.timers).insert(key, context.waker().clone());
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    /// A timer nobody waits for must not hold the clock up.
    fn drop(&mut self) {
        if let Some(key) = self.key {
            lock(&self.shared.timers).remove(&key);
        }
    }
}

/// Why a run ended without the main task having finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("every task waits and no timer is set")]
pub struct Deadlock;

/// The runtime.
pub struct Runtime {
    shared: Arc<Shared>,
    tasks: Vec<Option<(Task, Arc<TaskWaker>)>>,
}

/// Starts tasks from inside tasks.
#[derive(Clone)]
pub struct Spawner {
    shared: Arc<Shared>,
}

impl Spawner {
    /// Starts a task; it runs when the current one waits.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.shared.new_tasks).push(Box::pin(task));
    }
}

impl Runtime {
    /// A runtime whose clock starts at this moment.
    pub fn new(start: Timestamp) -> Self {
        let shared = Arc::new(Shared::default());
        shared.now.store(start.as_millis(), Ordering::SeqCst);
        Self { shared, tasks: Vec::new() }
    }

    /// Its clock.
    pub fn clock(&self) -> VirtualClock {
        VirtualClock { shared: self.shared.clone() }
    }

    /// A handle to start tasks with.
    pub fn spawner(&self) -> Spawner {
        Spawner { shared: self.shared.clone() }
    }

    /// Runs until `main` has finished. `idle` is called whenever no task can move; it says whether it made
    /// progress (then tasks are looked at again before time passes).
    ///
    /// # Errors
    /// [`Deadlock`] when nothing can ever move again.
    pub fn block_on<T: Send + 'static>(
        &mut self,
        main: impl Future<Output = T> + Send + 'static,
        mut idle: impl FnMut() -> bool,
    ) -> Result<T, Deadlock> {
        let outcome = Arc::new(Mutex::new(None));
        let slot = outcome.clone();
        self.spawner().spawn(async move {
            let value = main.await;
            *lock(&slot) = Some(value);
        });
        loop {
            self.run_ready();
            if let Some(value) = lock(&outcome).take() {
                return Ok(value);
            }
            if idle() {
                continue;
            }
            if !self.advance() {
                return Err(Deadlock);
            }
        }
    }

    fn run_ready(&mut self) {
        loop {
            for task in std::mem::take(&mut *lock(&self.shared.new_tasks)) {
                let id = self.tasks.len();
                let queued = AtomicBool::new(true);
                let waker = Arc::new(TaskWaker { task: id, queued, shared: self.shared.clone() });
                self.tasks.push(Some((task, waker)));
                lock(&self.shared.ready).push_back(id);
            }
            let Some(id) = lock(&self.shared.ready).pop_front() else {
                return;
            };
            let Some((task, waker)) = self.tasks[id].as_mut() else {
                continue;
            };
            waker.queued.store(false, Ordering::SeqCst);
            let handle = Waker::from(waker.clone());
            if task.as_mut().poll(&mut Context::from_waker(&handle)).is_ready() {
                self.tasks[id] = None;
            }
        }
    }

    /// Jumps to the next timer and wakes everybody who waits for that moment.
    fn advance(&self) -> bool {
        let mut timers = lock(&self.shared.timers);
        let Some((&(moment, _), _)) = timers.first_key_value() else {
            return false;
        };
        let later = timers.split_off(&(moment, u64::MAX));
        let due = std::mem::replace(&mut *timers, later);
        drop(timers);
        self.shared.now.fetch_max(moment.as_millis(), Ordering::SeqCst);
        for waker in due.into_values() {
            waker.wake();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_jumps_and_order_is_kept() {
        let start = Timestamp::from_millis(1_000);
        let mut runtime = Runtime::new(start);
        let (clock, spawner) = (runtime.clock(), runtime.spawner());
        let log = Arc::new(Mutex::new(Vec::new()));
        for (name, wait) in [("late", 60_000), ("soon", 5), ("also soon", 5)] {
            let (clock, log) = (clock.clone(), log.clone());
            spawner.spawn(async move {
                clock.sleep_until(start.plus(Duration::from_millis(wait))).await;
                lock(&log).push((name, clock.now().as_millis()));
            });
        }
        let main_clock = clock.clone();
        let end = runtime.block_on(
            async move {
                main_clock.sleep_until(start.plus(Duration::from_secs(3600))).await;
                main_clock.now()
            },
            || false,
        );
        assert_eq!(end, Ok(Timestamp::from_millis(3_601_000)));
        assert_eq!(*lock(&log), [("soon", 1_005), ("also soon", 1_005), ("late", 61_000)]);
    }

    #[test]
    fn a_dropped_timer_does_not_hold_time_up() {
        let start = Timestamp::from_millis(0);
        let mut runtime = Runtime::new(start);
        let clock = runtime.clock();
        let end = runtime.block_on(
            async move {
                let long = clock.sleep_until(start.plus(Duration::from_secs(99)));
                let short = clock.sleep_until(start.plus(Duration::from_secs(1)));
                futures::future::select(long, short).await;
                clock.now()
            },
            || false,
        );
        assert_eq!(end, Ok(Timestamp::from_millis(1_000)));
    }

    #[test]
    fn waiting_for_nothing_is_found_out() {
        let mut runtime = Runtime::new(Timestamp::from_millis(0));
        assert_eq!(runtime.block_on(std::future::pending::<()>(), || false), Err(Deadlock));
    }
}
