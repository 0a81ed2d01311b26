//! Runs every policy on every seed and brings the figures together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::desk::{Asked, Desk};
use super::loss::{self, LossRow, Losses};
use super::measure::{self, Figures, Row, Shown, Traces};
use super::policy::{self, ALL, ORACLE, OURS, PROTOTYPE_CASCADE};
use super::stats::Estimate;
use super::truth::Truth;
use super::world::World;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Paired worlds: seeds `first_seed`, `first_seed + 1`, …
    pub seeds: u32,
    /// The first of them.
    pub first_seed: u64,
    /// Orders in each.
    pub orders: u32,
    /// Days over which they fall due.
    pub days: u32,
    /// Policies by name; empty for all.
    pub policies: Vec<String>,
    /// Also says where each policy loses against the oracle.
    pub explain: bool,
    /// Threads to use. The answer doesn't depend on it.
    pub threads: usize,
}

/// Why the options can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// No such policy.
    #[error("there is no policy {0:?}. Policies: {list}", list = ALL.map(|(name, _)| name).join(", "))]
    NoSuchPolicy(String),
}

/// Policies side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The world's name and summary.
    pub world: (String, String),
    /// What was run.
    pub options: Options,
    /// Names of the channels, in order.
    pub channels: Vec<String>,
    /// The policies, in the order of the table.
    pub policies: Vec<PolicyResult>,
    /// The prototype's cascade without a cap on attempts: its share in five days, in the standard world.
    pub(crate) prototype_cascade_5d: Option<f64>,
}

/// One policy over all seeds.
#[derive(Debug, Clone)]
pub struct PolicyResult {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Means with intervals.
    pub rows: BTreeMap<Row, Estimate>,
    /// Paired differences: this policy minus ours.
    pub against_ours: BTreeMap<Row, Estimate>,
    /// Status queries by channel over all seeds.
    pub asked: Vec<StatusUse>,
    /// Share collected by the end of day 1 … 10.
    pub curve: Vec<Estimate>,
    /// Where it loses against the oracle; empty unless asked for.
    pub losses: Vec<LossRow>,
}

/// Status queries on one channel, and the worst against its cap.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct StatusUse {
    /// Queries, over all seeds.
    pub queries: u64,
    /// Most queries about one payment within the cap's window.
    pub most_in_window: u64,
    /// The cap.
    pub cap_in_window: u32,
    /// Shortest time between sending and a query, or two queries, in seconds.
    pub shortest_gap_s: Option<f64>,
    /// The cap.
    pub cap_gap_s: u32,
    /// Queries above either.
    pub over_cap: u64,
}

/// What one policy came to on one seed.
struct Piece {
    figures: Figures,
    losses: Losses,
}

/// Runs the policies side by side. `progress` is told how many orders more have been begun.
///
/// # Errors
/// [`OptionsError`] when a policy doesn't exist.
pub fn compare(
    world: &World,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Comparison, OptionsError> {
    let wanted = wanted(&options.policies)?;
    // The oracle is always run: regret is measured against it.
    let mut runs: Vec<&'static str> = wanted.iter().map(|(name, _)| *name).collect();
    if !runs.contains(&ORACLE) {
        runs.push(ORACLE);
    }
    if world.given.name == "standard" && runs.contains(&"failover_daily") {
        runs.push(PROTOTYPE_CASCADE);
    }
    let seeds = options.seeds as usize;
    let truths: Vec<OnceLock<Truth<'_>>> = (0..seeds).map(|_| OnceLock::new()).collect();
    let tasks = seeds * runs.len();
    let (next, pieces) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, tasks.max(1)) {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if task >= tasks {
                        return;
                    }
                    let (place, run) = (task / runs.len(), task % runs.len());
                    let seed = options.first_seed.wrapping_add(place as u64);
                    let truth =
                        truths[place].get_or_init(|| Truth::new(world, seed, options.orders, options.days));
                    let piece = piece(truth, runs[run], run as u64, options.explain, progress);
                    if let Ok(mut pieces) = pieces.lock() {
                        pieces.insert((runs[run], place), piece);
                    }
                }
            });
        }
    });
    let mut pieces = pieces.into_inner().unwrap_or_default();
    regret(&mut pieces, &runs, seeds);
    Ok(together(world, options, &wanted, &mut pieces))
}

fn wanted(names: &[String]) -> Result<Vec<(&'static str, &'static str)>, OptionsError> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    for name in names {
        if !ALL.iter().any(|(known, _)| known == name) {
            return Err(OptionsError::NoSuchPolicy(name.clone()));
        }
    }
    Ok(ALL.iter().copied().filter(|(known, _)| names.iter().any(|name| name == known)).collect())
}

