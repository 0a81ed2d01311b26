//! `POST /v1/orders`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::id::BorrowerId;
use lockstep_core::order::Partial;
use lockstep_engine::port::CallKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::OrderView;
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Input, Write, some_object};
use crate::problem::Problem;
use crate::wire::{CurrencyCode, Typed};

/// A new order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrder {
    /// Who owes.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$", example = "bor_0A01KJP3Q8ZB00000000000000")]
    borrower_id: String,
    /// The lender's own name for the order, unique per borrower (a loan and instalment number, say). No
    /// card, ID or phone numbers.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$",
        example = "loan-77/3"
    )]
    reference: String,
    /// The whole amount in minor units (fen for CNY). A whole number, never a fraction.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64, example = 125_000)]
    amount_minor: i64,
    /// ISO 4217.
    #[schema(value_type = CurrencyCode, example = "CNY")]
    currency: String,
    /// When it is due; RFC 3339 with an offset.
    #[schema(format = DateTime, example = "2026-03-02T09:00:00+08:00")]
    due_at: String,
    /// Whether it may be collected in parts; left out, only whole.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(inline)]
    partial: Option<PartialTerms>,
}

/// How an order may be collected in parts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartialTerms {
    /// The smallest part in minor units, at most the whole amount. Nothing smaller is collected, and nothing smaller is
    /// left over.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64, example = 20_000)]
    min_minor: i64,
    /// Also when the account doesn't hold the whole amount at the end of the window; otherwise only where a limit
    /// of the bank stands against the whole amount.
    #[serde(default)]
    when_no_funds: bool,
}

impl Input for CreateOrder {}

/// Make an order known · 新建还款单
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    operation_id = "createOrder",
    params(IdempotencyHeader),
    request_body = CreateOrder,
    responses((status = 201, description = "The order", body = OrderView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn create_order(
    State(app): State<App>,
    caller: Caller<Write>,
    call: Call<CreateOrder>,
) -> Result<Response, Problem> {
    let (load, command) = command_of(&call.body)?;
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load,
        command,
        sealed: Vec::new(),
        turn: None,
        status: 201,
    };
    app.run(run, |slice| slice.order.as_ref().map(OrderView::from)).await
}

fn command_of(body: &CreateOrder) -> Result<(CallKey, Command), Problem> {
    let mut typed = Typed::default();
    let borrower = typed.id::<BorrowerId>("borrower_id", &body.borrower_id);
    let reference = typed.reference("reference", &body.reference);
    let money = typed.money(body.amount_minor, &body.currency);
    let due_at = typed.time("due_at", &body.due_at);
    let partial = body
        .partial
        .as_ref()
        .map(|terms| Partial { min_minor: terms.min_minor, when_no_funds: terms.when_no_funds });
    let fits = partial.is_none_or(|partial| (1..=body.amount_minor).contains(&partial.min_minor));
    if !fits {
        let zh = "应为 1 到 amount_minor 之间的整数。";
        typed.wrong("partial.min_minor", "amount", zh, "It must be a whole number from 1 to amount_minor.");
    }
    let (true, Some(borrower), Some(reference), Some(money), Some(due_at)) =
        (fits, borrower, reference, money, due_at)
    else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    let load = CallKey::NewOrder { borrower, reference: reference.clone() };
    Ok((load, Command::CreateOrder { reference, money, due_at, partial }))
}
