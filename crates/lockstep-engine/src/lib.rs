//! The engine: load → decide → commit → perform.
//!
//! Invariants of absence: it knows no database, no HTTP, no runtime. It never spawns and never asks an ambient
//! clock, so the simulator can run it on one thread in its own time.

mod admit;
mod deliver;
mod execute;
mod health;
mod hub;
mod inbox;
mod keys;
mod lane;
mod perform;
mod plan;
pub mod port;
mod routing;
mod run;
mod steady;
mod tenure;

use std::sync::Arc;

use lockstep_core::channel::ChannelBook;
use lockstep_core::health::HealthPolicy;
use lockstep_core::payment::{RefundPolicy, RetryPolicy};

pub use admit::{Excess, Overloaded, Permit};
pub use deliver::next_delivery;
pub use execute::{Executed, Render, Request};
pub use hub::Changes;
pub use inbox::{ChannelNotice, Incoming};
pub use keys::KeyProblem;
pub use steady::Steady;

use crate::hub::Hub;
use crate::keys::KeysUnderWay;
use crate::port::{Channels, Clock, Fleet, Seeds, Store, Webhooks};

/// The world, as ports.
#[derive(Clone)]
pub struct Ports {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The nodes that share the store; `None` where this one is alone.
    pub fleet: Option<Arc<dyn Fleet>>,
    /// Where money moves.
    pub channels: Arc<dyn Channels>,
    /// Who is told.
    pub webhooks: Arc<dyn Webhooks>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub seeds: Arc<dyn Seeds>,
}

/// Limits of the loop, and what the installation allows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Effects performed at once, over all channels.
    pub max_in_flight: usize,
    /// Calls from outside executed at once; more are told to come back.
    pub max_calls: usize,
    /// Effects that may be due and waiting before calls from outside are told to come back.
    pub max_backlog: usize,
    /// Webhook deliveries under way at once.
    pub max_deliveries: usize,
    /// How trouble of channels and issuers is found and how it heals.
    pub health: HealthPolicy,
    /// How refunds are handled.
    pub refunds: RefundPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_in_flight: 256,
            max_calls: 512,
            max_backlog: 20_000,
            max_deliveries: 256,
            health: HealthPolicy::default(),
            refunds: RefundPolicy::default(),
        }
    }
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    ports: Ports,
    book: ChannelBook,
    retry: RetryPolicy,
    learned: plan::Learned,
    health: health::Health,
    rules: routing::Rules,
    settings: Settings,
    hub: Hub,
    tenure: tenure::Tenure,
    keys: KeysUnderWay,
    gate: Arc<admit::Gate>,
}

impl Engine {
    /// An engine over these ports. Nothing runs before [`Engine::run`].
    pub fn new(ports: Ports, book: ChannelBook, retry: RetryPolicy, settings: Settings) -> Self {
        let gate = Arc::new(admit::Gate::new(settings.max_calls, settings.max_backlog));
        let book = book.by_a_clock_fast_by(ports.clock.fast_ppm());
        let health = health::Health::new(&book, settings.health.clone(), ports.fleet.is_some());
        let tenure = tenure::Tenure::new(ports.fleet.is_some());
        let inner = Inner {
            ports,
            tenure,
            book,
            retry,
            health,
            learned: plan::Learned::default(),
            rules: routing::Rules::default(),
            settings,
            hub: Hub::new(),
            keys: KeysUnderWay::default(),
            gate,
        };
        Self { inner: Arc::new(inner) }
    }

    /// What the channels can do.
    pub fn channels(&self) -> &ChannelBook {
        &self.inner.book
    }

    /// The ports, for reading.
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    /// News of changed entities, for those who wait for one.
    pub fn changes(&self) -> Changes {
        self.inner.hub.subscribe()
    }

    /// Tells the loop that something outside the engine made work (a delivery put back in line, say).
    pub fn nudge(&self) {
        self.inner.hub.nudge_deliveries();
    }
}
