//! The double-entry ledger: every movement of money is entries that sum to zero per currency.

use serde::{Deserialize, Serialize};

use crate::decision::{Event, Slice};
use crate::id::PaymentId;
use crate::money::Currency;
use crate::order::OrderEvent;
use crate::payment::{PaymentEvent, Purpose, Source, refund_postings};
use crate::planted::{self, Bug};

/// One side of a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The payment that caused it.
    pub payment: PaymentId,
    /// The account: `channel:<name>` is what a channel holds for the lender, `receivable` what borrowers owe,
    /// `surplus` what has to go back, `refunded` what was collected and given back, `overpaid` what went back
    /// beyond what was taken, `verification` the cost of micro-deposits.
    pub account: String,
    /// Debit positive, credit negative, in minor units.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// The entries that one decision's events call for. `after` is the slice after all of them.
pub fn entries(after: &Slice, events: &[Event]) -> Vec<Entry> {
    let Some(payment) = &after.payment else {
        return Vec::new();
    };
    let moved = events.iter().filter_map(|event| match event {
        Event::Payment(PaymentEvent::AttemptSucceeded { source: Source::Query, .. })
            if planted::is(Bug::LedgerForgotten) =>
        {
            None
        }
        Event::Payment(PaymentEvent::AttemptSucceeded { number, .. }) => payment.attempt(*number),
        _ => None,
    });
    let moved =
        moved.flat_map(|attempt| std::iter::repeat_n(attempt, 1 + usize::from(planted::is(Bug::Canary))));
    let mut entries = Vec::new();
    let mut post_amount = |debit: String, credit: String, amount_minor: i64| {
        for (account, amount_minor) in [(debit, amount_minor), (credit, -amount_minor)] {
            entries.push(Entry {
                payment: payment.id,
                account,
                amount_minor,
                currency: payment.money.currency,
            });
        }
    };
    for (channel, account, amount_minor) in refund_postings(payment, events) {
        post_amount(account.to_owned(), channel, amount_minor);
    }
    let mut post = |debit, credit| post_amount(debit, credit, payment.money.amount_minor);
    for attempt in moved {
        let channel = format!("channel:{}", attempt.channel);
        match payment.purpose {
            Purpose::Repayment { .. } => post(channel, "receivable".to_owned()),
            Purpose::MicroDeposit => post("verification".to_owned(), channel),
        }
    }
    // What a channel has sent back leaves it the way it came.
    let back = events.iter().filter_map(|event| match event {
        Event::Payment(PaymentEvent::SentBack { number, .. }) => payment.attempt(*number),
        _ => None,
    });
    for attempt in back {
        let channel = format!("channel:{}", attempt.channel);
        match payment.purpose {
            Purpose::Repayment { .. } => post("receivable".to_owned(), channel),
            Purpose::MicroDeposit => post(channel, "verification".to_owned()),
        }
    }
    for (debit, credit, amount_minor) in events.iter().filter_map(surplus) {
        post_amount(debit.to_owned(), credit.to_owned(), amount_minor);
    }
    entries
}

/// All that moves is taken for the repayment first, whatever is decided about it and when. What the order calls too much
/// goes from there to `surplus`, and what has been sent back of that goes from `surplus` back there: once for each time
/// the order says so.
fn surplus(event: &Event) -> Option<(&'static str, &'static str, i64)> {
    match event {
        Event::Order(OrderEvent::SurplusFound { amount_minor, .. }) => {
            Some(("receivable", "surplus", *amount_minor))
        }
        Event::Order(OrderEvent::SurplusReturned { amount_minor, .. }) => {
            Some(("surplus", "receivable", *amount_minor))
        }
        _ => None,
    }
}
