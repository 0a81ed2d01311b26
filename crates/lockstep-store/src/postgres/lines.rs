//! Lines: connections that short reads share. What is asked at the same time travels together and is answered by one
//! process of the server after the other, instead of waking a process for each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool};

use super::failure::Failure;

/// How many. One would leave the server's other processors idle.
const LINES: usize = 2;

/// The lines, taken in turns.
#[derive(Default)]
pub(super) struct Lines {
    lines: [Mutex<Option<Arc<Object>>>; LINES],
    turn: AtomicUsize,
}

impl Lines {
    /// A line for one read that finds few rows by their keys: whoever comes behind waits for it.
    pub(super) async fn get(&self, pool: &Pool) -> Result<Arc<Object>, Failure> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % LINES;
        let line = &self.lines[turn];
        let open = |line: &Option<Arc<Object>>| line.clone().filter(|line| !line.is_closed());
        let held = open(&line.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(held) = held {
            return Ok(held);
        }
        let new = Arc::new(pool.get().await?);
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever was quicker has put one there; this one goes back to the pool when it has been used.
        if open(&line).is_none() {
            *line = Some(Arc::clone(&new));
        }
        Ok(new)
    }
}
