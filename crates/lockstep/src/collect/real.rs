//! Collecting through configured channels, in real time.

use std::sync::Arc;
use std::time::Duration;

use lockstep_engine::port::Clock;

use super::input::DueList;
use super::{Collected, LENDER, LIVE, any_payment, look_up, progress};
use crate::cli::CollectArgs;
use crate::clock::{SystemClock, SystemSeeds};
use crate::config::Config;
use crate::drive::Driver;
use crate::foundation::{self, Mode, StartProblem};
use crate::{house, serve};

const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(args: &CollectArgs, config: &Config, list: DueList) -> Result<Collected, StartProblem> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| StartProblem::Usage(format!("the runtime could not be started: {error}")))?;
    runtime.block_on(collect(args, config, list))
}

async fn collect(args: &CollectArgs, config: &Config, list: DueList) -> Result<Collected, StartProblem> {
    let foundation = foundation::open(config, Mode::Served).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let engine = serve::engine(&foundation, config, &config.channels, clock.clone())?;
    crate::rules::put_in_force(&foundation, &engine).await?;
    let tenant = house::tenant(&foundation, LENDER, clock.now(), &SystemSeeds).await?;
    let driver = Driver {
        engine: engine.clone(),
        queries: foundation.store.clone(),
        shelf: foundation.store.clone(),
        vault: foundation.vault.clone(),
        codes: foundation.codes.clone(),
        tenant,
        borrowers: None,
        again: args.again,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        engine
            .run(async {
                // A dropped sender means stop, too.
                let _ = stopped.await;
            })
            .await;
    });
    let bar = progress(args.json, list.rows.len());
    let collected = async {
        let started = driver.start_all(list.rows, |count| bar.inc(count as u64)).await?;
        // Attempts under way or being asked about; with --wait, planned ones too.
        let statuses = if args.wait { &LIVE[..] } else { &LIVE[..2] };
        while any_payment(&driver, statuses).await? {
            clock.sleep_until(clock.now().plus(LOOK_EVERY)).await;
        }
        look_up(&driver, started).await
    };
    let collected = collected.await;
    drop(stop);
    // The loop answers for its own end; what it could not finish is durable.
    let _ = running.await;
    bar.finish_and_clear();
    let (results, unknown_seen) = collected?;
    Ok(Collected { results, unknown_seen, truth: None, virtual_days: 0 })
}
