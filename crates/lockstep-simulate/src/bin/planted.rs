//! The simulator's own build: the same simulator with bugs that can be planted, one at a time. Never shipped.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lockstep_core::planted::{self, Bug};
use lockstep_simulate::command::{SimulateArgs, simulate};
use lockstep_simulate::suite::{self, SuitePlan};

/// Proves that the simulator sees: plants bugs, one at a time, and looks whether they are caught.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every planted bug has to be caught, the canary in the first world, and worlds without a bug have to be clean.
    /// Exit status 1 when not.
    Suite {
        /// Only these bugs, by name.
        #[arg(long, value_delimiter = ',', value_parser = bug)]
        only: Vec<Bug>,
        /// Worlds that are tried for each bug at most.
        #[arg(long, default_value_t = 2_000)]
        most_seeds: u64,
        /// Payments of one world.
        #[arg(long, default_value_t = 40)]
        per_world: usize,
        /// Worlds without a bug.
        #[arg(long, default_value_t = 100)]
        clean_worlds: u64,
        /// Threads. Default: one for each core.
        #[arg(long)]
        threads: Option<usize>,
        /// Print the rows as JSON.
        #[arg(long)]
        json: bool,
    },
    /// `lockstep simulate` with a bug planted.
    Simulate {
        /// The bug, by name.
        #[arg(long, value_parser = bug)]
        plant: Option<Bug>,
        /// As for `lockstep simulate`. One thread only: the bug is planted in the thread.
        #[command(flatten)]
        args: Box<SimulateArgs>,
    },
    /// List the bugs.
    List,
}

fn bug(word: &str) -> Result<Bug, String> {
    Bug::named(word).ok_or_else(|| "is no planted bug; `list` lists them".to_owned())
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Suite { only, most_seeds, per_world, clean_worlds, threads, json } => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let bugs = if only.is_empty() { Bug::ALL.to_vec() } else { only };
            let threads = threads.unwrap_or(cores);
            let plan = SuitePlan { bugs, most_seeds, per_world, clean_worlds, threads };
            if !json {
                print!("{}", suite::heading());
            }
            let rows = suite::run(&plan, |caught| {
                if !json {
                    print!("{}", suite::row(caught));
                }
            });
            if json {
                println!("{}", serde_json::to_string_pretty(&rows).unwrap_or_default());
            }
            if suite::is_good(&rows) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Command::Simulate { plant, args } => {
            planted::plant(plant);
            simulate(&SimulateArgs { threads: Some(1), ..*args })
        }
        Command::List => {
            Bug::ALL.iter().for_each(|bug| println!("{}", bug.name()));
            ExitCode::SUCCESS
        }
    }
}
