//! `POST /v1/api_keys`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::id::{ApiKeyId, TenantId};
use lockstep_engine::port::{ApiKey, IdempotencyKey, KeyScope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{KeyView, Scope};
use crate::app::{App, Done};
use crate::http::{Admin, Call, Caller, IdempotencyHeader, Input};
use crate::key::new_api_key;
use crate::problem::Problem;
use crate::wire::Typed;

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// What people call it.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$",
        example = "collections"
    )]
    name: String,
    /// What it may do. Each scope stands for itself; `write` doesn't include `read`.
    #[schema(min_items = 1, max_items = 4)]
    scopes: Vec<Scope>,
}

impl Input for CreateKey {}

/// A new key with its secret, which is never shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    /// The key.
    #[serde(flatten)]
    key: KeyView,
    /// The secret: keep it now.
    #[schema(pattern = "^lsk_[A-Za-z0-9_-]{43}$")]
    secret: String,
}

/// Make an API key. Its secret is shown in this answer only · 新建密钥
#[utoipa::path(
    post,
    path = "/v1/api_keys",
    tag = "admin",
    operation_id = "createApiKey",
    params(IdempotencyHeader),
    request_body = CreateKey,
    responses((status = 201, description = "The key with its secret", body = NewKey)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn create_key(
    State(app): State<App>,
    caller: Caller<Admin>,
    call: Call<CreateKey>,
) -> Result<Response, Problem> {
    let (name, scopes) = check(&call.body)?;
    let tenant = caller.tenant;
    let work =
        move |app: App, idempotency| async move { make(&app, tenant, &idempotency, name, scopes).await };
    app.once(tenant, call.key, work).await
}

fn check(body: &CreateKey) -> Result<(String, Vec<KeyScope>), Problem> {
    let mut typed = Typed::default();
    let name = typed.text("name", &body.name, 64);
    let mut scopes: Vec<_> = body.scopes.iter().map(|scope| KeyScope::from(*scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() || scopes.len() != body.scopes.len() {
        let zh = "请列出 1 到 4 个不重复的权限。";
        typed.wrong("scopes", "length", zh, "Name 1 to 4 scopes, each once.");
    }
    let Some(name) = name else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    Ok((name, scopes))
}

async fn make(
    app: &App,
    tenant: TenantId,
    idempotency: &IdempotencyKey,
    name: String,
    scopes: Vec<KeyScope>,
) -> Result<Done, Problem> {
    let (directory, now) = (&app.state.directory, app.now());
    let id = ApiKeyId::mint(&mut app.mint_for(idempotency));
    // A call that stopped half-way may have left a key whose secret nobody has seen.
    for left in directory.keys(tenant).await? {
        if App::same_call(left.id.body(), id.body()) && left.revoked_at.is_none() {
            directory.revoke_key(tenant, left.id, now).await?;
        }
    }
    let (secret, hash) = new_api_key(&app.state.vault)?;
    let key = ApiKey { id, tenant, hash, name, scopes, created_at: now, revoked_at: None };
    directory.add_key(key.clone()).await?;
    Ok(Done::new(201, &NewKey { key: KeyView::from(&key), secret })?.with_secret())
}
