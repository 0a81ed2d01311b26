//! What every database's columns say about an entity, beside its state.

use lockstep_core::id::{BindingId, BorrowerId, Bucket, OrderId, PaymentId};
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

/// The table of an entity and its bucket, from its id as text; none where it is no id.
pub(crate) fn place(text: &str) -> Option<(&'static str, Bucket)> {
    let borrower = || Some(("borrowers", text.parse::<BorrowerId>().ok()?.bucket()));
    let binding = || Some(("bindings", text.parse::<BindingId>().ok()?.bucket()));
    let order = || Some(("orders", text.parse::<OrderId>().ok()?.bucket()));
    let payment = || Some(("payments", text.parse::<PaymentId>().ok()?.bucket()));
    payment().or_else(order).or_else(binding).or_else(borrower)
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
