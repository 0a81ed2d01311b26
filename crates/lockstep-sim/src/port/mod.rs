//! The sandbox under the engine's channel port, in process and in the engine's own time.
//!
//! Only the line is simulated: requests are built, signed, checked and read by the adapter of production.

mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_channels::sandbox::{Body, Incoming, Outgoing, SandboxChannel, Silence, Wire};
use lockstep_channels::{Channel, Registry, Secrets};
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::payment::{MoneyAnswer, QueryAnswer, ReversalAnswer, StatementAnswer};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Channels, ProbeAnswer};

pub use self::shared::{Keeper, SharedSandbox, SignedNotice, Turned};

use crate::sandbox::{Rail, Reaction};

/// How often the call timeout a lost reply is waited for. The engine gives up long before.
const PATIENCE: u32 = 4;

/// The three simulated channels, as the engine sees channels.
pub struct SimChannels {
    shared: Arc<SharedSandbox>,
    registry: Registry,
}

impl SimChannels {
    /// Channels over a shared sandbox. `secrets` is asked just as in production.
    pub fn new(shared: Arc<SharedSandbox>, secrets: &Arc<dyn Secrets>) -> Self {
        let channels = Rail::ALL.into_iter().map(|rail| {
            let (id, key) = (rail.id(), shared.key(rail).clone());
            let wire = InProcess { shared: shared.clone(), rail };
            let (clock, seeds) = (shared.clock().clone(), shared.seeds().clone());
            let channel = SandboxChannel::new(id.clone(), key, wire, secrets.clone(), clock, seeds);
            (id, Arc::new(channel) as Arc<dyn Channel>)
        });
        let channels: BTreeMap<_, _> = channels.collect();
        Self { shared, registry: Registry::new(channels) }
    }

    /// The sandbox behind it.
    pub fn shared(&self) -> &Arc<SharedSandbox> {
        &self.shared
    }

    /// Takes the notices that are due, signed as they would be over HTTP.
    pub fn due_notices(&self, now: Timestamp) -> Vec<SignedNotice> {
        self.shared.due_notices(now)
    }

    /// When the sandbox will next do something by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.shared.with(|sandbox| sandbox.next_due())
    }
}

#[async_trait]
impl Channels for SimChannels {
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer {
        self.registry.move_money(order).await
    }

    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer {
        self.registry.query_payment(query).await
    }

    async fn reverse(&self, order: &ReversalOrder) -> ReversalAnswer {
        self.registry.reverse(order).await
    }

    async fn read_statement(&self, query: &StatementQuery) -> StatementAnswer {
        self.registry.read_statement(query).await
    }

    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer {
        self.registry.refund(order).await
    }

    async fn query_refund(&self, query: &RefundQuery) -> QueryAnswer {
        self.registry.query_refund(query).await
    }

    async fn request_code(&self, request: &SignRequest) -> SignAnswer {
        self.registry.request_code(request).await
    }

    async fn sign(&self, request: &SignRequest) -> SignAnswer {
        self.registry.sign(request).await
    }

    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer {
        self.registry.query_mandate(request).await
    }

    async fn cancel_mandate(&self, channel: &ChannelId, agreement_no: &str) -> bool {
        self.registry.cancel_mandate(channel, agreement_no).await
    }

    async fn probe(&self, channel: &ChannelId) -> ProbeAnswer {
        self.registry.probe(channel).await
    }
}

/// A line that leads straight into the model.
struct InProcess {
    shared: Arc<SharedSandbox>,
    rail: Rail,
}

impl InProcess {
    async fn pass(&self, duration: Duration) {
        let clock = self.shared.clock();
        clock.sleep_until(clock.now().plus(duration)).await;
    }
}

#[async_trait]
impl Wire for InProcess {
    async fn post(&self, request: Outgoing) -> Result<Incoming, Silence> {
        let word = request.path.rsplit('/').next().unwrap_or_default();
        let taken = self.shared.take(self.rail.as_str(), word, &request.headers, &request.body.0);
        match taken {
            Err(_) => Ok(Incoming { status: 400, headers: None, body: Body::default() }),
            Ok(Reaction::Refused) => Err(Silence::NoConnection),
            Ok(Reaction::NoReply) => {
                self.pass(Duration::from_millis(self.rail.capability().call_timeout_ms) * PATIENCE).await;
                Err(Silence::TimedOut)
            }
            Ok(Reaction::Reply { after_ms, reply }) => {
                self.pass(Duration::from_millis(after_ms)).await;
                let headers =
                    self.shared.seal_reply(self.rail, &request.path, &request.headers.nonce, &reply);
                Ok(Incoming { status: reply.status, headers, body: Body(reply.body) })
            }
        }
    }
}
