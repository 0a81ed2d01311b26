//! What a payment's columns say about its money, so that the database itself can refuse that more goes back than was taken.

use lockstep_core::Event;
use lockstep_core::payment::{Payment, PaymentEvent, RefundEvent};

/// What a change is told that breaks the rule.
pub(crate) const TOO_MUCH_BACK: &str = "more would go back of a payment than was taken";

/// Sums of a payment, in minor units.
pub(crate) struct PaymentSums {
    /// What its attempts took.
    pub(crate) taken_minor: i64,
    /// What went back of it or still could: a refund under way counts as gone.
    pub(crate) refunded_minor: i64,
    /// What of that is beyond what was taken, because a channel broke its word or took money back; `None` where the change
    /// opens a refund. Facts have to be written down whatever they are; a decision of ours has to fit in.
    pub(crate) excess_minor: Option<i64>,
}

/// The sums of a payment after a change with these events.
pub(crate) fn of(payment: &Payment, events: &[Event]) -> PaymentSums {
    let (taken_minor, refunded_minor) = (payment.taken_minor(), payment.refund_claimed_minor());
    let excess_minor = (!events.iter().any(opens_a_refund)).then_some(beyond(payment));
    PaymentSums { taken_minor, refunded_minor, excess_minor }
}

/// The rule as a database states it, for a store that is none: `before` is the payment as it stands there.
pub(crate) fn allowed(before: Option<&Payment>, after: &Payment, events: &[Event]) -> bool {
    let sums = of(after, events);
    let excess_minor = sums.excess_minor.unwrap_or_else(|| before.map_or(0, beyond));
    sums.refunded_minor <= sums.taken_minor.saturating_add(excess_minor)
}

fn beyond(payment: &Payment) -> i64 {
    payment.refund_claimed_minor().saturating_sub(payment.taken_minor()).max(0)
}

fn opens_a_refund(event: &Event) -> bool {
    matches!(event, Event::Payment(PaymentEvent::Refund { event: RefundEvent::Opened { .. }, .. }))
}
