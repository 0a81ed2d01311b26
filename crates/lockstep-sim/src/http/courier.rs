//! Delivers notices to the lender's platform, and tries again a few times.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::port::SharedSandbox;
use crate::sandbox::DueNotice;

/// How often it looks for due notices and late requests.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Waits before each try of one notice.
const TRIES_AFTER: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];

/// Runs for ever. Without a URL it still lets time pass in the sandbox and leaves notices where they are.
pub(super) async fn run(shared: Arc<SharedSandbox>, callback_url: Option<String>, client: reqwest::Client) {
    let mut under_way = JoinSet::new();
    loop {
        let now = shared.clock().now();
        match &callback_url {
            Some(url) => {
                for notice in shared.with(|sandbox| sandbox.due_notices(now)) {
                    let url = url.replace("{channel}", notice.rail.as_str());
                    under_way.spawn(deliver(shared.clone(), client.clone(), url, notice));
                }
            }
            None => shared.with(|sandbox| sandbox.advance(now)),
        }
        while under_way.try_join_next().is_some() {}
        shared.clock().sleep_until(now.plus(LOOK_EVERY)).await;
    }
}

async fn deliver(shared: Arc<SharedSandbox>, client: reqwest::Client, url: String, notice: DueNotice) {
    for wait in TRIES_AFTER {
        let clock = shared.clock();
        clock.sleep_until(clock.now().plus(wait)).await;
        let Some(signed) = shared.seal_notice(&notice, clock.now()) else {
            return;
        };
        let request =
            client.post(&url).header("content-type", "application/json").headers(signed.header_map());
        match request.body(signed.body).send().await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => tracing::info!(status = response.status().as_u16(), "a notice was not accepted"),
            Err(_) => tracing::info!("a notice could not be delivered"),
        }
    }
    tracing::warn!(channel = notice.rail.as_str(), "a notice was given up");
}
