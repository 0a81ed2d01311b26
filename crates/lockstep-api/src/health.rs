//! `GET /health/live` and `GET /health/ready`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use lockstep_core::id::{Bucket, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Kind, Problem};

const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// It is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// The process runs · 存活检查
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    operation_id = "healthLive",
    responses((status = 200, description = "It runs", body = Health))
)]
pub(crate) async fn live() -> Json<Health> {
    OK
}

/// The store answers and calls are taken · 就绪检查
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    operation_id = "healthReady",
    responses((status = 200, description = "It takes calls", body = Health))
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    let nobody = TenantId::mint(&mut app.mint(Bucket::of_tenant("health")));
    let asked = app.state.directory.tenant(nobody);
    let answered = tokio::time::timeout(STORE_ANSWERS_WITHIN, asked).await;
    let engine = &app.state.engine;
    let well = matches!(answered, Ok(Ok(_))) && engine.takes_calls() && engine.has_settled();
    if well { Ok(OK) } else { Err(Problem::new(Kind::NotReady).retry_after(5)) }
}
