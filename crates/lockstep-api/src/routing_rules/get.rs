//! `GET /v1/routing_rules`

use axum::Json;
use axum::extract::State;

use super::RulesView;
use crate::app::App;
use crate::http::{Admin, Caller};
use crate::problem::Problem;

/// The rules about channels in force · 查询路由规则
#[utoipa::path(
    get,
    path = "/v1/routing_rules",
    tag = "admin",
    operation_id = "getRoutingRules",
    responses((status = 200, description = "The rules, with their version", body = RulesView)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn get_routing_rules(
    State(app): State<App>,
    caller: Caller<Admin>,
) -> Result<Json<RulesView>, Problem> {
    let stored = app.state.directory.routing_rules(caller.tenant).await?;
    Ok(Json(RulesView::of(stored.as_ref())))
}
