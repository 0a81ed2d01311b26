//! `lockstep bench` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::Language;
use crate::config::DatabaseUrl;

/// Which database is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// The embedded one: a file of this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl StoreKind {
    /// As typed and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// `lockstep bench`
#[derive(Debug, Args)]
#[command(
    after_help = "The server of production runs in this process: API on a loopback port, engine, real clock, every commit on disk\nbefore it is answered. Clients create an order and a payment for it over kept connections; the channel says yes after a\nfixed time. Only the bank and the webhook's receiver are made up. Clients and server share this machine's processors.\n\n  lockstep bench                                      20,000 payments, 64 clients, each waits for its payment to settle\n  lockstep bench --clients 256                        how much it can do\n  lockstep bench --rate 2000 --clients 256            how quick it is at 2,000 payments a second, whatever it answers\n  lockstep bench --stored 1000000 --data /disk/bench  on a book that is full already\n  lockstep bench --data /disk/bench                   again on what lies there\n  lockstep bench --json                               one JSON object\n  lockstep bench --store postgres --against-pgbench   in turns with PostgreSQL's own benchmark on the same server\n\nWith --rate, times count from the moment at which a payment was to be sent, so a server that stalls isn't flattered.\nAfterwards the book is read: unless everything accepted is settled and the ledger sums to zero, the exit status is 1."
)]
pub struct BenchArgs {
    /// The database to measure.
    #[arg(long, value_enum, default_value = "sqlite")]
    pub store: StoreKind,
    /// The server to measure with --store postgres: an empty database, or one that a former run left.
    #[arg(long, value_name = "URL", env = "LOCKSTEP_DATABASE", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,
    /// Payments to make.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub payments: u32,
    /// Clients, each with a connection of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub clients: u32,
    /// Payments to send per second, come what may. Left out, a client sends its next one when the last has settled.
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Instruments to bind beforehand, one a borrower; payments go round them.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub bindings: u32,
    /// Payments to have in the book before measuring; they don't go over HTTP.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub stored: u32,
    /// How long the channel takes for every answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=5000))]
    pub channel_latency_ms: u32,
    /// Take turns with pgbench on the same server (its own script, scale 50, 32 clients), half of the payments a turn,
    /// and say how many payments settle for each of its transactions.
    #[arg(long, requires = "database")]
    pub against_pgbench: bool,
    /// Folder for the data, which is kept and may be used again. Left out: a temporary one, removed at the end.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Seed of the borrowers and amounts.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the figures as one JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Language of the table.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
}
