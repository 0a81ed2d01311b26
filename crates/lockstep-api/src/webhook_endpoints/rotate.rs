//! `POST /v1/webhook_endpoints/{id}/rotate_secret`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::id::{EndpointId, TenantId};
use lockstep_engine::port::Endpoint;

use super::{EndpointPath, EndpointView, EndpointWithSecret};
use crate::app::{App, Done};
use crate::http::{Admin, Call, Caller, IdempotencyHeader, Nothing, PathId};
use crate::problem::{Kind, Problem};
use crate::webhooks::EndpointSecrets;

/// Get a new signing secret; the one before signs along for 24 hours · 更换签名密钥
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints/{id}/rotate_secret",
    tag = "webhooks",
    operation_id = "rotateWebhookSecret",
    params(EndpointPath, IdempotencyHeader),
    responses((status = 200, description = "The endpoint with its new secret", body = EndpointWithSecret)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    caller: Caller<Admin>,
    PathId(id): PathId<EndpointId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant;
    app.once(tenant, call.key, move |app: App, _key| async move { rotate(&app, tenant, id).await }).await
}

async fn rotate(app: &App, tenant: TenantId, id: EndpointId) -> Result<Done, Problem> {
    let known = app.state.directory.endpoints(tenant).await?;
    let found = known.into_iter().find(|endpoint| endpoint.id == id);
    let endpoint = found.ok_or_else(|| Problem::new(Kind::EndpointNotFound))?;
    let secrets = EndpointSecrets::new(&app.state.vault, tenant, id);
    let (secret, sealed) = secrets.generate()?;
    let endpoint =
        Endpoint { secrets: EndpointSecrets::rotated(sealed, &endpoint.secrets, app.now()), ..endpoint };
    app.state.directory.put_endpoint(endpoint.clone()).await?;
    let shown = EndpointWithSecret { endpoint: EndpointView::from(&endpoint), secret };
    Ok(Done::new(200, &shown)?.with_secret())
}
