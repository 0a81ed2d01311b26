//! The webhook port: sending one message to one endpoint.

use async_trait::async_trait;

use super::store::{Delivery, Endpoint};

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx.
    Accepted,
    /// 410: the receiver wants no more.
    Gone,
    /// 429, 502, 504: slow down.
    Throttled,
    /// Anything else, with the status if there was one.
    Failed(Option<u16>),
    /// The address may not be called (private network, bad name).
    Forbidden,
}

/// Sends signed messages.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// One try. Bounded by its own time limit.
    async fn send(&self, endpoint: &Endpoint, delivery: &Delivery) -> Outcome;
}
