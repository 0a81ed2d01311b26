//! `POST /v1/payments/{id}/refunds`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::{PaymentCommand, RefundCommand, RefundReason};
use lockstep_engine::port::CallKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::RefundView;
use crate::app::{App, Run};
use crate::http::{Call, Caller, GiveBack, IdempotencyHeader, Input, PathId};
use crate::payments::PaymentPath;
use crate::problem::Problem;
use crate::wire::Typed;

/// Give back what a payment took, whole or in part.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRefund {
    /// How much, in minor units; left out, all that can still go back of one attempt.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    amount_minor: Option<i64>,
    /// Why: a code of your own, never free text, which might name people. `surplus` for money that should never
    /// have been taken.
    #[schema(pattern = "^[a-z0-9_]{1,64}$", example = "goodwill")]
    reason: String,
    /// Of which attempt; left out, the one of which most is left. A payment has more than one that took money only
    /// after a late success.
    #[schema(minimum = 1, maximum = 65_535)]
    attempt: Option<u16>,
}

impl Input for CreateRefund {}

/// Give money back. The sum never exceeds what was taken · 发起退款
///
/// Above the installation's threshold it is `proposed` and waits for another key's approval. The order stays
/// collected.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refunds",
    tag = "payments",
    operation_id = "createRefund",
    params(PaymentPath, IdempotencyHeader),
    request_body = CreateRefund,
    responses((status = 201, description = "The refund, accepted for good", body = RefundView)),
    security(("api_key" = ["refund"]))
)]
pub(crate) async fn create_refund(
    State(app): State<App>,
    caller: Caller<GiveBack>,
    PathId(id): PathId<PaymentId>,
    call: Call<CreateRefund>,
) -> Result<Response, Problem> {
    let command = command_of(&call.body, &caller)?;
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load: CallKey::Payment(id),
        command: Command::Payment(PaymentCommand::Refund(command)),
        sealed: Vec::new(),
        turn: None,
        status: 201,
    };
    app.run(run, |slice| {
        let payment = slice.payment.as_ref()?;
        payment.refunds.last().map(|refund| RefundView::of(payment, refund))
    })
    .await
}

fn command_of(body: &CreateRefund, caller: &Caller<GiveBack>) -> Result<RefundCommand, Problem> {
    let mut typed = Typed::default();
    let amount_minor = body.amount_minor.and_then(|amount| typed.amount("amount_minor", amount));
    let Ok(reason) = RefundReason::try_from(body.reason.clone()) else {
        let zh = "应为 1 到 64 个字符的代码，只含小写字母、数字和下划线，例如 goodwill。";
        let en = "It must be a code of 1 to 64 characters of a-z, 0-9 and _, such as goodwill.";
        typed.wrong("reason", "code", zh, en);
        return Err(typed.into_problem());
    };
    typed.finish()?;
    Ok(RefundCommand::Ask { amount_minor, reason, attempt: body.attempt, by: caller.who() })
}
