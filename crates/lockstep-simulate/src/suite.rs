//! Shows that the oracles see: each planted bug has to be caught within a number of worlds, the canary in the first one,
//! and the same worlds without a bug have to be clean.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lockstep_core::planted::{self, Bug};
use serde::Serialize;

use crate::swarm::{Swarm, Terms};
use crate::trace::Broken;
use crate::world;

/// What to show.
#[derive(Debug, Clone)]
pub struct SuitePlan {
    /// The bugs.
    pub bugs: Vec<Bug>,
    /// Worlds that are tried for each bug at most.
    pub most_seeds: u64,
    /// Payments of one world.
    pub per_world: usize,
    /// Worlds without a bug, which have to be clean.
    pub clean_worlds: u64,
    /// Threads.
    pub threads: usize,
}

/// What became of one bug.
#[derive(Debug, Clone, Serialize)]
pub struct Caught {
    /// Its name; `none` for the worlds without a bug.
    pub bug: String,
    /// The first world that showed it.
    pub first_seed: Option<u64>,
    /// Worlds that were run.
    pub worlds: u64,
    /// The promise that it broke.
    pub broken: Option<Broken>,
    /// What was seen.
    pub words: String,
}

/// Runs the suite and tells each row as it comes. The rows come back in the order of the bugs, the worlds without a bug
/// last.
pub fn run(plan: &SuitePlan, told: impl Fn(&Caught) + Sync) -> Vec<Caught> {
    let next = AtomicUsize::new(0);
    let subjects: Vec<Option<Bug>> = plan.bugs.iter().copied().map(Some).chain([None]).collect();
    let rows: Mutex<Vec<Option<Caught>>> = Mutex::new(vec![None; subjects.len()]);
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::SeqCst);
                    let Some(subject) = subjects.get(place) else { return };
                    let caught = hunt(plan, *subject);
                    told(&caught);
                    rows.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(caught);
                }
            });
        }
    });
    rows.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

fn hunt(plan: &SuitePlan, bug: Option<Bug>) -> Caught {
    let name = bug.map_or_else(|| "none".to_owned(), Bug::name);
    let most = if bug.is_some() { plan.most_seeds } else { plan.clean_worlds };
    planted::plant(bug);
    let mut caught = Caught { bug: name, first_seed: None, worlds: 0, broken: None, words: String::new() };
    for seed in 1..=most {
        caught.worlds = seed;
        let outcome =
            world::run(&Swarm::draw(seed, &Terms { payments: plan.per_world, ..Terms::default() }), false);
        if let Some(finding) = outcome.record.findings.first() {
            caught.first_seed = Some(seed);
            caught.broken = Some(finding.broken);
            caught.words = finding.words.clone();
            break;
        }
    }
    planted::plant(None);
    caught
}

/// Whether every bug was caught, the canary at once, and nothing was found where there is nothing.
pub fn is_good(rows: &[Caught]) -> bool {
    rows.iter().all(|row| match row.bug.as_str() {
        "none" => row.first_seed.is_none(),
        "canary" => row.first_seed == Some(1),
        _ => row.first_seed.is_some(),
    })
}

/// The table.
pub fn table(rows: &[Caught]) -> String {
    rows.iter().fold(heading(), |text, caught| text + &row(caught))
}

/// The first line of the table.
pub fn heading() -> String {
    format!("{:<28}{:>11}{:>8}  {:<14}{}\n", "planted bug", "first seed", "worlds", "broken", "seen")
}

/// A line of the table.
pub fn row(caught: &Caught) -> String {
    let first = match caught.first_seed {
        Some(seed) => seed.to_string(),
        None if caught.bug == "none" => "clean".to_owned(),
        None => "NOT CAUGHT".to_owned(),
    };
    let broken = caught.broken.map_or_else(String::new, |broken| format!("{broken:?}"));
    let words: String = caught.words.chars().take(80).collect();
    format!("{:<28}{first:>11}{:>8}  {broken:<14}{words}\n", caught.bug, caught.worlds)
}
