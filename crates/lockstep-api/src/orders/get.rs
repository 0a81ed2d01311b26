//! `GET /v1/orders/{id}`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::OrderId;

use super::{OrderPath, OrderView};
use crate::app::App;
use crate::http::{Caller, PathId, Read};
use crate::owned::visible;
use crate::problem::Problem;

/// One order · 查询还款单
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    operation_id = "getOrder",
    params(OrderPath),
    responses((status = 200, description = "The order", body = OrderView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_order(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<OrderId>,
) -> Result<Json<OrderView>, Problem> {
    let order = visible(app.state.queries.order(caller.tenant, id).await?, caller.tenant)?;
    Ok(Json(OrderView::from(&order)))
}
