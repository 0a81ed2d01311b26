//! What the lender's systems are told about refunds.

use super::{Refund, RefundStatus};
use crate::payment::Payment;

/// The refunds whose word changed in a way that has to be told, each with its kind.
pub(crate) fn news<'a>(before: Option<&Payment>, payment: &'a Payment) -> Vec<(&'a Refund, &'static str)> {
    let old = |number| before.and_then(|before| before.refund(number)).map(Refund::status);
    let changed = payment.refunds.iter().filter_map(|refund| {
        let (old, new) = (old(refund.number), refund.status());
        let kind = match new {
            _ if old == Some(new) => return None,
            RefundStatus::Proposed => "payment.refund_proposed",
            RefundStatus::Waiting | RefundStatus::Trying => {
                let begins = matches!(old, None | Some(RefundStatus::Proposed));
                return begins.then_some((refund, "payment.refund_accepted"));
            }
            RefundStatus::Unknown => "payment.refund_unknown",
            RefundStatus::Succeeded => "payment.refunded",
            RefundStatus::Failed => "payment.refund_failed",
            RefundStatus::Withdrawn => "payment.refund_withdrawn",
        };
        Some((refund, kind))
    });
    changed.collect()
}
