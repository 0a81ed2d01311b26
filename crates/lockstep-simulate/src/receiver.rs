//! The lender's webhook endpoints: they are down now and then, and remember everything they took.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::id::EndpointId;
use lockstep_core::notice::Subject;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Delivery, Endpoint, WebhookOutcome, Webhooks};
use lockstep_sim::runtime::VirtualClock;

use crate::chance::Chance;
use crate::swarm::{Kind, Swarm};
use crate::trace::Trace;

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// At which endpoint.
    pub endpoint: EndpointId,
    /// Its id.
    pub message: String,
    /// What it is about.
    pub subject: String,
    /// Which refund of it, for a message about one.
    pub refund: Option<u16>,
    /// Which version of that.
    pub version: u64,
    /// `payment.succeeded` and so on.
    pub kind: String,
}

/// The lender's endpoints.
pub struct Receiver {
    clock: VirtualClock,
    trace: Arc<Trace>,
    chance: Chance,
    answer_lost: u32,
    down_until: AtomicI64,
    heals_at: Timestamp,
    taken: Mutex<Vec<Taken>>,
}

impl Receiver {
    /// The endpoints of a world.
    pub fn new(swarm: &Swarm, clock: VirtualClock, trace: Arc<Trace>) -> Self {
        Self {
            clock,
            trace,
            chance: Chance::of(swarm.seed, "receiver"),
            answer_lost: swarm.scaled(Kind::EndpointAnswerLost, [10_000, 50_000, 200_000]),
            down_until: AtomicI64::new(0),
            heals_at: swarm.heals_at(),
            taken: Mutex::new(Vec::new()),
        }
    }

    /// They are down until this moment.
    pub fn down_until(&self, until: Timestamp) {
        self.down_until.store(until.as_millis(), Ordering::SeqCst);
    }

    /// Everything that was taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn pass(&self, millis: u64) {
        self.clock.sleep_until(self.clock.now().plus(Duration::from_millis(millis))).await;
    }
}

#[async_trait]
impl Webhooks for Receiver {
    async fn send(&self, endpoint: &Endpoint, delivery: &Delivery) -> WebhookOutcome {
        self.pass(self.chance.between(5, 80)).await;
        let now = self.clock.now();
        if now.as_millis() < self.down_until.load(Ordering::SeqCst) {
            self.trace.struck(now, None, Kind::EndpointDown.name());
            if self.chance.one_in(3) {
                self.pass(15_000).await;
                return WebhookOutcome::Failed(None);
            }
            return WebhookOutcome::Failed(Some(503));
        }
        let taken = Taken {
            endpoint: endpoint.id,
            message: delivery.message.clone(),
            subject: delivery.notice.subject.id(),
            refund: match &delivery.notice.subject {
                Subject::Refund { number, .. } => Some(*number),
                Subject::Payment { .. } | Subject::Binding { .. } | Subject::Order { .. } => None,
            },
            version: delivery.notice.version,
            kind: delivery.notice.kind.clone(),
        };
        let words = format_args!("told {} {} v{}", taken.message, taken.kind, taken.version);
        self.trace.note(now, Some(&taken.subject), words);
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
        if now < self.heals_at && self.chance.ppm(self.answer_lost) {
            self.trace.struck(now, None, Kind::EndpointAnswerLost.name());
            return WebhookOutcome::Failed(None);
        }
        WebhookOutcome::Accepted
    }
}