fn piece(truth: &Truth<'_>, name: &str, number: u64, explain: bool, progress: &dyn Fn(u64)) -> Piece {
    let Some(mut policy) = policy::make(name, truth) else {
        let logs = policy::oracle_logs(truth);
        progress(logs.len() as u64);
        let mut sends: Vec<_> =
            logs.iter().flat_map(|log| &log.sent).map(|sent| (sent.at, sent.channel)).collect();
        sends.sort_unstable();
        let asked = vec![Asked::default(); truth.world.channels.len()];
        let traces = Traces { logs: &logs, sends: &sends, asked: &asked, suspicions: None };
        let mut figures = measure::figures(truth, &traces);
        // Who knows which answer will be lost, and which channel will be back when, has nothing to find out.
        figures.rows.retain(|row, _| !row.about_outages());
        return Piece { figures, losses: Losses::new() };
    };
    let mut desk = Desk::new(truth, number);
    desk.run(policy.as_mut(), progress);
    let suspicions = policy.judges_channels().then_some(desk.suspicions.as_slice());
    let traces = Traces { logs: &desk.logs, sends: &desk.sends, asked: &desk.asked, suspicions };
    let losses = if explain { loss::losses(truth, &desk.logs, policy.as_ref()) } else { Losses::new() };
    Piece { figures: measure::figures(truth, &traces), losses }
}

type Pieces = BTreeMap<(&'static str, usize), Piece>;

fn regret(pieces: &mut Pieces, runs: &[&'static str], seeds: usize) {
    for seed in 0..seeds {
        let best =
            pieces.get(&(ORACLE, seed)).and_then(|piece| piece.figures.rows.get(&Row::Collected10d).copied());
        for name in runs {
            let rows = pieces.get_mut(&(*name, seed)).map(|piece| &mut piece.figures.rows);
            if let (Some(best), Some(rows)) = (best, rows) {
                let own = rows.get(&Row::Collected10d).copied().unwrap_or(0.0);
                rows.insert(Row::Regret, best - own);
            }
        }
    }
}

fn together(
    world: &World,
    options: &Options,
    wanted: &[(&'static str, &'static str)],
    pieces: &mut Pieces,
) -> Comparison {
    let seeds = options.seeds as usize;
    let of = |name: &'static str| -> Vec<&Figures> {
        (0..seeds).filter_map(|seed| pieces.get(&(name, seed)).map(|piece| &piece.figures)).collect()
    };
    let ours = of(OURS);
    let mut policies: Vec<_> = wanted
        .iter()
        .map(|(name, about)| {
            let own = of(name);
            let row = |row: &Row| {
                let values: Vec<f64> =
                    own.iter().filter_map(|figures| figures.rows.get(row).copied()).collect();
                let share = |estimate: Estimate| match row.shown() {
                    Shown::Share => estimate.as_share(),
                    _ => estimate,
                };
                Estimate::of(&values).map(|estimate| (*row, share(estimate)))
            };
            let against = |row: &Row| {
                let pairs = own.iter().zip(&ours);
                let values: Vec<f64> =
                    pairs.filter_map(|(own, ours)| Some(own.rows.get(row)? - ours.rows.get(row)?)).collect();
                Estimate::of(&values).map(|estimate| (*row, estimate))
            };
            let day = |day: usize| {
                let values: Vec<f64> =
                    own.iter().filter_map(|figures| figures.curve.get(day).copied()).collect();
                Estimate::of(&values).map(Estimate::as_share)
            };
            PolicyResult {
                name,
                about,
                rows: measure::ROWS.iter().filter_map(row).collect(),
                against_ours: measure::ROWS.iter().filter_map(against).collect(),
                asked: (0..world.channels.len()).map(|channel| status_use(world, channel, &own)).collect(),
                curve: (0..10).filter_map(day).collect(),
                losses: Vec::new(),
            }
        })
        .collect();
    for policy in &mut policies {
        let mut all = Losses::new();
        for seed in 0..seeds {
            let losses = pieces.get_mut(&(policy.name, seed)).map(|piece| std::mem::take(&mut piece.losses));
            for (key, (orders, attempts)) in losses.unwrap_or_default() {
                let sum = all.entry(key).or_default();
                *sum = (sum.0 + orders, sum.1 + attempts);
            }
        }
        policy.losses = loss::rows(all);
    }
    let cascade = of_rows(pieces, PROTOTYPE_CASCADE, seeds, Row::Collected5d);
    Comparison {
        prototype_cascade_5d: Estimate::of(&cascade).map(|estimate| estimate.mean),
        world: (world.given.name.clone(), world.given.summary.clone()),
        options: options.clone(),
        channels: world.channels.iter().map(|channel| channel.capability.id.to_string()).collect(),
        policies,
    }
}

fn of_rows(pieces: &Pieces, name: &'static str, seeds: usize, row: Row) -> Vec<f64> {
    (0..seeds).filter_map(|seed| pieces.get(&(name, seed))?.figures.rows.get(&row).copied()).collect()
}

fn status_use(world: &World, channel: usize, own: &[&Figures]) -> StatusUse {
    let cap = &world.channels[channel].given.status_cap;
    let asked = || own.iter().map(|figures| figures.asked[channel]);
    let gap = asked().filter_map(|asked| asked.shortest_gap_ms).min();
    StatusUse {
        queries: asked().map(|asked| asked.queries).sum(),
        most_in_window: asked().map(|asked| asked.most_in_window).max().unwrap_or(0),
        cap_in_window: cap.per_window,
        shortest_gap_s: gap.map(|ms| ms as f64 / 1000.0),
        cap_gap_s: cap.min_gap_s,
        over_cap: asked().map(|asked| asked.over_cap).sum(),
    }
}
