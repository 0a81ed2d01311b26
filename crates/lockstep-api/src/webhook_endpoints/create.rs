//! `POST /v1/webhook_endpoints`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::id::{EndpointId, TenantId};
use lockstep_engine::port::{Endpoint, IdempotencyKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EndpointView, EndpointWithSecret, KINDS};
use crate::app::{App, Done};
use crate::http::{Admin, Call, Caller, IdempotencyHeader, Input};
use crate::problem::{Kind, Problem};
use crate::webhooks::{EndpointSecrets, check_url};
use crate::wire::{Typed, WebhookKind};

/// The most endpoints of one lender.
const MAX_ENDPOINTS: usize = 16;

/// A new endpoint.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateEndpoint {
    /// An https address on the public internet.
    #[schema(
        max_length = 2048,
        pattern = "^https?://",
        example = "https://lender.example.com/hooks/lockstep"
    )]
    url: String,
    /// What to tell; left out or empty, everything.
    #[schema(value_type = Option<Vec<WebhookKind>>, max_items = 17)]
    kinds: Option<Vec<String>>,
}

impl Input for CreateEndpoint {}

/// Tell a new address. The signing secret is shown in this answer only · 新增通知地址
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints",
    tag = "webhooks",
    operation_id = "createWebhookEndpoint",
    params(IdempotencyHeader),
    request_body = CreateEndpoint,
    responses((status = 201, description = "The endpoint with its secret", body = EndpointWithSecret)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn create_endpoint(
    State(app): State<App>,
    caller: Caller<Admin>,
    call: Call<CreateEndpoint>,
) -> Result<Response, Problem> {
    let (url, kinds) = check(&app, call.body)?;
    let tenant = caller.tenant;
    let work = move |app: App, idempotency| async move { make(&app, tenant, &idempotency, url, kinds).await };
    app.once(tenant, call.key, work).await
}

fn check(app: &App, body: CreateEndpoint) -> Result<(String, Vec<String>), Problem> {
    let mut typed = Typed::default();
    let url = check_url(&body.url, app.state.limits.allow_private_webhooks);
    if let Err(forbidden) = &url {
        let sentence = forbidden.sentence();
        typed.wrong("url", forbidden.code(), sentence.zh, sentence.en);
    }
    let kinds = body.kinds.unwrap_or_default();
    for (index, kind) in kinds.iter().enumerate() {
        let place = format!("kinds[{index}]");
        if !KINDS.contains(&kind.as_str()) {
            let zh = "没有这种通知。";
            typed.wrong(&place, "kind", zh, format!("No such kind; there are {}.", KINDS.join(", ")));
        } else if kinds[..index].contains(kind) {
            typed.wrong(&place, "repeated", "通知种类重复。", "This kind is named twice.");
        }
    }
    let Ok(url) = url else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    Ok((url.to_string(), kinds))
}

async fn make(
    app: &App,
    tenant: TenantId,
    idempotency: &IdempotencyKey,
    url: String,
    kinds: Vec<String>,
) -> Result<Done, Problem> {
    let directory = &app.state.directory;
    let id = EndpointId::mint(&mut app.mint_for(idempotency));
    let mut known = directory.endpoints(tenant).await?;
    // A call that stopped half-way may have left an endpoint whose secret nobody has seen.
    if let Some(left) = known.iter().position(|left| App::same_call(left.id.body(), id.body())) {
        directory.remove_endpoint(tenant, known.remove(left).id).await?;
    }
    if known.len() >= MAX_ENDPOINTS {
        return Err(Problem::new(Kind::TooManyEndpoints));
    }
    let secrets = EndpointSecrets::new(&app.state.vault, tenant, id);
    let (secret, sealed) = secrets.generate()?;
    let created_at = app.now();
    let endpoint = Endpoint { id, tenant, url, secrets: vec![sealed], kinds, enabled: true, created_at };
    directory.put_endpoint(endpoint.clone()).await?;
    let shown = EndpointWithSecret { endpoint: EndpointView::from(&endpoint), secret };
    Ok(Done::new(201, &shown)?.with_secret())
}
