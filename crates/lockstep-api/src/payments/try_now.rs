//! `POST /v1/payments/{id}/try_now`

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

/// Bring the next attempt forward · 立即重试
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/try_now",
    tag = "payments",
    operation_id = "tryPaymentNow",
    params(PaymentPath, IdempotencyHeader),
    responses((status = 200, description = "The payment; an attempt may be on its way", body = PaymentView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn try_payment_now(
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
        command: Command::Payment(PaymentCommand::TryNow),
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    let engine = app.state.engine.clone();
    app.run(run, move |slice| PaymentView::of_slice(slice, &engine)).await
}
