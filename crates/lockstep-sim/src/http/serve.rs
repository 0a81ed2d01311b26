//! Serving the sandbox: its main address, a door per channel, and the courier.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::line::{CuttableListener, Line};
use super::{courier, router};
use crate::port::SharedSandbox;
use crate::sandbox::Rail;

/// How often a door looks whether its channel is down.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An address of its own for one channel. While the channel is down nobody listens there, so a caller's
/// connection is really refused; on the main address a connection can only be cut.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// The channel.
    pub rail: Rail,
    /// Where. The port must be given, because it is left and taken again.
    pub address: SocketAddr,
}

/// How to serve.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where notices go; `{channel}` in it becomes the channel's name. Without it none are sent.
    pub callback_url: Option<String>,
    /// Channels with an address of their own.
    pub doors: Vec<Door>,
}

/// Serves until it is dropped or the listener fails. Everything it started ends with it.
pub async fn serve(listener: TcpListener, shared: Arc<SharedSandbox>, options: Options) -> io::Result<()> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(io::Error::other)?;
    let mut background = JoinSet::new();
    background.spawn(courier::run(shared.clone(), options.callback_url, client));
    for door in options.doors {
        background.spawn(keep_door(door, shared.clone()));
    }
    let service = router(shared).into_make_service_with_connect_info::<Line>();
    axum::serve(CuttableListener(listener), service).await
}

/// Opens a door when its channel is up and shuts it when it is down.
async fn keep_door(door: Door, shared: Arc<SharedSandbox>) {
    loop {
        until(&shared, door.rail, false).await;
        match TcpListener::bind(door.address).await {
            Ok(listener) => {
                let service = router(shared.clone()).into_make_service_with_connect_info::<Line>();
                let closing = shared.clone();
                let shut = async move { until(&closing, door.rail, true).await };
                // Refuses new connections at once; idle ones are closed, so that nobody sends into the dark.
                let served = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(shut);
                // Requests under way may take long; the door doesn't wait for them before it can open again.
                let grace = async {
                    until(&shared, door.rail, true).await;
                    tokio::time::sleep(LOOK_EVERY * 4).await;
                };
                tokio::select! {
                    Err(error) = served => tracing::warn!(%error, "a door failed"),
                    () = grace => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, address = %door.address, "a door can't be opened");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn until(shared: &SharedSandbox, rail: Rail, down: bool) {
    while shared.with(|sandbox| sandbox.is_down(rail, shared.clock().now())) != down {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
