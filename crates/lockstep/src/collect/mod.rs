//! `lockstep collect`: the main job, on the user's own file.

pub mod input;
mod output;
mod real;

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lockstep_core::catalogue::Lang;
use lockstep_core::payment::PaymentStatus;
use lockstep_core::time::{Timestamp, Zone};
use lockstep_engine::port::{Fault, OwnedBy, Page, PaymentFilter};
use lockstep_sim::sandbox::{Truth, World};

use self::input::DueList;
use crate::bank::Keep;
use crate::cli::CollectArgs;
use crate::clock::{SystemSeeds, machine_now, stopwatch};
use crate::config::Config;
use crate::drive::{Driver, Started};
use crate::figures::{self, OrderResult};
use crate::foundation::{StartProblem, configuration};
use crate::house::{House, Plan};
use crate::report::{Report, print};
use crate::table::Heading;

/// The lender that the command line acts for.
pub const LENDER: &str = "Lender";
/// How often a run in virtual time looks whether everything has ended.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// A run in virtual time ends this long after its first due day; what falls due later is "not yet".
const HORIZON: Duration = Duration::from_secs(60 * 86_400);
/// Under way, or planned.
const LIVE: [PaymentStatus; 3] = [PaymentStatus::Trying, PaymentStatus::Unknown, PaymentStatus::Waiting];

/// Collects a due list.
///
/// # Errors
/// [`StartProblem`] that says what is wrong. Wrong rows are no error.
pub fn run(args: &CollectArgs) -> Result<(), StartProblem> {
    let watch = stopwatch();
    let mut config = configuration(&args.place)?;
    config.server.node.get_or_insert_with(|| "collect".to_owned());
    let rejects = args.rejects.clone().unwrap_or_else(|| beside(&args.out));
    keep_apart([&args.file, &args.out, &rejects])?;
    let mut list = read(&args.file)?;
    list.reject_unknown_channels(&channel_names(&config));
    output::write_rejects(&rejects, &list.rejects).map_err(|error| file_problem(&rejects, &error))?;
    if list.rows.is_empty() && !list.rejects.is_empty() {
        let words = format!("every row was rejected; {} says why", rejects.display());
        return Err(StartProblem::File { path: args.file.clone(), problem: words });
    }
    let (rejected, total) = (list.total - list.rows.len() as u64, list.total);
    let collected = if config.channels.is_empty() {
        in_virtual_time(args, &config, list)?
    } else {
        real::run(args, &config, list)?
    };
    output::write_results(&args.out, &collected.results).map_err(|error| file_problem(&args.out, &error))?;
    let figures = figures::count(&collected.results, &collected.unknown_seen);
    let lang: Lang = args.lang.into();
    let title = match lang {
        Lang::ZhCn => {
            format!("{}：{total} 行，其中 {rejected} 行有误（见 {}）", args.file.display(), rejects.display())
        }
        Lang::En => {
            format!("{}: {total} rows, {rejected} rejected (see {})", args.file.display(), rejects.display())
        }
    };
    let doubled = collected.truth.as_ref().map(|truth| truth.double_debits.len() as u64);
    let report = Report {
        figures,
        truth: collected.truth.unwrap_or_default(),
        seed: args.seed,
        virtual_days: collected.virtual_days,
        rejected,
        wall: watch.elapsed(),
    };
    print(&report, &Heading { title, double_debits: doubled, lang }, args.json)
}

/// What came of a run.
pub(crate) struct Collected {
    pub(crate) results: Vec<OrderResult>,
    pub(crate) unknown_seen: std::collections::BTreeMap<String, u64>,
    /// The banks' own books, where they are the sandbox's.
    pub(crate) truth: Option<Truth>,
    pub(crate) virtual_days: u32,
}

fn read(path: &Path) -> Result<DueList, StartProblem> {
    let file = File::open(path).map_err(|error| file_problem(path, &error))?;
    let today = machine_now().day_in(Zone::shanghai());
    input::read(BufReader::new(file), today)
        .map_err(|problem| StartProblem::File { path: path.to_owned(), problem: problem.to_string() })
}

fn file_problem(path: &Path, error: &std::io::Error) -> StartProblem {
    StartProblem::File { path: path.to_owned(), problem: error.to_string() }
}

