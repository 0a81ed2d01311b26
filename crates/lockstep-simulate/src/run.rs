//! Many worlds, on all cores. Each is one thread's and follows from its own seed, so neither the number of threads nor
//! their luck changes anything but the time it takes.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::report::Report;
use crate::swarm::{Swarm, Terms};
use crate::world::{self, WorldOutcome};

/// Payments of one world, unless somebody says otherwise.
pub const PER_WORLD: usize = 500;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Payments in all.
    pub payments: usize,
    /// What each world is to be like.
    pub terms: Terms,
    /// The seed from which the worlds' seeds follow.
    pub seed: u64,
    /// Only the world of this seed.
    pub world_seed: Option<u64>,
    /// Threads.
    pub threads: usize,
}

impl Plan {
    /// The worlds, in order.
    pub fn worlds(&self) -> Vec<u64> {
        if let Some(seed) = self.world_seed {
            return vec![seed];
        }
        let count = self.payments.div_ceil(self.terms.payments.max(1)).max(1);
        (0..count as u64).map(|place| world_seed(self.seed, place)).collect()
    }
}

/// The seed of a world: seeds of runs next to each other share no worlds.
pub fn world_seed(seed: u64, place: u64) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(place)
}

/// Runs everything. `progress` is told how many worlds are done.
pub fn run(plan: &Plan, progress: impl Fn(usize) + Sync) -> Report {
    let worlds = plan.worlds();
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<WorldOutcome>>> = Mutex::new(worlds.iter().map(|_| None).collect());
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::SeqCst);
            let Some(seed) = worlds.get(place) else { return };
            let outcome = world::run(&Swarm::draw(*seed, &plan.terms), false);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(outcome);
            progress(done.fetch_add(1, Ordering::SeqCst) + 1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..plan.threads.clamp(1, worlds.len()) {
            scope.spawn(work);
        }
        // The caller's own thread works, too: with one thread it is the only one.
        work();
    });
    let mut report = Report::new(plan.terms.payments);
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.into_iter().flatten().for_each(|world| report.add(world));
    report
}
