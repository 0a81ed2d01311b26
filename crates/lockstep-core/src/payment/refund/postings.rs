//! What a refund's success does to the books.

use super::RefundEvent;
use crate::decision::Event;
use crate::payment::{Payment, PaymentEvent};

/// The ledger accounts that a refund's success moves money between: where it left from, and what it was.
pub(crate) fn postings(payment: &Payment, events: &[Event]) -> Vec<(String, &'static str, i64)> {
    let mut postings = Vec::new();
    for event in events {
        let Event::Payment(PaymentEvent::Refund {
            number,
            event: RefundEvent::TrySucceeded { try_no, surplus_minor, excess_minor, .. },
            ..
        }) = event
        else {
            continue;
        };
        let Some(refund) = payment.refund(*number) else { continue };
        let Some(one) = refund.try_of(*try_no) else { continue };
        let rest = refund.amount_minor - surplus_minor - excess_minor;
        for (account, amount_minor) in
            [("surplus", *surplus_minor), ("overpaid", *excess_minor), ("refunded", rest)]
        {
            if amount_minor != 0 {
                postings.push((format!("channel:{}", one.channel), account, amount_minor));
            }
        }
    }
    postings
}
