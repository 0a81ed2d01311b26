//! `lockstep simulate`: the command line of the simulator.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;

use crate::run::{self, PER_WORLD, Plan};
use crate::story::{Shrunk, shrink};
use crate::swarm::{Kind, Swarm, Terms};

/// `lockstep simulate`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "What happens: payments are spread over worlds of 500. A world follows from one seed, on one thread, in virtual\ntime: the production loop with the production adapters, banks that are a model, a network, a disk and a clock that fail.\nOne world in six has two or three nodes that share the database.\nBorrowers bind and sign, orders fall due, machines and people collect, press twice, try now and cancel. For some hours\nanything may fail (each seed draws which faults are on and how strong); then everything is healed and has to end within a\nbound. At the end the banks' own books are compared with ours.\n\nPromises, each counted and each to be 0: double_debits, double_refunds, lost, wrong, stuck, told_missing, unexplained,\nsent_twice, forged_accepted. A world may declare a channel that denies an order beyond its own window (not_found_beyond_window): its\nsecond debits are no failure, but each has to be found; they are counted apart.\n\nExit status: 0 when every promise was kept, 1 when not. The first failing world is made smaller and told as a story, with\nthe command that runs it again.\n\nExamples:\n  lockstep simulate                                     20,000 payments\n  lockstep simulate --payments 200000 --seed 7 --json   what CI runs\n  lockstep simulate --world-seed 7000021 --story        one world, told\n  lockstep simulate --world-seed 7000021 --without crash,pause --per-world 40"
)]
pub struct SimulateArgs {
    /// Payments in all.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub payments: u32,
    /// The same seed gives the same run, to the last byte.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Payments of one world.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub per_world: u32,
    /// Run only the world of this seed.
    #[arg(long, value_name = "SEED")]
    pub world_seed: Option<u64>,
    /// Switch faults off, by name, separated by commas. --faults lists them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = kind)]
    pub without: Vec<Kind>,
    /// Processes that share the database, in every world. Default: what each seed draws, mostly one.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub nodes: Option<u8>,
    /// Tell the world of --world-seed, whether it fails or not.
    #[arg(long, requires = "world_seed")]
    pub story: bool,
    /// List the kinds of faults and exit.
    #[arg(long)]
    pub faults: bool,
    /// Threads. Default: one for each core. The result is the same with any number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::named(word).ok_or_else(|| "is no kind of fault; --faults lists them".to_owned())
}

impl SimulateArgs {
    /// What to run.
    pub fn plan(&self) -> Plan {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Plan {
            payments: usize::try_from(self.payments).unwrap_or(usize::MAX),
            terms: Terms {
                payments: usize::try_from(self.per_world).unwrap_or(PER_WORLD),
                without: self.without.iter().copied().collect(),
                nodes: self.nodes.map(usize::from),
            },
            seed: self.seed,
            world_seed: self.world_seed,
            threads: self.threads.map_or(cores, usize::from),
        }
    }
}

/// Runs it.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command's output")]
pub fn simulate(args: &SimulateArgs) -> ExitCode {
    if args.faults {
        Kind::ALL.iter().for_each(|kind| println!("{}", kind.name()));
        return ExitCode::SUCCESS;
    }
    let plan = args.plan();
    if let (Some(seed), true) = (plan.world_seed, args.story) {
        let world = Shrunk { seed, terms: plan.terms, runs: 0 };
        print!("{}", world.tell());
        return ExitCode::SUCCESS;
    }
    let started = stopwatch();
    let mut report = run::run(&plan, |_| {});
    report.finish(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        print!("{}", report.text());
    }
    if report.is_clean() {
        return ExitCode::SUCCESS;
    }
    if let Some(failed) = report.failed_worlds.first() {
        let seed = failed.world_seed;
        let swarm = Swarm::draw(seed, &plan.terms);
        eprintln!("\nworld {seed} failed with: {}\nmaking it smaller …\n", swarm.words());
        eprint!("{}", shrink(seed, &plan.terms).tell());
    }
    ExitCode::FAILURE
}

/// A stopwatch, for figures only.
#[expect(clippy::disallowed_methods, reason = "elapsed time for figures; no world can see it")]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// The faults of a list of names, for tests and tools.
pub fn kinds(names: &[&str]) -> BTreeSet<Kind> {
    names.iter().filter_map(|name| Kind::named(name)).collect()
}
