//! Orders: what is owed.

mod cancel;
mod create;
mod get;
mod list;

use lockstep_core::catalogue::Reason;
use lockstep_core::order::{Order, OrderState, Partial};
use lockstep_core::payment::Excuse;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::cancel::*;
pub(crate) use self::create::*;
pub(crate) use self::get::*;
pub(crate) use self::list::*;
use crate::wire::{MoneyView, OrderWord, ReasonCode, Time};

/// Where an order can stand.
pub(crate) const STATUSES: [&str; 4] = ["open", "collecting", "collected", "cancelled"];

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    /// Its id.
    #[schema(pattern = "^ord_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// Who owes.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: String,
    /// The lender's own name for it.
    #[schema(example = "loan-77/3")]
    reference: String,
    /// The whole amount.
    amount: MoneyView,
    /// What came in so far, in minor units.
    collected_minor: i64,
    /// What is still owed, in minor units.
    outstanding_minor: i64,
    /// What came in beyond what was owed and has to go back, in minor units.
    surplus_minor: i64,
    /// The part of `collected_minor` that moved on transactions the channel calls flawed: it may yet be sent back,
    /// and the order be open again.
    unconfirmed_minor: i64,
    /// What was collected and given back, in minor units. It isn't owed again; that takes a new order.
    refunded_minor: i64,
    /// When it is due.
    due_at: Time,
    /// How it may be collected in parts; absent: only whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<PartialView>,
    /// Why it is being collected in parts, once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    in_parts_because: Option<Reason>,
    /// The time that need not be counted against the borrower, because something technical of ours, the channel's or
    /// the bank's failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    excused: Option<ExcuseView>,
    /// Where it stands.
    #[schema(value_type = OrderWord)]
    status: &'static str,
    /// The payment under way, while it is `collecting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    /// When it was collected or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Time>,
    /// Counts its changes.
    version: u64,
    /// When it was made known.
    created_at: Time,
}

/// How an order may be collected in parts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartialView {
    /// The smallest part, in minor units.
    min_minor: i64,
    /// Also when the account doesn't hold the whole amount at the end of the window.
    when_no_funds: bool,
}

impl From<Partial> for PartialView {
    fn from(partial: Partial) -> Self {
        Self { min_minor: partial.min_minor, when_no_funds: partial.when_no_funds }
    }
}

/// A time that need not be counted against the borrower.
#[derive(Serialize, ToSchema)]
#[schema(as = Excuse)]
pub(crate) struct ExcuseView {
    /// From when.
    since: Time,
    /// Until when: the bank then named a cause of the borrower's own. Absent while nothing speaks against the
    /// borrower.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// What failed.
    #[schema(value_type = ReasonCode)]
    reason: Reason,
}

impl From<Excuse> for ExcuseView {
    fn from(excuse: Excuse) -> Self {
        Self { since: excuse.since.into(), until: excuse.until.map(Time), reason: excuse.reason }
    }
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        let (status, payment_id, ended_at) = match &order.state {
            OrderState::Open => ("open", None, None),
            OrderState::Collecting { payment } => ("collecting", Some(payment.to_string()), None),
            OrderState::Collected { at } => ("collected", None, Some(Time(*at))),
            OrderState::Cancelled { at } => ("cancelled", None, Some(Time(*at))),
        };
        Self {
            id: order.id.to_string(),
            borrower_id: order.borrower.to_string(),
            reference: order.reference.clone(),
            amount: order.money.into(),
            collected_minor: order.collected_minor,
            outstanding_minor: order.outstanding_minor(),
            surplus_minor: order.surplus_minor,
            unconfirmed_minor: order.unconfirmed.iter().map(|one| one.amount_minor).sum(),
            refunded_minor: order.refunded_minor,
            due_at: order.due_at.into(),
            partial: order.partial.map(PartialView::from),
            in_parts_because: order.parts.map(|parts| parts.reason),
            excused: order.excused.map(ExcuseView::from),
            status,
            payment_id,
            ended_at,
            version: order.version,
            created_at: order.created_at.into(),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct OrderPath {
    /// The order's id.
    #[param(pattern = "^ord_[0-9A-HJKMNP-TV-Z]{26}$", example = "ord_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
