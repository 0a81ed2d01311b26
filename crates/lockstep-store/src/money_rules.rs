//! What a payment's columns say about its money, so that the database itself can refuse what must never be: a second attempt
//! beside a living one, and more that goes back than was taken.

use lockstep_core::Event;
use lockstep_core::payment::{Payment, PaymentEvent, RefundEvent};
use lockstep_core::planted::{self, Bug};

const TWO_ATTEMPTS: &str = "a payment would have two attempts under way";
const TOO_MUCH_BACK: &str = "more would go back of a payment than was taken";

/// What a change is told that breaks a rule, by the name of the rule at the end of a database's words.
pub(crate) fn broken(rule: &str) -> Option<&'static str> {
    let rules =
        [("payments_one_living_attempt", TWO_ATTEMPTS), ("payments_refunds_within_taken", TOO_MUCH_BACK)];
    rules.into_iter().find(|(name, _)| rule.ends_with(name)).map(|(_, told)| told)
}

/// Columns of a payment, amounts in minor units.
pub(crate) struct MoneyColumns {
    /// Attempts that may still move money.
    pub(crate) living_attempts: i32,
    /// What its attempts took.
    pub(crate) taken_minor: i64,
    /// What went back of it or still could: a refund under way counts as gone.
    pub(crate) refunded_minor: i64,
    /// What of that is beyond what was taken, because a channel broke its word or took money back; `None` where the change
    /// opens a refund. Facts have to be written down whatever they are; a decision of ours has to fit in.
    pub(crate) excess_minor: Option<i64>,
}

/// The columns of a payment after a change with these events.
pub(crate) fn columns(payment: &Payment, events: &[Event]) -> MoneyColumns {
    let living = payment.attempts.iter().filter(|attempt| attempt.could_move_money()).count();
    MoneyColumns {
        living_attempts: i32::try_from(living).unwrap_or(i32::MAX),
        taken_minor: payment.taken_minor(),
        refunded_minor: payment.refund_claimed_minor(),
        excess_minor: (!events.iter().any(opens_a_refund)).then_some(beyond(payment)),
    }
}

/// The rules as a database states them, for a store that is none: `before` is the payment as it stands there.
pub(crate) fn check(before: Option<&Payment>, after: &Payment, events: &[Event]) -> Result<(), &'static str> {
    let columns = columns(after, events);
    let planted = planted::is(Bug::UnknownHandsOutClear) || planted::is(Bug::TryNowIgnoresLive);
    if columns.living_attempts > 1 && !planted {
        return Err(TWO_ATTEMPTS);
    }
    let excess_minor = columns.excess_minor.unwrap_or_else(|| before.map_or(0, beyond));
    if columns.refunded_minor > columns.taken_minor.saturating_add(excess_minor) {
        return Err(TOO_MUCH_BACK);
    }
    Ok(())
}

fn beyond(payment: &Payment) -> i64 {
    payment.refund_claimed_minor().saturating_sub(payment.taken_minor()).max(0)
}

fn opens_a_refund(event: &Event) -> bool {
    matches!(event, Event::Payment(PaymentEvent::Refund { event: RefundEvent::Opened { .. }, .. }))
}
