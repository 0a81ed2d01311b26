//! `lockstep bench`: how fast the whole of it is, measured on the server of production over HTTP.

mod args;
mod book;
mod channel;
mod client;
mod figures;
mod latency;
mod load;
mod machine;
mod place;
mod receiver;
mod server;
mod settling;
mod table;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{KeyScope, Queries};

pub use self::args::BenchArgs;
use self::book::Verdict;
use self::channel::YesChannel;
use self::client::Door;
use self::figures::{Counted, Figures};
use self::load::Plan;
use self::place::Folder;
use self::server::Server;
use self::settling::Settling;
use crate::admin;
use crate::clock::{SystemSeeds, machine_now, stopwatch};
use crate::foundation::{Foundation, StartProblem};
use crate::house;

const LENDER: &str = "Bench Credit";
/// After the last answer, payments that are accepted get this long without any news before they count as lost.
const NO_NEWS: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

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
    let mut config = folder.config();
    let foundation = place::open(args, &mut config).await?;
    let channel = Arc::new(YesChannel::default());
    let server = Server::start(&foundation, &config, channel.clone()).await?;
    let settling = Settling::new();
    let plan = Box::pin(prepare(args, &foundation, &server, settling.clone())).await?;
    channel.answers_after(args.channel_latency_ms);
    let queries: Arc<dyn Queries> = foundation.store.clone();
    let listening = tokio::spawn(settling.clone().listen(server.engine.changes(), queries.clone()));
    let before = machine::read(folder.path());
    let start = stopwatch();
    let sent = load::send(Plan { start, ..plan }, args.clients).await;
    let ended = all_settled(&settling, sent.accepted.len() as u64).await;
    let after = machine::read(folder.path());
    listening.abort();
    let counted = Counted {
        store: args.store.as_str(),
        clients: args.clients,
        settled: settling.settled().0,
        wall: ended.saturating_duration_since(start),
        accept: &sent.times,
        settle: &settling.times(),
        readings: (before, after),
        memory_mib: machine::memory_mib(),
        errors: sent.errors,
    };
    let figures = Figures::of(counted);
    let verdict = book::read(queries.as_ref(), &sent.accepted).await?;
    server.stop().await;
    Ok((figures, verdict))
}

/// Makes everything that has to be there before the first call is measured.
async fn prepare(
    args: &BenchArgs,
    foundation: &Foundation,
    server: &Server,
    settling: Settling,
) -> Result<Plan, StartProblem> {
    let now = machine_now();
    let run = run_name(args.seed, now);
    let tenant = house::tenant(foundation, LENDER, now, &SystemSeeds).await?;
    let (_, key) = admin::new_key(foundation, tenant.id, "bench", &[KeyScope::Read, KeyScope::Write]).await?;
    let driver = book::driver(foundation, &server.engine, &tenant);
    let payers = book::bind(&driver, args.bindings, args.seed).await?;
    book::fill(&driver, &payers, args.stored, &run, now).await?;
    book::endpoint(foundation.store.as_ref(), tenant.id, now).await?;
    let mut bearer = HeaderValue::try_from(format!("Bearer {key}"))
        .map_err(|error| StartProblem::Usage(format!("the key can't be sent: {error}")))?;
    bearer.set_sensitive(true);
    Ok(Plan {
        door: Arc::new(Door { address: server.address, bearer }),
        payers: payers.iter().map(|payer| (payer.borrower, payer.binding)).collect(),
        payments: args.payments,
        rate: args.rate,
        start: stopwatch(),
        run,
        due_at: now.to_rfc3339(),
        seed: args.seed,
        settling,
    })
}

/// References of a run are its own, so that a folder can be used again. In letters: one in ten long numbers has the
/// check digit of a card, and no card number may be a reference.
fn run_name(seed: u64, now: Timestamp) -> String {
    let letter = |digit: u8| if digit.is_ascii_digit() { char::from(digit - b'0' + b'a') } else { '-' };
    format!("{seed}-{}", now.as_millis()).bytes().map(letter).collect()
}

/// Waits until everything accepted has settled, or nothing moves any more. When the last one did.
async fn all_settled(settling: &Settling, accepted: u64) -> Instant {
    let mut news = (0, stopwatch());
    loop {
        let (settled, last) = settling.settled();
        if settled != news.0 {
            news = (settled, stopwatch());
        }
        if settled >= accepted || news.1.elapsed() > NO_NEWS {
            return last.unwrap_or_else(stopwatch);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
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

    #[tokio::test]
    async fn it_waits_for_what_is_accepted_and_no_longer() {
        let began = stopwatch();
        all_settled(&Settling::new(), 0).await;
        assert!(began.elapsed() < NO_NEWS);
    }
}
