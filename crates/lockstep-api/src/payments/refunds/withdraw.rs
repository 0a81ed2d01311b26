//! `POST /v1/payments/{id}/refunds/{number}/withdraw`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::payment::{PaymentCommand, RefundCommand};
use lockstep_engine::port::CallKey;

use super::{RefundPath, RefundView};
use crate::app::{App, Run};
use crate::http::{Call, Caller, GiveBack, IdempotencyHeader, Nothing, PathRefund};
use crate::problem::Problem;

/// Take a proposed refund back · 撤回退款
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refunds/{number}/withdraw",
    tag = "payments",
    operation_id = "withdrawRefund",
    params(RefundPath, IdempotencyHeader),
    responses((status = 200, description = "The refund, withdrawn", body = RefundView)),
    security(("api_key" = ["refund"]))
)]
pub(crate) async fn withdraw_refund(
    State(app): State<App>,
    caller: Caller<GiveBack>,
    PathRefund(id, refund): PathRefund,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let command = RefundCommand::Withdraw { refund, by: caller.who() };
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load: CallKey::Payment(id),
        command: Command::Payment(PaymentCommand::Refund(command)),
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    app.run(run, move |slice| {
        let payment = slice.payment.as_ref()?;
        payment.refund(refund).map(|refund| RefundView::of(payment, refund))
    })
    .await
}
