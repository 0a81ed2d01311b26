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
use crate::problem::{FieldError, Kind, Problem};
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
    /// What it may do. Each scope stands for itself; `write` doesn't include `read`. Only scopes that the caller's own
    /// key has; `refund` and `approve`, by which two people decide with a key each, are given on the command line
    /// alone (`lockstep key create`).
    #[schema(min_items = 1, max_items = 5)]
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

/// Make an API key, with scopes that the caller has but refund and approve. Its secret is shown in this answer only · 新建密钥
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
    may_give(&call.body.scopes, &caller.held.scopes)?;
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
        let zh = "请列出 1 到 5 个不重复的权限。";
        typed.wrong("scopes", "length", zh, "Name 1 to 5 scopes, each once.");
    }
    let Some(name) = name else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    Ok((name, scopes))
}

/// A key can't reach further than the one that made it, and no key makes the keys of two people.
fn may_give(wanted: &[Scope], held: &[KeyScope]) -> Result<(), Problem> {
    let refused = |(at, scope): (usize, &Scope)| {
        let scope = KeyScope::from(*scope);
        let (field, word) = (format!("scopes[{at}]"), scope.as_str());
        if scope.is_a_persons() {
            let zh = format!(
                "{word} 权限用于双人复核，只能由管理员在命令行授予：lockstep key create --scopes {word}。"
            );
            let en = format!(
                "{word} stands for a person in decisions of two people; it is given on the command line alone: \
                 lockstep key create --scopes {word}."
            );
            return Some(FieldError::new(field, "command_line_only", zh, en));
        }
        if held.contains(&scope) {
            return None;
        }
        let zh = format!("您的密钥没有 {word} 权限，不能授予；请改用有此权限的密钥，或去掉这一项。");
        let en =
            format!("Your own key lacks {word} and can't give it. Use a key that has it, or leave it out.");
        Some(FieldError::new(field, "not_held", zh, en))
    };
    let errors: Vec<_> = wanted.iter().enumerate().filter_map(refused).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::new(Kind::ScopeNotGiven).with_errors(errors)) }
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
