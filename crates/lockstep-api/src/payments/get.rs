//! `GET /v1/payments/{id}`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::{Payment, PaymentStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{PaymentPath, PaymentView};
use crate::app::App;
use crate::http::{Caller, PathId, Query, Read, WaitParam, wait_for};
use crate::owned::visible;
use crate::problem::Problem;

/// How to read a payment.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentQuery {
    /// Wait up to this many seconds for the payment to leave `trying` and `unknown`.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 30)]
    wait_s: Option<WaitParam>,
}

/// One payment · 查询支付
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    operation_id = "getPayment",
    params(PaymentPath, PaymentQuery),
    responses((status = 200, description = "The payment", body = PaymentView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_payment(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<PaymentId>,
    Query(query): Query<PaymentQuery>,
) -> Result<Json<PaymentView>, Problem> {
    // Another lender's payment is no reason to wait.
    let settled = |payment: &Payment| payment.tenant != caller.tenant || !moves_at_once(payment.status());
    let read = || app.state.queries.payment(id);
    let found = wait_for(&app, &id.to_string(), query.wait_s, read, settled).await?;
    let payment = visible(found, caller.tenant)?;
    let binding = app.state.queries.binding(payment.binding).await?;
    Ok(Json(PaymentView::with(&payment, binding.as_ref(), &app.state.engine)))
}

fn moves_at_once(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Trying | PaymentStatus::Unknown => true,
        PaymentStatus::Waiting
        | PaymentStatus::Succeeded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled => false,
    }
}
