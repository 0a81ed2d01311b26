//! `POST /v1/payments`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::payment::PaymentCommand;
use lockstep_engine::port::CallKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PaymentView;
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Input, Write};
use crate::problem::Problem;
use crate::wire::Typed;

/// Collect what an order owes from a binding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePayment {
    /// What is owed.
    #[schema(pattern = "^ord_[0-9A-HJKMNP-TV-Z]{26}$", example = "ord_0A01KJP3Q8ZB00000000000000")]
    order_id: String,
    /// From which instrument.
    #[schema(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$", example = "bnd_0A01KJP3Q8ZB00000000000000")]
    binding_id: String,
    /// Part of what is owed, in minor units; left out, all of it.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    amount_minor: Option<i64>,
    /// Channels it may use; left out or empty, every channel with a live mandate.
    #[schema(max_items = 8)]
    channels: Option<Vec<String>>,
}

impl Input for CreatePayment {}

/// Collect a repayment. At most one attempt ever moves money · 发起扣款
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "createPayment",
    params(IdempotencyHeader),
    request_body = CreatePayment,
    responses((status = 201, description = "The payment, accepted for good", body = PaymentView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn create_payment(
    State(app): State<App>,
    caller: Caller<Write>,
    call: Call<CreatePayment>,
) -> Result<Response, Problem> {
    let (load, command) = command_of(call.body)?;
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load,
        command: Command::Payment(command),
        sealed: Vec::new(),
        turn: None,
        status: 201,
    };
    let engine = app.state.engine.clone();
    app.run(run, move |slice| PaymentView::of_slice(slice, &engine)).await
}

fn command_of(body: CreatePayment) -> Result<(CallKey, PaymentCommand), Problem> {
    let mut typed = Typed::default();
    let order = typed.id("order_id", &body.order_id);
    let binding = typed.id("binding_id", &body.binding_id);
    let amount_minor = body.amount_minor.and_then(|amount| typed.amount("amount_minor", amount));
    let channels = typed.channels("channels", &body.channels.unwrap_or_default(), 0);
    let (Some(order), Some(binding)) = (order, binding) else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    Ok((CallKey::Collect { order, binding }, PaymentCommand::Collect { amount_minor, channels }))
}
