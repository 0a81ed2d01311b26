//! `POST /v1/orders/{id}/cancel`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::id::OrderId;
use lockstep_engine::port::CallKey;

use super::{OrderPath, OrderView};
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Nothing, PathId, Write};
use crate::problem::Problem;

/// Take an order back · 取消还款单
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancel",
    tag = "orders",
    operation_id = "cancelOrder",
    params(OrderPath, IdempotencyHeader),
    responses((status = 200, description = "The order, cancelled", body = OrderView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn cancel_order(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<OrderId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key: call.key,
        load: CallKey::Order(id),
        command: Command::CancelOrder,
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    app.run(run, |slice| slice.order.as_ref().map(OrderView::from)).await
}
