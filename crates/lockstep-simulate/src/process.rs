//! The process under test, as the world sees it: it can be killed, started again, and stopped for a while.
//!
//! Everything that belongs to it runs inside [`Contained`]: when the process dies, that future is dropped where it
//! stands, as memory is; while it is stopped, nothing of it moves though the world and its timers go on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::future::BoxFuture;
use lockstep_engine::Engine;

/// The process was not there, or died before it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

struct State {
    /// Counts starts; what belongs to an earlier life is dead.
    life: u64,
    alive: bool,
    stopped: bool,
    engine: Option<Engine>,
    /// Counts wake-ups, so that each contained future registers once for the next.
    epoch: u64,
    wakers: Vec<Waker>,
}

/// The process under test.
pub struct Process(Mutex<State>);

impl Default for Process {
    fn default() -> Self {
        Self(Mutex::new(State {
            life: 0,
            alive: false,
            stopped: false,
            engine: None,
            epoch: 1,
            wakers: Vec::new(),
        }))
    }
}

impl Process {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the life that begins with the next start.
    pub fn next_life(&self) -> u64 {
        self.state().life + 1
    }

    /// Starts it.
    pub fn start(&self, engine: Engine) {
        let mut state = self.state();
        state.life += 1;
        state.alive = true;
        state.engine = Some(engine);
    }

    /// Kills it: everything that belongs to it is dropped when it would next move.
    pub fn kill(&self) {
        let mut state = self.state();
        state.alive = false;
        state.engine = None;
        Self::wake(state);
    }

    /// Stops it where it stands, or lets it go on.
    pub fn stop(&self, stopped: bool) {
        let mut state = self.state();
        state.stopped = stopped;
        Self::wake(state);
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        state.epoch += 1;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The process itself, for looking into it; `None` when it is dead.
    pub fn engine(&self) -> Option<Engine> {
        self.state().engine.clone()
    }

    /// Whether it lives, and is in this life.
    pub fn lives(&self, life: u64) -> bool {
        let state = self.state();
        state.alive && state.life == life
    }

    /// Calls it, as a client over the network: the call ends when the process does.
    pub async fn call<T: Send>(
        self: &Arc<Self>,
        call: impl for<'a> FnOnce(&'a Engine) -> BoxFuture<'a, T> + Send,
    ) -> Result<T, Died> {
        let (engine, life) = {
            let state = self.state();
            (state.engine.clone().ok_or(Died)?, state.life)
        };
        self.contain(life, call(&engine)).await
    }

    /// Returns when it is dead.
    pub async fn dead(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if !state.alive {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Makes something part of this life of the process.
    pub fn contain<'a, T>(self: &Arc<Self>, life: u64, inner: BoxFuture<'a, T>) -> Contained<'a, T> {
        Contained { process: Arc::clone(self), life, inner: Some(inner), epoch: 0 }
    }
}

/// Something that lives and dies with the process.
pub struct Contained<'a, T> {
    process: Arc<Process>,
    life: u64,
    inner: Option<BoxFuture<'a, T>>,
    epoch: u64,
}

impl<T> Future for Contained<'_, T> {
    type Output = Result<T, Died>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.process.state();
        if !state.alive || state.life != this.life {
            drop(state);
            this.inner = None;
            return Poll::Ready(Err(Died));
        }
        if this.epoch != state.epoch {
            this.epoch = state.epoch;
            state.wakers.push(context.waker().clone());
        }
        let stopped = state.stopped;
        drop(state);
        if stopped {
            return Poll::Pending;
        }
        match &mut this.inner {
            Some(inner) => inner.as_mut().poll(context).map(Ok),
            None => Poll::Ready(Err(Died)),
        }
    }
}
