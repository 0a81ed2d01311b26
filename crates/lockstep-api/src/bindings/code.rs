//! `POST /v1/bindings/{id}/code`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::binding::BindingCommand;
use lockstep_core::id::BindingId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{BindingPath, BindingView, run_on_binding};
use crate::app::App;
use crate::http::{Call, Caller, IdempotencyHeader, Input, PathId, Write};
use crate::problem::Problem;
use crate::wire::Typed;

/// On which channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendCode {
    /// The channel that texts the code.
    #[schema(pattern = "^[a-z0-9_]{2,32}$", example = "unionpay")]
    channel: String,
}

impl Input for SendCode {}

/// Text a new code · 重新发送验证码
#[utoipa::path(
    post,
    path = "/v1/bindings/{id}/code",
    tag = "bindings",
    operation_id = "sendCode",
    params(BindingPath, IdempotencyHeader),
    request_body = SendCode,
    responses((status = 200, description = "The binding; the channel was asked", body = BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn send_code(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
    call: Call<SendCode>,
) -> Result<Response, Problem> {
    let mut typed = Typed::default();
    let channel = typed.channel("channel", &call.body.channel);
    let Some(channel) = channel else {
        return Err(typed.into_problem());
    };
    run_on_binding(&app, &caller, call.key, id, BindingCommand::SendCode { channel }).await
}
