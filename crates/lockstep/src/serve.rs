//! `lockstep serve`: the API, the engine, and the sandbox while no channel is configured.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use lockstep_api::webhooks::WebhookSender;
use lockstep_api::{AppState, Limits, Nodes, NoticeReader, NoticeRefused};
use lockstep_channels::callback::{NoticeError, verify_notice};
use lockstep_channels::{ChannelConfig, Registry, Secrets};
use lockstep_core::channel::{ChannelBook, ChannelId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Seeds};
use lockstep_engine::{Engine, Incoming, Ports};
use lockstep_sim::http::Options;
use lockstep_sim::sandbox::World;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::bank::{self, Keep};
use crate::cli::ServeArgs;
use crate::clock::{SystemClock, SystemSeeds};
use crate::config::Config;
use crate::doors;
use crate::foundation::{self, Foundation, Mode, StartProblem, configuration};
use crate::house::incoming;

/// How long open connections may hold the end up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Where and how to serve.
pub struct Serving {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where the built-in sandbox listens; `None` for none.
    pub sandbox: Option<SocketAddr>,
    /// The channels.
    pub channels: Vec<ChannelConfig>,
    /// What the sandbox's population is like.
    pub world: World,
}

/// Serves until it is told to stop.
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
pub async fn run(args: &ServeArgs) -> Result<(), StartProblem> {
    let mut config = configuration(&args.place)?;
    config.webhooks.allow_private |= args.allow_private_webhooks;
    config.server.listen = args.listen.unwrap_or(config.server.listen);
    config.server.node = args.node.clone().or(config.server.node);
    config.server.advertise = args.advertise.clone().or(config.server.advertise);
    let foundation = foundation::open(&config, Mode::Served).await?;
    let (sandbox, channels) = match (&args.sandbox_at, config.channels.is_empty()) {
        (Some(url), _) => (None, bank::always_open(url)),
        (None, true) => {
            let url = format!("http://{}", args.sandbox_listen);
            (Some(args.sandbox_listen), bank::always_open(&url))
        }
        (None, false) => (None, config.channels.clone()),
    };
    let listen = config.server.listen;
    let serving = Serving { listen, sandbox, channels, world: World::default() };
    serve(foundation, &config, serving).await
}

