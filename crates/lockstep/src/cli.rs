//! The command line: one definition of every command and flag, with help that teaches.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use lockstep_core::catalogue::Lang;

use crate::bench::BenchArgs;
use crate::config::{API_ADDRESS, SANDBOX_ADDRESS};
use crate::replay_cli::ReplayArgs;

/// Keeps bank, platform and borrower in step: binds cards, collects what is due, never debits twice, never loses
/// an answer, and says why when something fails.
#[derive(Debug, Parser)]
#[command(
    name = "lockstep",
    version,
    arg_required_else_help = true,
    after_help = "Start here:\n  lockstep demo                                  see it work, no set-up needed\n  lockstep collect examples/due-list.csv --out results.csv\n  lockstep replay examples/attempts.csv          what your own log says about other choices\n  lockstep serve                                 the API, with sandbox banks until channels are configured\n  lockstep doctor                                what is wrong with this installation\n  lockstep simulate                              20,000 payments while everything fails\n  lockstep compare                               ours next to what you could have instead\n  lockstep bench                                 how fast it is on this machine\n\nEverything listens on this machine only unless told otherwise. Data lies in ./lockstep-data."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect a made-up due list from sandbox banks that slow down, fail and lose answers; then keep the API up.
    Demo(DemoArgs),
    /// Collect a due list from a CSV file. May be killed and run again at any time.
    Collect(CollectArgs),
    /// What a log of attempts says: why payments failed, and what other choices would have collected.
    Replay(Box<ReplayArgs>),
    /// Serve the API.
    Serve(ServeArgs),
    /// The sandbox banks: serve them alone, look at them, break them.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Say what is wrong with the configuration, files, keys, clock, database and channels.
    Doctor(DoctorArgs),
    /// Lenders.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// A lender's own rules about channels: look at them, check a file of them.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Receive webhooks on this machine, verify and print them.
    Listen(ListenArgs),
    /// Bring the database's schema up to date, before a new release serves on it; or say what is missing.
    Migrate(MigrateArgs),
    /// Who shares the database, and how much each looks after.
    Nodes(NodesArgs),
    /// Carry everything from the embedded database over to PostgreSQL.
    Move(MoveArgs),
    /// Copy the database while it is in use.
    Backup(BackupArgs),
    /// What is stored, as files for other eyes.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Policies side by side on one made-up world: what lenders do today, what they could install, ours.
    Compare(CompareArgs),
    /// How fast it is here: payments per second, times, processor, disk and memory.
    Bench(BenchArgs),
    /// Break everything at once, thousands of times, and compare our books with the banks'.
    Simulate(lockstep_simulate::command::SimulateArgs),
}

/// Where things are kept and configured.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Configuration file. Default: lockstep.toml if it is there.
    #[arg(long, value_name = "FILE", env = "LOCKSTEP_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of database and key file. Default: from the configuration, else ./lockstep-data.
    #[arg(long, value_name = "FOLDER", env = "LOCKSTEP_DATA")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database (15 or newer) instead of the embedded one: postgres://user:password@host/database. With a
    /// password, give it by the environment or in the configuration: others see a command's arguments.
    #[arg(long, value_name = "URL", env = "LOCKSTEP_DATABASE", hide_env_values = true)]
    pub database: Option<crate::config::DatabaseUrl>,
}

impl Place {
    /// What was named by flag or environment stands above the configuration.
    pub fn override_in(&self, config: &mut crate::config::Config) {
        if let Some(data) = &self.data {
            config.data.dir.clone_from(data);
        }
        if let Some(database) = &self.database {
            config.data.database = Some(database.clone());
        }
    }
}

/// Language of tables.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Language {
    /// 中文
    #[value(name = "zh-CN", alias = "zh")]
    ZhCn,
    /// English
    #[value(name = "en")]
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::ZhCn => Self::ZhCn,
            Language::En => Self::En,
        }
    }
}