/// The due list must not be overwritten by what is made of it.
fn keep_apart(paths: [&Path; 3]) -> Result<(), StartProblem> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let [file, out, rejects] = paths.map(real);
    if file == out || file == rejects || out == rejects {
        let words = "the due list, the results and the rejects must be three different files";
        return Err(StartProblem::Usage(words.to_owned()));
    }
    Ok(())
}

/// Channels that a row may name.
fn channel_names(config: &Config) -> Vec<String> {
    if config.channels.is_empty() {
        lockstep_sim::capabilities().iter().map(|capability| capability.id.to_string()).collect()
    } else {
        config.channels.iter().map(|channel| channel.capability.id.to_string()).collect()
    }
}

fn beside(out: &Path) -> PathBuf {
    out.with_extension("rejects.csv")
}

fn in_virtual_time(args: &CollectArgs, config: &Config, list: DueList) -> Result<Collected, StartProblem> {
    let start = first_morning(&list);
    let world = World {
        seed: args.seed,
        no_funds_permille: 62,
        income_after_days: 6,
        frozen_permille: 8,
        lost_permille: 7,
        closed_permille: 10,
        trouble_after_days: 1,
        phone_mismatch_permille: 12,
        ..World::default()
    };
    let plan = Plan {
        config,
        world,
        keep: Keep::BeforeAnswering,
        start,
        seeds: Arc::new(SystemSeeds),
        tenant: LENDER,
    };
    let mut house = House::open(plan)?;
    let begun = house.clock().now();
    let horizon = start.plus(HORIZON).max(begun);
    let driver = house.driver(args.again);
    let bar = progress(args.json, list.rows.len());
    bar.println("No channel is configured: these are the sandbox's banks, and time runs fast.");
    let (clock, counting) = (house.clock(), bar.clone());
    let rows = list.rows;
    let main = async move {
        let started = driver.start_all(rows, |count| counting.inc(count as u64)).await?;
        while any_payment(&driver, &LIVE).await? && clock.now() < horizon {
            clock.sleep_until(clock.now().plus(LOOK_EVERY)).await;
        }
        look_up(&driver, started).await
    };
    let outcome = house.run(main, |now| {
        bar.set_message(now.to_rfc3339());
    });
    bar.finish_and_clear();
    let (results, unknown_seen) = outcome.map_err(|deadlock| StartProblem::Usage(deadlock.to_string()))??;
    let truth = house.banks.with(|sandbox| sandbox.truth());
    let passed = house.clock().now().since(begun).as_secs().div_ceil(86_400);
    let virtual_days = u32::try_from(passed).unwrap_or(u32::MAX);
    Ok(Collected { results, unknown_seen, truth: Some(truth), virtual_days })
}

/// Eight in the morning of the first due day.
fn first_morning(list: &DueList) -> Timestamp {
    let zone = Zone::shanghai();
    let first = list.rows.iter().map(|row| row.due_at).min().unwrap_or_else(machine_now);
    zone.moment(first.day_in(zone), 8 * 60).min(first)
}

/// Whether the lender has a payment that stands in one of these ways.
async fn any_payment(driver: &Driver, statuses: &[PaymentStatus]) -> Result<bool, Fault> {
    for status in statuses {
        let owner = OwnedBy { tenant: driver.tenant.id, borrower: None };
        let filter = PaymentFilter { owner, order: None, status: Some(*status), from: None, until: None };
        if !driver.queries.payments(&filter, &Page { after: None, limit: 1 }).await?.rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

type LookedUp = (Vec<OrderResult>, std::collections::BTreeMap<String, u64>);

async fn look_up(driver: &Driver, started: Vec<Started>) -> Result<LookedUp, Fault> {
    let results =
        figures::results(driver.queries.as_ref(), driver.tenant.id, driver.engine.channels(), started)
            .await?;
    let seen = figures::unknown_seen(driver.queries.as_ref(), &results).await?;
    Ok((results, seen))
}

fn progress(hidden: bool, rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(rows as u64);
    if hidden || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} rows started  {msg}") {
        bar.set_style(style);
    }
    bar
}