/// Serves until it is told to stop, then lets what is under way finish.
///
/// # Errors
/// [`StartProblem`] when an address or a file can't be used.
pub async fn serve(foundation: Foundation, config: &Config, serving: Serving) -> Result<(), StartProblem> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let engine = engine(&foundation, config, &serving.channels, clock.clone())?;
    crate::rules::put_in_force(&foundation, &engine).await?;
    let listener = bind(serving.listen).await?;
    let mut background = tokio::task::JoinSet::new();
    if let Some(address) = serving.sandbox {
        let seeds: Arc<dyn Seeds> = Arc::new(SystemSeeds);
        let banks = bank::open(
            &config.data.sandbox(),
            World { open_all_day: true, ..serving.world },
            Keep::BeforeAnswering,
            clock.clone(),
            seeds,
        )
        .await?;
        let door = bind(address).await?;
        crate::admin::first_key(&foundation).await?;
        let callback_url = Some(format!("http://{}/v1/callbacks/{{channel}}", serving.listen));
        let options = Options { callback_url, ..Options::default() };
        background.spawn(async move {
            if let Err(error) = lockstep_sim::http::serve(door, banks, options).await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        tracing::info!(%address, "sandbox banks");
    }
    let (stop, _) = watch::channel(false);
    let (ended, mut has_ended) = watch::channel(false);
    let loop_of_engine = run_engine(engine.clone(), stop.subscribe());
    let looping = tokio::spawn(async move {
        loop_of_engine.await;
        let _ = ended.send(true);
    });
    let mut nodes = None;
    if let Some(name) = foundation.fleet.as_ref().map(|_| config.server.node_name()) {
        let unusable = |error| StartProblem::Usage(format!("other nodes can't be reached: {error}"));
        nodes = Some(Nodes::new().map_err(unusable)?);
        background.spawn(crate::rules::follow(foundation.clone(), engine.clone()));
        tracing::info!(name, address = config.server.node_address(), "one of the nodes of this database");
    }
    let state = AppState { nodes, ..state(&foundation, config, &serving.channels, engine, clock) };
    let app = lockstep_api::router(state);
    tracing::info!(address = %serving.listen, "API");
    let stopped = stop.clone();
    let graceful = async move {
        told_to_stop().await;
        tracing::info!("stopping: no new calls, letting what is under way finish");
        let _ = stopped.send(true);
    };
    let told = stop.subscribe();
    // The loop ends by itself only when another process has taken this one's place.
    let replaced = async move {
        let _ = has_ended.wait_for(|ended| *ended).await;
        if *told.borrow() {
            std::future::pending::<()>().await;
        }
    };
    let mut stopping = stop.subscribe();
    let patience = async move {
        // A connection that never finishes its request must not hold the end up.
        let _ = stopping.wait_for(|stop| *stop).await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        () = doors::open(listener, app, config.server.max_connections, graceful) => {}
        () = patience => tracing::warn!("connections were still open and have been cut"),
        () = foundation.store.lost_a_write() => return Err(StartProblem::LostWrite),
        () = replaced => return Err(StartProblem::Replaced { node: config.server.node_name() }),
    }
    // What the loop could not finish is durable and goes on at the next start.
    let _ = looping.await;
    Ok(())
}

/// Runs the loop until `stop` says so.
pub async fn run_engine(engine: Engine, mut stop: watch::Receiver<bool>) {
    engine
        .run(async move {
            // A dropped sender means stop, too.
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await;
}

/// Binds an address.
///
/// # Errors
/// [`StartProblem::Listen`] naming it.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, StartProblem> {
    TcpListener::bind(address).await.map_err(|source| StartProblem::Listen { address, source })
}

/// An engine on real time and these channels.
///
/// # Errors
/// [`StartProblem::Channels`] when they can't be used as configured.
pub fn engine(
    foundation: &Foundation,
    config: &Config,
    channels: &[ChannelConfig],
    clock: Arc<dyn Clock>,
) -> Result<Engine, StartProblem> {
    let secrets: Arc<dyn Secrets> = foundation.secrets(clock.clone());
    let seeds: Arc<dyn Seeds> = Arc::new(SystemSeeds);
    let registry = Registry::from_configs(channels, &secrets, &clock, &seeds)
        .map_err(|error| StartProblem::Channels(error.0))?;
    let webhooks = WebhookSender::new(foundation.vault.clone(), clock.clone(), config.webhooks.allow_private)
        .map_err(|error| StartProblem::Usage(format!("webhooks can't be sent: {error}")))?;
    let ports = Ports {
        store: foundation.store.clone(),
        fleet: foundation.fleet.clone(),
        channels: Arc::new(registry),
        webhooks: Arc::new(webhooks),
        clock,
        seeds,
    };
    let book = ChannelBook::new(channels.iter().map(|channel| channel.capability.clone()));
    Ok(Engine::new(ports, book, config.retry.clone(), crate::house::settings(config)))
}

/// What the API stands on.
pub fn state(
    foundation: &Foundation,
    config: &Config,
    channels: &[ChannelConfig],
    engine: Engine,
    clock: Arc<dyn Clock>,
) -> AppState {
    let calls = config.server.calls_per_second;
    let limits = Limits {
        requests_per_s: calls,
        burst: calls.saturating_mul(4),
        allow_private_webhooks: config.webhooks.allow_private,
        ..Limits::default()
    };
    AppState {
        engine,
        nodes: None,
        queries: foundation.store.clone(),
        directory: foundation.store.clone(),
        shelf: foundation.store.clone(),
        vault: foundation.vault.clone(),
        codes: foundation.codes.clone(),
        notices: Arc::new(Notices(channels.to_vec())),
        clock,
        limits,
    }
}

/// Reads what channels send by themselves: the seam between the API and the adapters.
struct Notices(Vec<ChannelConfig>);

impl NoticeReader for Notices {
    fn read(
        &self,
        channel: &ChannelId,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Incoming, NoticeRefused> {
        let config = self.0.iter().find(|config| config.capability.id == *channel);
        let config = config.ok_or(NoticeRefused::UnknownChannel)?;
        let pairs = headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        });
        let map: HeaderMap = pairs.collect();
        let notice = verify_notice(config, &map, body, now).map_err(|error| match error {
            NoticeError::TooLarge | NoticeError::Unreadable => NoticeRefused::Unreadable,
            NoticeError::Signature(_) => NoticeRefused::BadSignature,
        })?;
        Ok(incoming(channel.clone(), notice, body))
    }
}

/// Returns at Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
