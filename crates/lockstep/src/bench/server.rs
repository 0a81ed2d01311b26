//! The server of production on a loopback port, with a made-up channel and receiver behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lockstep_channels::ChannelConfig;
use lockstep_core::channel::{ChannelBook, ChannelId};
use lockstep_engine::port::Clock;
use lockstep_engine::{Engine, Ports};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bank;
use crate::bench::channel::YesChannel;
use crate::bench::receiver::Receiver;
use crate::clock::{SystemClock, SystemSeeds};
use crate::config::Config;
use crate::doors;
use crate::foundation::{Foundation, StartProblem};
use crate::house::settings;
use crate::serve::{bind, run_engine, state};

/// The one channel that is measured: it answers at once and sends no notices.
const CHANNEL: &str = "unionpay";
/// A bank that takes this many at once is not what holds anything up.
const PLACES: usize = 4096;

/// A server that runs.
pub struct Server {
    /// Where the API listens.
    pub address: SocketAddr,
    /// Its engine.
    pub engine: Engine,
    stop: watch::Sender<bool>,
    looping: JoinHandle<()>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Starts the loop and opens the doors.
    ///
    /// # Errors
    /// [`StartProblem`] when the port can't be had or the lenders' rules can't be read.
    pub async fn start(
        foundation: &Foundation,
        config: &Config,
        channel: Arc<YesChannel>,
    ) -> Result<Self, StartProblem> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let channels = channels();
        let book = ChannelBook::new(channels.iter().map(|channel| channel.capability.clone()));
        let ports = Ports {
            store: foundation.store.clone(),
            fleet: foundation.fleet.clone(),
            channels: channel,
            webhooks: Arc::new(Receiver),
            clock: clock.clone(),
            seeds: Arc::new(SystemSeeds),
        };
        let engine = Engine::new(ports, book, config.retry.clone(), settings(config));
        crate::rules::put_in_force(foundation, &engine).await?;
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener
            .local_addr()
            .map_err(|error| StartProblem::Usage(format!("the port has no address: {error}")))?;
        let (stop, mut stopped) = watch::channel(false);
        let looping = tokio::spawn(run_engine(engine.clone(), stop.subscribe()));
        // A node of a shared database begins with nothing and takes its share within moments.
        while !engine.has_settled() {
            clock.sleep_until(clock.now().plus(Duration::from_millis(20))).await;
        }
        let app = lockstep_api::router(state(foundation, config, &channels, engine.clone(), clock));
        let until = async move {
            // A dropped sender means stop, too.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let serving = tokio::spawn(doors::open(listener, app, config.server.max_connections, until));
        Ok(Self { address, engine, stop, looping, serving })
    }

    /// Closes the doors, then stops the loop.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
        let _ = self.looping.await;
    }
}

/// The channel's capability as the sandbox has it, but never closed and never full.
fn channels() -> Vec<ChannelConfig> {
    let mut channels = bank::always_open("http://127.0.0.1");
    channels.retain(|channel| channel.capability.id.as_str() == CHANNEL);
    for channel in &mut channels {
        channel.capability.max_in_flight = PLACES;
    }
    channels
}

/// What payments name as their channel.
pub fn channel_ids() -> Vec<ChannelId> {
    channels().into_iter().map(|channel| channel.capability.id).collect()
}
