//! `GET /v1/webhook_endpoints`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::EndpointView;
use crate::app::App;
use crate::http::{Admin, Caller};
use crate::problem::Problem;

/// All endpoints of the lender.
#[derive(Serialize, ToSchema)]
pub(crate) struct Endpoints {
    /// Oldest first.
    data: Vec<EndpointView>,
}

/// Webhook endpoints, without their secrets · 通知地址列表
#[utoipa::path(
    get,
    path = "/v1/webhook_endpoints",
    tag = "webhooks",
    operation_id = "listWebhookEndpoints",
    responses((status = 200, description = "All endpoints", body = Endpoints)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn list_endpoints(
    State(app): State<App>,
    caller: Caller<Admin>,
) -> Result<Json<Endpoints>, Problem> {
    let endpoints = app.state.directory.endpoints(caller.tenant).await?;
    Ok(Json(Endpoints { data: endpoints.iter().map(EndpointView::from).collect() }))
}
