//! `lockstep compare`: policies side by side on one made-up world.

mod table;

use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lockstep_evidence::compare::policy::ALL;
use lockstep_evidence::compare::world::{self, World, WorldProblem};
use lockstep_evidence::compare::{Comparison, Options, compare};

use crate::cli::CompareArgs;
use crate::foundation::StartProblem;

/// Runs the comparison, or lists and prints what there is to run.
///
/// # Errors
/// [`StartProblem`] that says what is wrong with the world, the options or a file.
pub fn run(args: &CompareArgs) -> Result<(), StartProblem> {
    if args.list_worlds {
        return say(&table::worlds(&world::names()));
    }
    if args.list_policies {
        return say(&table::policies(&ALL));
    }
    if let Some(name) = &args.print_world {
        let text = world::text_of(name).map_err(|problem| StartProblem::Usage(problem.to_string()))?;
        return say(text.trim_end());
    }
    let world = load(&args.world)?;
    let options = Options {
        seeds: args.seeds,
        first_seed: args.seed,
        orders: args.orders,
        days: args.days,
        policies: args.policies.clone(),
        explain: args.explain,
        threads: args.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            usize::from,
        ),
    };
    let policies = if options.policies.is_empty() { ALL.len() } else { options.policies.len() };
    let bar = progress(args, u64::from(options.seeds) * u64::from(options.orders) * policies as u64);
    let compared = compare(&world, &options, &|orders| bar.inc(orders));
    bar.finish_and_clear();
    let comparison = compared.map_err(|problem| StartProblem::Usage(format!("--policies: {problem}")))?;
    write_page(args, &comparison)?;
    if args.json {
        return say(&comparison.to_json().to_string());
    }
    say(&table::render(&comparison, args.lang.into()))
}

/// An embedded world by its name, or a file.
fn load(given: &str) -> Result<World, StartProblem> {
    let path = Path::new(given);
    let looks_like_a_file = path.extension().is_some() || path.components().count() > 1;
    if !looks_like_a_file {
        return world::named(given).map_err(|problem| StartProblem::Usage(format!("--world: {problem}")));
    }
    let wrong = |problem: String| StartProblem::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("can't be read: {error}")))?;
    World::parse(&text).map_err(|problem: WorldProblem| wrong(problem.to_string()))
}

fn write_page(args: &CompareArgs, comparison: &Comparison) -> Result<(), StartProblem> {
    let Some(path) = &args.html else { return Ok(()) };
    let page = lockstep_evidence::compare::page(comparison, args.lang.into());
    std::fs::write(path, page).map_err(|error| StartProblem::File {
        path: path.clone(),
        problem: format!("can't be written: {error}"),
    })
}

fn say(text: &str) -> Result<(), StartProblem> {
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| StartProblem::Usage(format!("the table can't be written: {error}")))
        }
    }
}

fn progress(args: &CompareArgs, orders: u64) -> ProgressBar {
    let bar = ProgressBar::new(orders);
    if args.json || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} orders  {eta} left") {
        bar.set_style(style);
    }
    bar
}
