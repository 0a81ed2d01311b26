//! `GET /v1/payments/{id}/refunds`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::PaymentId;
use serde::Serialize;
use utoipa::ToSchema;

use super::RefundView;
use crate::app::App;
use crate::http::{Caller, PathId, Read};
use crate::owned::visible;
use crate::payments::PaymentPath;
use crate::problem::Problem;

/// What goes back of a payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refunds {
    /// Oldest first; a payment has at most 999.
    data: Vec<RefundView>,
    /// What has gone back, in minor units.
    refunded_minor: i64,
    /// What could still be asked back, in minor units.
    refundable_minor: i64,
}

/// The refunds of a payment · 退款列表
#[utoipa::path(
    get,
    path = "/v1/payments/{id}/refunds",
    tag = "payments",
    operation_id = "listRefunds",
    params(PaymentPath),
    responses((status = 200, description = "Its refunds, oldest first", body = Refunds)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_refunds(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<Refunds>, Problem> {
    let payment = visible(app.state.queries.payment(caller.tenant, id).await?, caller.tenant)?;
    Ok(Json(Refunds {
        data: payment.refunds.iter().map(|refund| RefundView::of(&payment, refund)).collect(),
        refunded_minor: payment.refunded_minor(),
        refundable_minor: crate::payments::refundable(&payment),
    }))
}
