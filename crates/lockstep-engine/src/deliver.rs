//! Webhooks out: at least once, in order per object, with back-off over days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use lockstep_core::id::{DeliveryId, EndpointId};
use lockstep_core::planted::{self, Bug};

use crate::Engine;
use crate::port::{Delivered, Delivery, Endpoint, WebhookOutcome};

/// Waits after each try, in seconds: the example table of Standard Webhooks 1.0.0, which ends after 75.6 hours.
const LADDER_S: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// Looks are at least this far apart: whatever ends in between is replaced by one of them.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// Wait after our own machinery failed.
const AFTER_FAULT: Duration = Duration::from_secs(30);
/// Tries under way at once for one endpoint, so that a receiver that hangs can't take the others' places. The
/// store returns at most this many per endpoint.
const PER_ENDPOINT: usize = 32;

/// An endpoint that is in use, if it is.
type Place = Option<Endpoint>;

/// What becomes of a delivery after a try. `jitter_permille` (0–999) spreads the next one by up to a tenth.
pub fn next_delivery(
    tries_before: u32,
    outcome: WebhookOutcome,
    now: lockstep_core::time::Timestamp,
    jitter_permille: u64,
) -> Delivered {
    let status = match outcome {
        WebhookOutcome::Accepted => return Delivered::Done,
        WebhookOutcome::Gone => return Delivered::Dead { status: Some(410) },
        WebhookOutcome::Forbidden => return Delivered::Dead { status: None },
        WebhookOutcome::Throttled => Some(429),
        WebhookOutcome::Failed(status) => status,
    };
    if planted::is(Bug::DeliveryDropped) {
        return Delivered::Dead { status };
    }
    match LADDER_S.get(tries_before as usize) {
        Some(seconds) => {
            let wait_ms = seconds * 1000 + seconds * jitter_permille / 10;
            Delivered::Retry { due_at: now.plus(Duration::from_millis(wait_ms)), status }
        }
        None => Delivered::Dead { status },
    }
}

/// The planted bug that every try has an id of its own. In every other build the delivery stays as it is.
fn planted_message(delivery: Delivery) -> Delivery {
    if planted::is(Bug::MessageIdReminted) {
        let message = format!("{}-{}", delivery.message, delivery.tries);
        return Delivery { message, ..delivery };
    }
    delivery
}

impl Engine {
    pub(crate) async fn deliver(&self, stop: impl Future<Output = ()> + Send + Unpin) {
        let clock = &self.inner.ports.clock;
        let mut known = BTreeSet::new();
        let mut under_way: FuturesUnordered<BoxFuture<'_, DeliveryId>> = FuturesUnordered::new();
        let mut stop = stop;
        let (mut look, mut next_look) = (true, clock.now());
        loop {
            let now = clock.now();
            let room = self.inner.settings.max_deliveries.saturating_sub(under_way.len());
            if look && room > 0 && now >= next_look {
                (look, next_look) = (false, now.plus(BETWEEN_LOOKS));
                let mut endpoints = BTreeMap::new();
                for delivery in self.due(room, &known).await {
                    known.insert(delivery.id);
                    let read = || self.endpoint(delivery.endpoint).boxed().shared();
                    let endpoint = endpoints.entry(delivery.endpoint).or_insert_with(read).clone();
                    under_way.push(self.send(delivery, endpoint).boxed());
                }
            }
            let timer = if look && room > 0 { next_look } else { now.plus(SCAN_EVERY) };
            tokio::select! {
                biased;
                () = &mut stop => return,
                Some(id) = under_way.next(), if !under_way.is_empty() => {
                    known.remove(&id);
                    look = true;
                }
                () = self.inner.hub.deliveries_ready.notified() => look = true,
                () = clock.sleep_until(timer) => look = true,
            }
        }
    }

    async fn due(&self, room: usize, known: &BTreeSet<DeliveryId>) -> Vec<Delivery> {
        let now = self.inner.ports.clock.now();
        // Those under way are among the first of their endpoint, so each endpoint keeps to its share.
        match self.inner.ports.store.due_deliveries(now, room + known.len(), PER_ENDPOINT).await {
            Ok(due) => due.into_iter().filter(|delivery| !known.contains(&delivery.id)).take(room).collect(),
            Err(fault) => {
                tracing::error!(%fault, "could not read due deliveries; trying again soon");
                Vec::new()
            }
        }
    }

    /// Where the deliveries of one look go; `None` when that can't be read now.
    async fn endpoint(&self, id: EndpointId) -> Option<Arc<Place>> {
        match self.inner.ports.store.endpoint(id).await {
            Ok(endpoint) => Some(Arc::new(endpoint.filter(|endpoint| endpoint.enabled))),
            Err(fault) => {
                tracing::error!(%fault, "could not read a webhook endpoint; trying again later");
                None
            }
        }
    }

    async fn send(
        &self,
        delivery: Delivery,
        endpoint: impl Future<Output = Option<Arc<Place>>>,
    ) -> DeliveryId {
        let delivery = planted_message(delivery);
        let ports = &self.inner.ports;
        let outcome = match endpoint.await.as_deref() {
            Some(Some(endpoint)) => ports.webhooks.send(endpoint, &delivery).await,
            Some(None) => WebhookOutcome::Gone,
            None => {
                self.pause().await;
                return delivery.id;
            }
        };
        if outcome == WebhookOutcome::Gone
            && let Err(fault) = ports.store.disable_endpoint(delivery.endpoint).await
        {
            tracing::error!(%fault, "could not switch a webhook endpoint off");
        }
        let now = ports.clock.now();
        let jitter = u64::from(ports.seeds.draw()[0]) * 999 / 255;
        let delivered = next_delivery(delivery.tries, outcome, now, jitter);
        if let Err(fault) = ports.store.delivered(delivery.id, delivered, now).await {
            tracing::error!(%fault, "could not write down a delivery; the message will be sent again");
            self.pause().await;
        }
        delivery.id
    }

    /// Keeps a delivery out of the line for a while after our own machinery failed, so that a receiver is not
    /// flooded while, say, the disk is full.
    async fn pause(&self) {
        let clock = &self.inner.ports.clock;
        clock.sleep_until(clock.now().plus(AFTER_FAULT)).await;
    }
}
