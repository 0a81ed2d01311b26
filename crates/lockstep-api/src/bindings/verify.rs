//! `POST /v1/bindings/{id}/verify`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::binding::{BindingCommand, CodeRef, MandateState};
use lockstep_core::channel::ChannelId;
use lockstep_core::id::BindingId;
use lockstep_core::refusal::Refusal;
use lockstep_core::sensitive::OneTimeCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{BindingPath, BindingView, run_on_binding};
use crate::app::App;
use crate::http::{Call, Caller, IdempotencyHeader, Input, PathId, RequestKey, Write};
use crate::owned::visible;
use crate::problem::Problem;
use crate::wire::Typed;

/// Either a code or an amount.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// The channel that texted the code; left out, the one that awaits it.
    #[schema(pattern = "^[a-z0-9_]{2,32}$", example = "unionpay")]
    channel: Option<String>,
    /// The code that was texted to the borrower. Goes to the channel and is stored nowhere.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4,8}$", min_length = 4, max_length = 8)]
    code: Option<OneTimeCode>,
    /// The amount that arrived on the borrower's account, in minor units.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    amount_minor: Option<i64>,
}

impl Input for Verify {}

/// Prove a binding by the code or amount that the borrower received · 用验证码或打款金额验证绑定
#[utoipa::path(
    post,
    path = "/v1/bindings/{id}/verify",
    tag = "bindings",
    operation_id = "verifyBinding",
    params(BindingPath, IdempotencyHeader),
    request_body = Verify,
    responses((status = 200, description = "The binding; a signature may be on its way", body = BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn verify_binding(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
    call: Call<Verify>,
) -> Result<Response, Problem> {
    match proof_of(call.body)? {
        Proof::Amount(amount_minor) => {
            let command = BindingCommand::ConfirmAmount { amount_minor };
            run_on_binding(&app, &caller, call.key, id, command).await
        }
        Proof::Code(code, Some(channel)) => confirm(&app, &caller, call.key, id, channel, code).await,
        Proof::Code(code, None) => {
            let channel = match awaiting(&app, &caller, id).await {
                Ok(channel) => channel,
                // After the first call no code is awaited any more; a repeat of it gets its answer all the
                // same.
                Err(problem) => return app.replay(caller.tenant, &call.key).await?.ok_or(problem),
            };
            confirm(&app, &caller, call.key, id, channel, code).await
        }
    }
}

enum Proof {
    Code(OneTimeCode, Option<ChannelId>),
    Amount(i64),
}

fn proof_of(body: Verify) -> Result<Proof, Problem> {
    let mut typed = Typed::default();
    let channel = body.channel.as_deref().map(|name| typed.channel("channel", name));
    let proof = match (body.code, body.amount_minor) {
        (Some(code), None) => {
            let shaped = (4..=8).contains(&code.expose().len());
            if !(shaped && code.expose().bytes().all(|byte| byte.is_ascii_digit())) {
                typed.wrong("code", "code", "验证码应为 4 到 8 位数字。", "A code has 4 to 8 digits.");
            }
            Some(Proof::Code(code, channel.flatten()))
        }
        (None, Some(amount_minor)) => typed.amount("amount_minor", amount_minor).map(Proof::Amount),
        (None, None) | (Some(_), Some(_)) => {
            let zh = "请在 code 和 amount_minor 中恰好填写一个。";
            typed.wrong("", "one_of", zh, "Send exactly one of `code` and `amount_minor`.");
            None
        }
    };
    typed.finish()?;
    proof.ok_or_else(|| Typed::default().into_problem())
}

async fn awaiting(app: &App, caller: &Caller<Write>, id: BindingId) -> Result<ChannelId, Problem> {
    let binding = visible(app.state.queries.binding(caller.tenant, id).await?, caller.tenant)?;
    if binding.unbound_at.is_some() {
        return Err(Problem::from(&Refusal::BindingUnbound));
    }
    // A binding that is usable already may be signing on one more channel.
    let awaiting =
        binding.mandates.values().find(|mandate| matches!(mandate.state, MandateState::AwaitingCode { .. }));
    let channel = awaiting.map(|mandate| mandate.channel.clone());
    channel.ok_or_else(|| Problem::from(&Refusal::NoCodeExpected))
}

async fn confirm(
    app: &App,
    caller: &Caller<Write>,
    key: RequestKey,
    id: BindingId,
    channel: ChannelId,
    code: OneTimeCode,
) -> Result<Response, Problem> {
    // A place of its own for every call: a repeat can't put its code where another call's code lies.
    let draw = u128::from_be_bytes(app.state.engine.ports().seeds.draw());
    let place = format!("{id}/{}/{draw:032x}", key.fingerprint);
    app.state.codes.put(&place, code, app.now().plus(app.state.limits.code_ttl).as_millis());
    let command = BindingCommand::ConfirmCode { channel, code: CodeRef(place.clone()) };
    let answer = run_on_binding(app, caller, key, id, command).await?;
    let replayed = answer.headers().contains_key("idempotency-replayed");
    if replayed || !answer.status().is_success() {
        // Nobody will come for it.
        drop(app.state.codes.take(&place, 0));
    }
    Ok(answer)
}
