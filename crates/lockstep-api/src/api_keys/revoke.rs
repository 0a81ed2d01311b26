//! `DELETE /v1/api_keys/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use lockstep_core::id::ApiKeyId;

use super::KeyPath;
use crate::app::App;
use crate::http::{Admin, Caller, PathId};
use crate::problem::{Kind, Problem, ProblemDetails};

/// Revoke a key, which is refused within seconds; none can revoke itself · 吊销密钥
#[utoipa::path(
    delete,
    path = "/v1/api_keys/{id}",
    tag = "admin",
    operation_id = "revokeApiKey",
    params(KeyPath),
    responses(
        (status = 204, description = "Revoked"),
        (
            status = 409,
            description = "It is the caller's own",
            body = ProblemDetails,
            content_type = "application/problem+json"
        )
    ),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    caller: Caller<Admin>,
    PathId(id): PathId<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    if id == caller.key {
        return Err(Problem::new(Kind::OwnKey));
    }
    let revoked = app.state.directory.revoke_key(caller.tenant, id, app.now()).await?;
    if !revoked {
        return Err(Problem::new(Kind::KeyNotFound));
    }
    app.key_cache.forget(id);
    Ok(StatusCode::NO_CONTENT)
}
