//! What every database's columns say about an entity, beside its state.

use lockstep_core::id::Bucket;
use lockstep_core::order::OrderState;
use lockstep_engine::port::Change;

/// The place of an entity.
pub(crate) struct EntityKey {
    pub(crate) bucket: Bucket,
    pub(crate) text: String,
}

/// The place of a changed entity.
pub(crate) fn of(state: &Change) -> EntityKey {
    match state {
        Change::Borrower(one) => EntityKey { bucket: one.id.bucket(), text: one.id.to_string() },
        Change::Binding(one) => EntityKey { bucket: one.id.bucket(), text: one.id.to_string() },
        Change::Order(one) => EntityKey { bucket: one.id.bucket(), text: one.id.to_string() },
        Change::Payment(one) => EntityKey { bucket: one.id.bucket(), text: one.id.to_string() },
    }
}

/// The word for where an order stands, as the filter of lists knows it.
pub(crate) fn order_status(state: &OrderState) -> &'static str {
    match state {
        OrderState::Open => "open",
        OrderState::Collecting { .. } => "collecting",
        OrderState::Collected { .. } => "collected",
        OrderState::Cancelled { .. } => "cancelled",
    }
}
