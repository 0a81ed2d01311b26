//! Reaching the server: where it is, TLS, a pool, and the settings that durability rests on.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod,
};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Failure;
use crate::OpenError;

/// The oldest server whose behaviour the tests know.
const OLDEST_SERVER: i32 = 150_000;
/// How long a connection may take to come about, and how long a caller waits for one that is free.
const PATIENCE: Duration = Duration::from_secs(10);
/// A transaction that a stopped process has left open is ended by the server, so that it can't hold its buckets. Shorter
/// than the silence after which another node takes over.
const LEFT_OPEN_MS: u32 = 5_000;

/// Every statement finds its rows through an index, however many there are, so each is planned once and in that way. Left
/// to itself, the server plans most of them anew at every use, for the sizes of the arrays; and a plan that it makes for
/// a table that is still empty reads all of it. Citus has to see the values to know which shard they mean, and refuses a
/// plan without them (its `distributed_planner.c`: "could not create distributed plan").
const PLANS: &str =
    "SELECT set_config('plan_cache_mode', CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
                                               THEN 'force_custom_plan' ELSE 'force_generic_plan' END, FALSE);
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off; SET jit = off";

/// What went wrong while opening, in the words of [`OpenError`].
pub(super) fn database(doing: &'static str) -> impl Fn(Failure) -> OpenError {
    move |source| OpenError::Database { doing, source: Box::new(source) }
}

/// A pool of connections to the server of a `postgres://` address.
pub(super) fn pool(url: &str, size: usize) -> Result<Pool, OpenError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::Address { problem: "it doesn't begin with postgres://".to_owned() });
    }
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        // The address may hold a password, so only what is wrong with it is said.
        OpenError::Address {
            problem: std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
        }
    })?;
    if config.get_application_name().is_none() {
        config.application_name("lockstep");
    }
    config.connect_timeout(PATIENCE);
    let options = config.get_options().unwrap_or_default();
    config.options(format!("{options} -c idle_in_transaction_session_timeout={LEFT_OPEN_MS}"));
    // Nothing is decided from a replica.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    let tls = ClientConfig::with_platform_verifier()
        .map_err(|error| OpenError::Address { problem: format!("TLS can't be used: {error}") })?;
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, MakeRustlsConnect::new(tls), manager);
    let plans = Hook::async_fn(|client: &mut ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(PLANS).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .post_create(plans)
        .max_size(size)
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .build()
        .map_err(|error| OpenError::Address { problem: error.to_string() })
}

/// Refuses a server that is too old, only a copy, or that acknowledges what it may still lose.
pub(super) async fn check_server(client: &Object) -> Result<(), OpenError> {
    let failed = database("ask the server for its settings");
    let sql =
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('fsync'),
                      current_setting('full_page_writes'), current_setting('synchronous_commit')";
    let row = client.query_one(sql, &[]).await.map_err(Failure::from).map_err(&failed)?;
    let version: i32 = row.get(0);
    if version < OLDEST_SERVER {
        return Err(OpenError::OldServer { found: version / 10_000, oldest: OLDEST_SERVER / 10_000 });
    }
    if row.get::<_, bool>(1) {
        return Err(OpenError::Replica);
    }
    for (column, setting) in [(2, "fsync"), (3, "full_page_writes"), (4, "synchronous_commit")] {
        let found: String = row.get(column);
        if found == "off" {
            return Err(OpenError::Setting { setting, wanted: "on", found });
        }
    }
    Ok(())
}
