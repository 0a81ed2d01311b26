//! `POST /v1/payments/{id}/refunds/{number}/approve`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::payment::{PaymentCommand, RefundCommand};
use lockstep_engine::port::CallKey;

use super::{RefundPath, RefundView};
use crate::app::{App, Run};
use crate::http::{Call, Caller, GiveBack, IdempotencyHeader, Nothing, PathRefund};
use crate::problem::Problem;

/// Approve a proposed refund. Needs another key than the one that asked · 复核退款
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refunds/{number}/approve",
    tag = "payments",
    operation_id = "approveRefund",
    params(RefundPath, IdempotencyHeader),
    responses((status = 200, description = "The refund, approved", body = RefundView)),
    security(("api_key" = ["refund"]))
)]
pub(crate) async fn approve_refund(
    State(app): State<App>,
    caller: Caller<GiveBack>,
    PathRefund(id, refund): PathRefund,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let command = RefundCommand::Approve { refund, by: caller.who() };
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
