//! `GET /v1/payments/{id}/refunds/{number}`

use axum::Json;
use axum::extract::State;

use super::{RefundPath, RefundView};
use crate::app::App;
use crate::http::{Caller, PathRefund, Read};
use crate::owned::visible;
use crate::problem::{Kind, Problem};

/// One refund of a payment · 查询退款
#[utoipa::path(
    get,
    path = "/v1/payments/{id}/refunds/{number}",
    tag = "payments",
    operation_id = "getRefund",
    params(RefundPath),
    responses((status = 200, description = "The refund", body = RefundView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_refund(
    State(app): State<App>,
    caller: Caller<Read>,
    PathRefund(id, number): PathRefund,
) -> Result<Json<RefundView>, Problem> {
    let payment = visible(app.state.queries.payment(caller.tenant, id).await?, caller.tenant)?;
    let refund = payment.refund(number).ok_or_else(|| Problem::new(Kind::RefundNotFound))?;
    Ok(Json(RefundView::of(&payment, refund)))
}
