//! `lockstep bench`: how fast the whole of it is, measured on the server of production over HTTP.

mod args;
mod book;
mod channel;
mod client;
mod figures;
mod gauge;
mod latency;
mod load;
mod machine;
mod pgbench;
mod place;
mod receiver;
mod round;
mod server;
mod settling;
mod table;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use axum::http::HeaderValue;
use lockstep_core::id::{BindingId, BorrowerId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::KeyScope;

pub use self::args::BenchArgs;
use self::args::StoreKind;
use self::book::{Book, Verdict};
use self::channel::YesChannel;
use self::client::Door;
use self::figures::Figures;
use self::gauge::Gauge;
use self::load::Plan;
use self::pgbench::Pgbench;
use self::place::Folder;
use self::round::Round;
use self::server::Server;
use self::settling::Settling;
use crate::admin;
use crate::clock::{SystemSeeds, machine_now, stopwatch};
use crate::foundation::{Foundation, StartProblem};
use crate::house;

const LENDER: &str = "Bench Credit";
/// How often the load and PostgreSQL's own benchmark take turns: what else the machine does then meets both.
const TURNS: u32 = 2;

/// Measures, prints, and checks the book. The exit status is 1 when it doesn't add up.
///
/// # Errors
/// [`StartProblem`] that says what is wrong and what to do.
pub fn run(args: &BenchArgs) -> Result<ExitCode, StartProblem> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| StartProblem::Usage(format!("the runtime could not be started: {error}")))?;
    let folder = Folder::of(args);
    let (figures, verdict) = runtime.block_on(measure(args, &folder))?;
    print(args, &figures)?;
    if !args.json && machine::lies_in_memory(folder.path()) {
        complain(&format!(
            "{} lies in memory, so nothing had to reach a disk. Name a folder on a disk with --data",
            folder.path().display()
        ));
    }
    match verdict.complaint() {
        None => Ok(ExitCode::SUCCESS),
        Some(complaint) => {
            complain(&complaint);
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn measure(args: &BenchArgs, folder: &Folder) -> Result<(Figures, Verdict), StartProblem> {
    let rival = rival(args)?;
    let mut config = folder.config();
    let foundation = place::open(args, &mut config).await?;
    let gauge = Gauge::of(args, folder.path().to_owned()).await?;
    let channel = Arc::new(YesChannel::default());
    let server = Server::start(&foundation, &config, channel.clone()).await?;
    let load = Box::pin(prepare(args, &foundation, &server)).await?;
    channel.answers_after(args.channel_latency_ms);
    let (mut all, mut rates) = (Round::none(), Vec::new());
    let rounds = if rival.is_some() { TURNS } else { 1 };
    for number in 0..rounds {
        let payments = (args.payments + number) / rounds;
        let round =
            Box::pin(round::run(load.plan(args, payments), args.clients, &load.book, &server, &gauge));
        let round = round.await?;
        if let Some(rival) = &rival {
            rates.push(tokio::task::block_in_place(|| rival.transactions_per_s(round.wall))?);
        }
        all.add(round);
    }
    let figures = Figures::of(args, &all, &rates);
    let verdict = book::read(&load.book, &all.accepted).await?;
    server.stop().await;
    Ok((figures, verdict))
}

/// PostgreSQL's own benchmark, if it was asked for.
fn rival(args: &BenchArgs) -> Result<Option<Pgbench>, StartProblem> {
    match (args.against_pgbench, args.store, &args.database) {
        (false, ..) => Ok(None),
        (true, StoreKind::Postgres, Some(server)) => Pgbench::fill(server).map(Some),
        (true, ..) => Err(StartProblem::Usage("--against-pgbench needs --store postgres".to_owned())),
    }
}

/// What every round is made from.
struct Load {
    door: Arc<Door>,
    payers: Vec<(BorrowerId, BindingId)>,
    book: Book,
}

impl Load {
    fn plan(&self, args: &BenchArgs, payments: u32) -> Plan {
        let now = machine_now();
        Plan {
            door: self.door.clone(),
            payers: self.payers.clone(),
            payments,
            rate: args.rate,
            start: stopwatch(),
            run: run_name(args.seed, now),
            due_at: now.to_rfc3339(),
            seed: args.seed,
            settling: Settling::new(),
        }
    }
}

/// Makes everything that has to be there before the first call is measured.
async fn prepare(args: &BenchArgs, foundation: &Foundation, server: &Server) -> Result<Load, StartProblem> {
    let now = machine_now();
    let tenant = house::tenant(foundation, LENDER, now, &SystemSeeds).await?;
    let (_, key) = admin::new_key(foundation, tenant.id, "bench", &[KeyScope::Read, KeyScope::Write]).await?;
    let driver = book::driver(foundation, &server.engine, &tenant);
    let payers = book::bind(&driver, args.bindings, args.seed).await?;
    book::fill(&driver, &payers, args.stored, &run_name(args.seed, now), now).await?;
    book::endpoint(foundation.store.as_ref(), tenant.id, now).await?;
    let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))
        .map_err(|error| StartProblem::Usage(format!("the key can't be sent: {error}")))?;
    bearer.set_sensitive(true);
    Ok(Load {
        door: Arc::new(Door { address: server.address, bearer }),
        payers: payers.iter().map(|payer| (payer.borrower, payer.binding)).collect(),
        book: Book { queries: foundation.store.clone(), tenant: tenant.id },
    })
}

/// References of a run are its own, so that a folder can be used again. In letters: one in ten long numbers has the
/// check digit of a card, and no card number may be a reference.
fn run_name(seed: u64, now: Timestamp) -> String {
    let letter = |digit: u8| if digit.is_ascii_digit() { char::from(digit - b'0' + b'a') } else { '-' };
    format!("{seed}-{}", now.as_millis()).bytes().map(letter).collect()
}

fn print(args: &BenchArgs, figures: &Figures) -> Result<(), StartProblem> {
    let text = match args.json {
        true => serde_json::to_string(figures).map_err(|error| StartProblem::Usage(error.to_string()))?,
        false => table::render(figures, args.lang.into()),
    };
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| StartProblem::Usage(format!("the figures can't be written: {error}")))
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command's complaint, for the person who typed it")]
fn complain(complaint: &str) {
    eprintln!("lockstep: {complaint}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_a_name_without_digits() {
        let name = run_name(10, Timestamp::from_millis(1_772_409_600_000));
        assert_eq!(name, "ba-bhhceajgaaaaa");
        assert_ne!(name, run_name(10, Timestamp::from_millis(1_772_409_600_001)));
    }
}
