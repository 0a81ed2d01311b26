//! From a decision to what changed, as the engine does it; and back from events to the state.

use lockstep_core::decision::{Event, Slice};
use lockstep_core::id::{Bucket, TenantId};
use lockstep_engine::port::{Change, Changed};

use super::Backend;

/// The bucket of everything in a slice.
pub(super) fn bucket_of(slice: &Slice) -> Option<Bucket> {
    let borrower = slice.borrower.as_ref().map(|borrower| borrower.id.bucket());
    let binding = slice.binding.as_ref().map(|binding| binding.id.bucket());
    let order = slice.order.as_ref().map(|order| order.id.bucket());
    borrower.or(binding).or(order).or(slice.payment.as_ref().map(|payment| payment.id.bucket()))
}

/// The entities that events changed.
pub(super) fn changes(before: &Slice, after: &Slice, events: Vec<Event>) -> Vec<Changed> {
    let states = [
        (after.borrower.clone().map(Change::Borrower), before.borrower.as_ref().map(|state| state.version)),
        (after.binding.clone().map(Change::Binding), before.binding.as_ref().map(|state| state.version)),
        (after.order.clone().map(Change::Order), before.order.as_ref().map(|state| state.version)),
        (after.payment.clone().map(Change::Payment), before.payment.as_ref().map(|state| state.version)),
    ];
    let of = |state: &Change, event: &Event| match event {
        Event::Borrower(_) => matches!(state, Change::Borrower(_)),
        Event::Binding(_) => matches!(state, Change::Binding(_)),
        Event::Order(_) => matches!(state, Change::Order(_)),
        Event::Payment(_) => matches!(state, Change::Payment(_)),
        Event::StandIn { .. } => false,
    };
    let stand_ins = before.stand_ins.iter().zip(&after.stand_ins).filter_map(|(old, new)| {
        let own = events.iter().filter_map(|event| match event {
            Event::StandIn { binding, event } if *binding == new.id => Some(Event::Binding(event.clone())),
            _ => None,
        });
        let events: Vec<_> = own.collect();
        let state = Change::Binding(new.clone());
        (!events.is_empty()).then_some(Changed { state, base_version: old.version, events })
    });
    let stand_ins: Vec<_> = stand_ins.collect();
    let changed = states.into_iter().filter_map(|(state, base)| {
        let state = state?;
        let events: Vec<_> = events.iter().filter(|event| of(&state, event)).cloned().collect();
        (!events.is_empty()).then_some(Changed { state, base_version: base.unwrap_or(0), events })
    });
    changed.chain(stand_ins).collect()
}

/// The state that the stored events of an entity lead to, in a slice of its own.
///
/// # Panics
/// When an event can't be read.
pub async fn fold_of<B: Backend>(db: &B, tenant: TenantId, entity: &str) -> Slice {
    let mut slice = Slice::default();
    for row in db.timeline(tenant, entity, 10_000).await.expect("the timeline loads") {
        slice.apply(&crate::decode_event(&row.body).expect("a stored event is readable"));
    }
    slice
}
