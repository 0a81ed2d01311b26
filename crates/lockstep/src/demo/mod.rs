//! The demo: a made-up lender's due list, collected from sandbox banks that misbehave, in accelerated time.

mod story;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lockstep_core::time::{Timestamp, Zone};

use crate::admin;
use crate::bank::{self, Keep};
use crate::cli::DemoArgs;
use crate::clock::{SeededSeeds, SystemSeeds, machine_now, stopwatch};
use crate::config::{Config, DataConfig};
use crate::figures;
use crate::foundation::{self, Mode, StartProblem};
use crate::house::{self, House, Plan};
use crate::report::{Report, print};
use crate::serve::{self, Serving};
use crate::table::Heading;

/// The demo's lender.
pub const LENDER: &str = "Sunrise Credit 晨光信贷";
/// The demo begins on this morning, whatever today is: 2026-03-02 08:00 in Shanghai. A fixed calendar makes a seed
/// repeat everything, ids included.
const FIRST_MORNING: Timestamp = Timestamp::from_millis(1_772_409_600_000);

/// Runs the demo up to its table.
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
pub fn run(args: &DemoArgs) -> Result<(), StartProblem> {
    let watch = stopwatch();
    if !args.once {
        free(args.listen)?;
        free(args.sandbox_listen)?;
    }
    clear(&args.data)?;
    let config =
        Config { data: DataConfig { dir: args.data.clone(), ..DataConfig::default() }, ..Config::default() };
    let start = FIRST_MORNING;
    let plan = Plan {
        config: &config,
        world: story::world(args.seed),
        keep: Keep::AtTheEnd,
        start,
        seeds: Arc::new(SeededSeeds::new(args.seed)),
        tenant: LENDER,
    };
    let mut house = House::open(plan)?;
    let script = story::faults(start);
    house.banks.with(|sandbox| sandbox.add_faults(&script, start));
    let rows = story::due_list(args, start);
    let driver = house.driver(false);
    let clock = house.clock();
    let end = Zone::shanghai().moment(start.day_in(Zone::shanghai()), 0).plus(days(u64::from(args.days)));
    let bar = progress(args, rows.len());
    let started_bar = bar.clone();
    let main = async move {
        let started = driver.start_all(rows, |count| started_bar.inc(count as u64)).await?;
        started_bar.set_message("borrowers bound, collecting");
        clock.sleep_until(end).await;
        let book = driver.engine.channels();
        let results = figures::results(driver.queries.as_ref(), book, started).await?;
        let seen = figures::unknown_seen(driver.queries.as_ref(), &results).await?;
        Ok::<_, lockstep_engine::port::Fault>(figures::count(&results, &seen))
    };
    let mut hour = 0;
    let figures = house.run(main, |now| {
        let passed = now.since(start).as_secs() / 3600;
        if passed != hour {
            hour = passed;
            bar.set_message(format!("day {} {:02}:00, virtual time", passed / 24 + 1, (passed + 8) % 24));
            bar.tick();
        }
    });
    bar.finish_and_clear();
    let figures = figures.map_err(|deadlock| StartProblem::Usage(deadlock.to_string()))??;
    let truth = house.banks.with(|sandbox| sandbox.truth());
    bank::write_down(&config.data.sandbox(), &house.banks)?;
    let report = Report {
        figures,
        truth,
        seed: args.seed,
        virtual_days: args.days,
        rejected: 0,
        wall: watch.elapsed(),
    };
    let title =
        format!("{LENDER} · {} days in {:.1} s · seed {}", args.days, report.wall.as_secs_f64(), args.seed);
    let heading = Heading {
        title,
        double_debits: Some(report.truth.double_debits.len() as u64),
        lang: args.lang.into(),
    };
    print(&report, &heading, args.json)
}

/// Keeps the API and the sandbox up on what the demo made. The clock is the machine's from here on, so what was
/// planned for the demo's days happens now.
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn stay(args: &DemoArgs) -> Result<(), StartProblem> {
    let config =
        Config { data: DataConfig { dir: args.data.clone(), ..DataConfig::default() }, ..Config::default() };
    let foundation = foundation::open(&config, Mode::Served).await?;
    let tenant = house::tenant(&foundation, LENDER, machine_now(), &SystemSeeds).await?;
    println!("API      http://{}/v1   (OpenAPI: /openapi.json)", args.listen);
    println!("Sandbox  http://{}/sandbox/v1", args.sandbox_listen);
    admin::show_key(&foundation, &tenant).await?;
    println!("The README's tour goes on from here. Ctrl-C ends it.");
    let channels = bank::always_open(&format!("http://{}", args.sandbox_listen));
    let world = story::world(args.seed);
    let serving = Serving { listen: args.listen, sandbox: Some(args.sandbox_listen), channels, world };
    serve::serve(foundation, &config, serving).await
}

/// Better to hear of a taken port before the demo than after it.
fn free(address: std::net::SocketAddr) -> Result<(), StartProblem> {
    std::net::TcpListener::bind(address).map(drop).map_err(|source| StartProblem::Listen { address, source })
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// Removes what a former demo left; refuses to touch a folder that is something else.
fn clear(folder: &std::path::Path) -> Result<(), StartProblem> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return Ok(()),
    };
    let ours =
        |name: &str| ["lockstep.db", "sandbox.db", "master.key"].iter().any(|known| name.starts_with(known));
    let names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    if let Some(strange) = names.iter().find(|name| !ours(name)) {
        return Err(StartProblem::Usage(format!(
            "{} holds {strange:?}, which no demo made. Name an empty folder with --data",
            folder.display()
        )));
    }
    for name in names {
        let path = folder.join(name);
        std::fs::remove_file(&path)
            .map_err(|error| StartProblem::File { path, problem: error.to_string() })?;
    }
    Ok(())
}

fn progress(args: &DemoArgs, rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(rows as u64);
    if args.json || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} orders  {msg}") {
        bar.set_style(style);
    }
    bar.set_message("binding cards");
    bar
}