/// `lockstep demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Orders on the due list.
    #[arg(long, default_value_t = 2400, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub orders: u32,
    /// Borrowers who owe them.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub borrowers: u32,
    /// Days that pass, in accelerated time.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub days: u32,
    /// Exit after the table instead of keeping the API up.
    #[arg(long)]
    pub once: bool,
    /// Print the figures as one JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Language of the table.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Folder for the demo's data; what a former demo left there is removed.
    #[arg(long, value_name = "FOLDER", default_value = "demo-data")]
    pub data: PathBuf,
    /// Where the API listens afterwards.
    #[arg(long, default_value = API_ADDRESS)]
    pub listen: SocketAddr,
    /// Where the sandbox listens afterwards.
    #[arg(long, default_value = SANDBOX_ADDRESS)]
    pub sandbox_listen: SocketAddr,
}

/// `lockstep collect`
#[derive(Debug, Args)]
#[command(
    after_help = "Columns (first line of the file, any order, UTF-8):\n  order        your name for the order, unique in the file, up to 64 characters   required\n  borrower     your name for the borrower, up to 64 characters                     required\n  amount       decimal without grouping, e.g. 1250.00                              required\n  due_date     2026-03-02 (falls due at 09:00 Shanghai time) or RFC 3339           required\n  currency     ISO 4217; CNY if empty\n  binding      id of an existing binding; or a card to bind:\n  card_number  holder_name  id_number  mobile                                      the four elements\n  channels     in order of preference, separated by semicolons; empty for all\n\nA wrong row gets a line in the rejects file naming row, field and fix; the rest go on. Without configured channels the\nsandbox's banks are used and time runs fast. Run it again with the same file after a kill: nothing is collected twice."
)]
pub struct CollectArgs {
    /// The due list.
    pub file: PathBuf,
    /// Where the results go (CSV).
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where rejected rows go (CSV). Default: the results file with .rejects.csv.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Try orders again whose payment ended without money in an earlier run.
    #[arg(long)]
    pub again: bool,
    /// With real channels: stay until every payment has ended instead of until nothing moves at once.
    #[arg(long)]
    pub wait: bool,
    /// Seed of the sandbox's banks.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the figures as one JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Language of the table.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where the API listens. Default: from the configuration, else 127.0.0.1:7300.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// This node's name, when several share a database. A process that starts under the same name takes its place. Default:
    /// the machine's name and the address it listens on.
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Where the other nodes reach this one's API, when several share a database. Default: made from where it listens.
    #[arg(long, value_name = "URL")]
    pub advertise: Option<String>,
    /// Where the built-in sandbox listens, when no channel is configured.
    #[arg(long, default_value = SANDBOX_ADDRESS)]
    pub sandbox_listen: SocketAddr,
    /// Use a sandbox that runs elsewhere (lockstep sandbox serve) instead of the built-in one.
    #[arg(long, value_name = "URL")]
    pub sandbox_at: Option<String>,
    /// Allow webhooks to plain HTTP and private addresses. For tests on one machine only.
    #[arg(long)]
    pub allow_private_webhooks: bool,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep nodes`
#[derive(Debug, Args)]
pub struct NodesArgs {
    /// Print JSON instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Language of the table.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep rules`
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Show the rules in force. The server has to be stopped: one process per data folder.
    Show {
        /// The lender's id; may be left out while there is only one.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
    /// Check a file of rules (JSON, as PUT /v1/routing_rules takes them, or TOML) against the configured channels.
    Check {
        /// The file.
        file: PathBuf,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
}

/// `lockstep sandbox`
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the sandbox's banks alone.
    Serve {
        /// Where they listen.
        #[arg(long, default_value = SANDBOX_ADDRESS)]
        listen: SocketAddr,
        /// Where their memory is kept.
        #[arg(long, value_name = "FOLDER", default_value = "sandbox-data")]
        data: PathBuf,
        /// The API that notices are sent to.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7300")]
        callbacks_to: String,
        /// Seed of what accounts nobody described turn out to be.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Show an account, or change it: lockstep sandbox account 6222… --state frozen
    Account {
        /// Its number.
        number: String,
        /// normal, frozen, lost, locked, closed, dormant or expired.
        #[arg(long)]
        state: Option<String>,
        /// New balance in minor units.
        #[arg(long)]
        balance_minor: Option<i64>,
        /// New reserved phone.
        #[arg(long)]
        mobile: Option<String>,
        /// Where the sandbox is.
        #[arg(long, default_value = "http://127.0.0.1:7311")]
        at: String,
    },
    /// Break a channel: lockstep sandbox fault unionpay lose_answer --permille 300 --for-s 300
    Fault {
        /// unionpay, netsunion or bankdirect.
        channel: String,
        /// down, flapping, slow, lose_request, lose_answer, execute_then_timeout, late_execution, malformed_body,
        /// html_page, wrong_amount, wrong_order, wrong_signature, lies_not_found, stale_query, duplicate_callbacks,
        /// drop_callbacks, delay_callbacks, reorder_callbacks, early_callbacks, server_error, slow_body,
        /// duplicate_request, denies_in_window or cross_talk.
        kind: String,
        /// In so many of 1,000 calls.
        #[arg(long)]
        permille: Option<u32>,
        /// Only the next so many times.
        #[arg(long)]
        times: Option<u32>,
        /// Only in this call: pay, pay_query, pay_reverse, statement, sign_code, sign_confirm,
        /// sign_query, sign_cancel.
        #[arg(long)]
        call: Option<String>,
        /// A value of the fault, e.g. --set extra_ms=3000 (slow), delay_s=60 (late_execution), copies=2.
        #[arg(long, value_name = "NAME=NUMBER")]
        set: Vec<String>,
        /// For so many seconds.
        #[arg(long)]
        for_s: Option<u64>,
        /// Where the sandbox is.
        #[arg(long, default_value = "http://127.0.0.1:7311")]
        at: String,
    },
    /// Take all faults back.
    Heal {
        /// Where the sandbox is.
        #[arg(long, default_value = "http://127.0.0.1:7311")]
        at: String,
    },
    /// The codes that banks texted to a phone.
    Messages {
        /// The phone.
        mobile: String,
        /// Where the sandbox is.
        #[arg(long, default_value = "http://127.0.0.1:7311")]
        at: String,
    },
    /// What the banks themselves say was debited.
    Truth {
        /// Where the sandbox is.
        #[arg(long, default_value = "http://127.0.0.1:7311")]
        at: String,
    },
}

/// `lockstep doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print findings as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep tenant`
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Add a lender and print its first API key (shown once).
    Add {
        /// Its name: the payee that mandates name.
        name: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
    /// List lenders.
    List {
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
}

/// `lockstep key`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key for a lender and print it (shown once).
    Create {
        /// The lender's id.
        tenant: String,
        /// What to call the key.
        #[arg(long, default_value = "cli")]
        name: String,
        /// read, write, refund, admin, approve; several separated by commas.
        #[arg(long, default_value = "read,write,refund,admin", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
    /// List a lender's keys.
    List {
        /// The lender's id.
        tenant: String,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key.
    Revoke {
        /// The lender's id.
        tenant: String,
        /// The key's id.
        key: String,
        /// Where things are kept.
        #[command(flatten)]
        place: Place,
    },
}

/// `lockstep listen`
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:7322")]
    pub listen: SocketAddr,
    /// The endpoint's signing secret (whsec_…).
    #[arg(long, env = "LOCKSTEP_WEBHOOK_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
}

/// `lockstep migrate`
#[derive(Debug, Args)]
#[command(
    after_help = "A distributed PostgreSQL: bring the schema up to date, stop the servers, distribute, start them again.\n  lockstep migrate\n  lockstep migrate --distribute --dry-run\n  lockstep migrate --distribute\nIt can be stopped and started again: what is distributed already is left. Tables that a later release adds follow by themselves."
)]
pub struct MigrateArgs {
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Spread the tables over the machines of a PostgreSQL with Citus, by bucket; small ones are copied to each.
    #[arg(long)]
    pub distribute: bool,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep move`
#[derive(Debug, Args)]
#[command(
    after_help = "Everything goes over in one transaction, is read back and compared, and only then kept; killed at any moment it can be started\nagain. Stop the server first: the file belongs to one process. Afterwards the file is marked as moved and serves no more, so\nthat nobody collects from both. The key file stays where it is and belongs to the new database, too.\n\nExample:\n  lockstep move --from sqlite:lockstep-data/lockstep.db --to postgres://lockstep@db.internal/lockstep\n  lockstep serve --database postgres://lockstep@db.internal/lockstep"
)]
pub struct MoveArgs {
    /// The embedded database: sqlite:FILE.
    #[arg(long, value_name = "sqlite:FILE", value_parser = sqlite_file)]
    pub from: PathBuf,
    /// An empty PostgreSQL database. With a password, give it by the environment.
    #[arg(long, value_name = "URL", env = "LOCKSTEP_DATABASE", hide_env_values = true)]
    pub to: crate::config::DatabaseUrl,
}

fn sqlite_file(text: &str) -> Result<PathBuf, &'static str> {
    text.strip_prefix("sqlite:").map(PathBuf::from).ok_or("write sqlite:FILE")
}

/// `lockstep backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where the copy goes; must not exist.
    pub target: PathBuf,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep export`
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Every attempt with the probability with which its channel was chosen: the log that `lockstep replay` judges.
    Attempts(ExportAttemptsArgs),
}

/// `lockstep export attempts`
#[derive(Debug, Args)]
#[command(
    after_help = "One row an attempt, of the newest payment first; orders and borrowers by their ids here, no names, no card numbers.\nWorks beside a running `lockstep serve`. Then:\n\n  lockstep replay attempts.csv --scheme auto --html report.html"
)]
pub struct ExportAttemptsArgs {
    /// The CSV file to write; replaced when it is whole.
    pub file: PathBuf,
    /// Whose attempts; needed where there are several lenders.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Payments made on this day or later: 2026-03-02.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Payments made before this day.
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Zone in which those days begin.
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai")]
    pub tz: String,
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
}

/// `lockstep compare`
#[derive(Debug, Args)]
#[command(
    after_help = "Every policy meets the same orders, accounts, outages and answers; they differ by their choices alone. Ours is the\nproduction core. Success is an order collected within 10 days of its due hour, in at most 8 attempts.\n\n  lockstep compare                                  all policies in the standard world\n  lockstep compare --world correlated_outage        another world (--list-worlds)\n  lockstep compare --print-world standard > mine.toml\n  lockstep compare --world mine.toml --html report.html"
)]
pub struct CompareArgs {
    /// A named world, or a file; what the file leaves out is taken from the standard world.
    #[arg(long, value_name = "NAME|FILE", default_value = "standard")]
    pub world: String,
    /// Paired worlds to run; intervals are over them.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Orders in each.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub orders: u32,
    /// Days over which they fall due.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// Policies, separated by commas; all if left out (--list-policies).
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub policies: Vec<String>,
    /// Also say where each policy loses against the oracle, by cause and by the move that would have helped.
    #[arg(long)]
    pub explain: bool,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Also write a page with charts, in one self-contained file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Threads; all processors if left out. The answer doesn't depend on it.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Language of tables and page.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// List the named worlds and stop.
    #[arg(long)]
    pub list_worlds: bool,
    /// List the policies and stop.
    #[arg(long)]
    pub list_policies: bool,
    /// Print a named world's file and stop.
    #[arg(long, value_name = "NAME")]
    pub print_world: Option<String>,
}
