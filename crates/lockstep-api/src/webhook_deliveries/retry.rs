//! `POST /v1/webhook_deliveries/{id}/retry`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::id::DeliveryId;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Done};
use crate::http::{Admin, Call, Caller, IdempotencyHeader, Nothing, PathId};
use crate::problem::{Kind, Problem};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct DeliveryPath {
    /// The delivery's id.
    #[param(pattern = "^dlv_[0-9A-HJKMNP-TV-Z]{26}$", example = "dlv_0A01KJP3Q8ZB00000000000000")]
    id: String,
}

/// Back in line.
#[derive(Serialize, ToSchema)]
pub(crate) struct Requeued {
    /// The delivery's id.
    #[schema(pattern = "^dlv_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// `pending`
    #[schema(pattern = "^pending$")]
    state: &'static str,
}

/// Send a dead message again, under the same message id · 重新投递
#[utoipa::path(
    post,
    path = "/v1/webhook_deliveries/{id}/retry",
    tag = "webhooks",
    operation_id = "retryWebhookDelivery",
    params(DeliveryPath, IdempotencyHeader),
    responses((status = 200, description = "Back in line", body = Requeued)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn retry_delivery(
    State(app): State<App>,
    caller: Caller<Admin>,
    PathId(id): PathId<DeliveryId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant;
    let work = move |app: App, _key| async move {
        if !app.state.directory.requeue_delivery(tenant, id, app.now()).await? {
            return Err(Problem::new(Kind::DeliveryNotFound));
        }
        app.state.engine.nudge();
        Done::new(200, &Requeued { id: id.to_string(), state: "pending" })
    };
    app.once(tenant, call.key, work).await
}
