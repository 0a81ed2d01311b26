//! Webhook deliveries: one message to one endpoint.

mod list;
mod retry;

use lockstep_engine::port::Delivery;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::list::*;
pub(crate) use self::retry::*;
use crate::wire::Time;

/// One message to one endpoint, and how it fares.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryView {
    /// Its id.
    #[schema(pattern = "^dlv_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// The message's id, which the receiver sees; the same on every try.
    message_id: String,
    /// Where to.
    #[schema(pattern = "^whe_[0-9A-HJKMNP-TV-Z]{26}$")]
    endpoint_id: String,
    /// What happened, e.g. `payment.succeeded`.
    kind: String,
    /// To which thing.
    subject: String,
    /// That thing's version.
    version: u64,
    /// `pending`, `delivered` or `dead`.
    #[schema(pattern = "^(pending|delivered|dead)$")]
    state: String,
    /// Tries so far.
    tries: u32,
    /// When the next try is due, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Time>,
    /// The receiver's last status; absent when it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<u16>,
    /// When it was made.
    created_at: Time,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            message_id: delivery.message.clone(),
            endpoint_id: delivery.endpoint.to_string(),
            kind: delivery.notice.kind.clone(),
            subject: delivery.notice.subject.id(),
            version: delivery.notice.version,
            state: delivery.state.clone(),
            tries: delivery.tries,
            due_at: (delivery.state == "pending").then_some(Time(delivery.due_at)),
            last_status: delivery.last_status,
            created_at: delivery.created_at.into(),
        }
    }
}
