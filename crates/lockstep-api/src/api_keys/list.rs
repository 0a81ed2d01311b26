//! `GET /v1/api_keys`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::KeyView;
use crate::app::App;
use crate::http::{Admin, Caller};
use crate::problem::Problem;

/// All keys of the lender.
#[derive(Serialize, ToSchema)]
pub(crate) struct Keys {
    /// Oldest first, revoked ones too.
    data: Vec<KeyView>,
}

/// API keys, without their secrets · 密钥列表
#[utoipa::path(
    get,
    path = "/v1/api_keys",
    tag = "admin",
    operation_id = "listApiKeys",
    responses((status = 200, description = "All keys", body = Keys)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn list_keys(State(app): State<App>, caller: Caller<Admin>) -> Result<Json<Keys>, Problem> {
    let keys = app.state.directory.keys(caller.tenant).await?;
    Ok(Json(Keys { data: keys.iter().map(KeyView::from).collect() }))
}
