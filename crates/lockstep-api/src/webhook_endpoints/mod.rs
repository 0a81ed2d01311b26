//! Webhook endpoints: where a lender wants to be told.

mod create;
mod list;
mod remove;
mod rotate;

use lockstep_engine::port::Endpoint;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::create::*;
pub(crate) use self::list::*;
pub(crate) use self::remove::*;
pub(crate) use self::rotate::*;
use crate::wire::Time;

/// What can be told.
pub(crate) const KINDS: [&str; 25] = [
    "payment.waiting",
    "payment.trying",
    "payment.unknown",
    "payment.succeeded",
    "payment.failed",
    "payment.cancelled",
    "payment.confirmed",
    "payment.refund_proposed",
    "payment.refund_accepted",
    "payment.refund_unknown",
    "payment.refunded",
    "payment.refund_failed",
    "payment.refund_withdrawn",
    "binding.verifying",
    "binding.awaiting_code",
    "binding.awaiting_amount",
    "binding.usable",
    "binding.suspended",
    "binding.not_usable",
    "binding.unbound",
    "order.collected",
    "order.refund_needed",
    "order.reopened",
    "order.excused",
    "order.excuse_ended",
];

/// Where a lender wants to be told.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(crate) struct EndpointView {
    /// Its id.
    #[schema(pattern = "^whe_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// Where to.
    url: String,
    /// What is told; empty means everything.
    kinds: Vec<String>,
    /// Whether it is in use. The receiver's 410 switches it off.
    enabled: bool,
    /// When it was made.
    created_at: Time,
}

impl From<&Endpoint> for EndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            kinds: endpoint.kinds.clone(),
            enabled: endpoint.enabled,
            created_at: endpoint.created_at.into(),
        }
    }
}

/// An endpoint with its signing secret, which is never shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointWithSecret {
    /// The endpoint.
    #[serde(flatten)]
    endpoint: EndpointView,
    /// The signing secret of Standard Webhooks: keep it now.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/]+=*$")]
    secret: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct EndpointPath {
    /// The endpoint's id.
    #[param(pattern = "^whe_[0-9A-HJKMNP-TV-Z]{26}$", example = "whe_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
