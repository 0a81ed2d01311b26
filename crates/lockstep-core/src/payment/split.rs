//! Collecting in parts, where the lender allows it: a payment that was stopped by a limit closes, and the order goes on
//! in smaller payments, one after the other. Each is a payment like any other, so an order still has at most one under
//! way, and no part is larger than what is owed.

use super::decide::{Opening, open_payment, usable};
use super::{Payment, PaymentEvent, Stopped};
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Effect, Wake};
use crate::order::{Order, OrderEvent, OrderState};

/// A part of what is owed: near `wish`, not below `min`, and leaving nothing or at least `min`. `None` when it can't
/// be cut like that.
pub(super) fn part(outstanding: i64, wish: i64, min: i64) -> Option<i64> {
    let min = min.max(1);
    let most = outstanding.checked_sub(min)?;
    (most >= min).then(|| wish.clamp(min, most))
}

/// Whether the order's payment may be replaced by smaller ones.
pub(super) fn divisible(order: Option<&Order>, payment: &Payment) -> bool {
    smaller(order, payment, payment.money.amount_minor / 2).is_some()
}

fn smaller(order: Option<&Order>, payment: &Payment, wish: i64) -> Option<i64> {
    let min = order?.partial?.min_minor;
    part(payment.money.amount_minor, wish, min)
}

/// The smaller amount to go on with after a payment has stopped for this reason, if the lender allows that.
pub(super) fn after_stop(
    order: Option<&Order>,
    payment: &Payment,
    reason: Reason,
    stopped: Stopped,
    facts: &Facts<'_>,
) -> Option<i64> {
    if payment.window_ends <= facts.now {
        return None;
    }
    match reason {
        Reason::SingleLimitExceeded | Reason::DailyLimitExceeded | Reason::LimitExceeded => {
            smaller(order, payment, payment.money.amount_minor / 2)
        }
        // Only the last try for the whole amount is followed by a try for a part, once.
        Reason::InsufficientFunds if stopped != Stopped::Final => {
            let order = order?;
            let wanted = order.partial.is_some_and(|partial| partial.when_no_funds);
            let again = order.parts.is_some_and(|parts| parts.reason == Reason::InsufficientFunds);
            if wanted && !again {
                smaller(Some(order), payment, payment.money.amount_minor / 2)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Closes the payment; the order goes on with a part.
pub(super) fn begin(
    after: &Slice,
    reason: Reason,
    amount_minor: i64,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let (Some(payment), Some(order)) = (&after.payment, &after.order) else { return };
    decision.event(PaymentEvent::Failed { reason, stopped: Stopped::InParts, at: facts.now });
    decision.event(OrderEvent::PaymentClosed { payment: payment.id, at: facts.now });
    decision.event(OrderEvent::WentOnInParts { reason, window_ends: payment.window_ends });
    follow(order, payment, amount_minor, facts.now, decision);
}

/// After a part has come in: the next one, until nothing is owed. What an empty account gave at the end of its window
/// is not followed by another.
pub(super) fn go_on(after: &Slice, decision: &mut Decision, facts: &Facts<'_>) {
    let (Some(payment), Some(order)) = (&after.payment, &after.order) else { return };
    let (Some(parts), OrderState::Open) = (order.parts, &order.state) else { return };
    let due_at = match parts.reason {
        Reason::InsufficientFunds => return,
        Reason::DailyLimitExceeded | Reason::LimitExceeded => {
            super::plan::next_morning(facts, &mut facts.mint(payment.id.bucket()))
        }
        _ => facts.now,
    };
    if due_at < parts.window_ends {
        let amount_minor = next_part(order, payment.money.amount_minor);
        follow(order, payment, amount_minor, due_at, decision);
    }
}

fn next_part(order: &Order, worked: i64) -> i64 {
    let outstanding = order.outstanding_minor();
    let min = order.partial.map_or(1, |partial| partial.min_minor);
    if outstanding <= worked { outstanding } else { part(outstanding, worked, min).unwrap_or(outstanding) }
}

fn follow(
    order: &Order,
    payment: &Payment,
    amount_minor: i64,
    due_at: crate::time::Timestamp,
    decision: &mut Decision,
) {
    let wake = Wake::CollectPart {
        order: order.id,
        binding: payment.binding,
        amount_minor,
        channels: payment.channels.clone(),
    };
    decision.effect_at(due_at, Effect::Wake(wake));
}

/// It is time for the next part. Nothing happens if the lender has done something else meanwhile.
pub(super) fn collect(
    slice: &Slice,
    amount_minor: i64,
    channels: &[ChannelId],
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let (Some(order), Some(binding)) = (&slice.order, &slice.binding) else { return decision };
    let (Some(parts), OrderState::Open) = (order.parts, &order.state) else { return decision };
    let fits = (1..=order.outstanding_minor()).contains(&amount_minor) && facts.now < parts.window_ends;
    if !fits || binding.borrower != order.borrower || usable(binding).is_err() {
        return decision;
    }
    let money = crate::money::Money { amount_minor, currency: order.money.currency };
    let opening = Opening { money, channels, window_ends: parts.window_ends };
    let after = open_payment(slice, order, binding, &opening, &mut decision, facts);
    if let Some(clear) = after.payment.as_ref().and_then(Payment::clear_to_retry) {
        super::decide::open_attempt(&after, clear, &mut decision, facts);
    }
    decision
}
