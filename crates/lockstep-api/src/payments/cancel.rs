//! `POST /v1/payments/{id}/cancel`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::PaymentCommand;
use lockstep_engine::port::CallKey;

use super::{PaymentPath, PaymentView};
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Nothing, PathId, Write};
use crate::problem::Problem;

/// Take a payment back before it moves money · 取消支付
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/cancel",
    tag = "payments",
    operation_id = "cancelPayment",
    params(PaymentPath, IdempotencyHeader),
    responses((status = 200, description = "The payment, cancelled", body = PaymentView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn cancel_payment(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<PaymentId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load: CallKey::Payment(id),
        command: Command::Payment(PaymentCommand::Cancel),
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    let engine = app.state.engine.clone();
    app.run(run, move |slice| PaymentView::of_slice(slice, &engine)).await
}
