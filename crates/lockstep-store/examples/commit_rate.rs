//! How many changes a second become durable with 64 callers at once.
//!
//! `cargo run --release -p lockstep-store --features conformance --example commit_rate -- [file] [seconds]`
//!
//! Each change is a whole new order with its event and audit entry, decided from a fresh read. The file is
//! left behind.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::join_all;
use lockstep_store::SqliteStore;
use lockstep_store::conformance::World;

const CALLERS: u64 = 64;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "commit_rate.db".to_owned());
    let time = Duration::from_secs(arguments.next().map_or(Ok(5), |seconds| seconds.parse())?);
    let db = Arc::new(SqliteStore::open(&path)?);
    let run = u64::from(std::process::id());
    let begin = Instant::now();
    let changes = AtomicU64::new(0);
    let callers = (0..CALLERS).map(|caller| {
        let (db, changes) = (Arc::clone(&db), &changes);
        async move {
            let mut world = World::new(run * CALLERS + caller);
            let borrower = world.borrower(&*db, "R1").await;
            let mut number = 0_u64;
            while begin.elapsed() < time {
                world.order(&*db, borrower, &number.to_string()).await;
                number += 1;
                changes.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    block_on(join_all(callers));
    let (changes, spent) = (changes.into_inner(), begin.elapsed());
    let rate = u128::from(changes) * 1_000 / spent.as_millis().max(1);
    writeln!(
        std::io::stdout(),
        "{changes} changes in {} ms with {CALLERS} callers: {rate} a second",
        spent.as_millis()
    )?;
    Ok(())
}
