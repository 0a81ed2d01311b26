//! `DELETE /v1/webhook_endpoints/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use lockstep_core::id::EndpointId;

use super::EndpointPath;
use crate::app::App;
use crate::http::{Admin, Caller, PathId};
use crate::problem::{Kind, Problem};

/// Remove an endpoint with its pending messages · 删除通知地址
#[utoipa::path(
    delete,
    path = "/v1/webhook_endpoints/{id}",
    tag = "webhooks",
    operation_id = "removeWebhookEndpoint",
    params(EndpointPath),
    responses((status = 204, description = "Removed")),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn remove_endpoint(
    State(app): State<App>,
    caller: Caller<Admin>,
    PathId(id): PathId<EndpointId>,
) -> Result<StatusCode, Problem> {
    let removed = app.state.directory.remove_endpoint(caller.tenant, id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::new(Kind::EndpointNotFound)) }
}
