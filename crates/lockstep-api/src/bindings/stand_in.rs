//! `POST` and `DELETE /v1/bindings/{id}/stand_in`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::binding::BindingCommand;
use lockstep_core::id::BindingId;
use lockstep_engine::port::CallKey;
use lockstep_engine::{Executed, Request};

use super::BindingPath;
use super::unbind::run_on_binding;
use crate::app::App;
use crate::http::{Call, Caller, IdempotencyHeader, Nothing, PathId, Write};
use crate::problem::{Kind, Problem};

/// The borrower agrees that this instrument may be debited where another of theirs can't · 同意作为备用账户
#[utoipa::path(
    post,
    path = "/v1/bindings/{id}/stand_in",
    tag = "bindings",
    operation_id = "agreeStandIn",
    params(BindingPath, IdempotencyHeader),
    responses((status = 200, description = "The binding; it may stand in", body = super::BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn agree_stand_in(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    run_on_binding(&app, &caller, call.key, id, BindingCommand::AgreeStandIn).await
}

/// The borrower takes that back; an attempt that is under way goes on · 撤回备用账户授权
#[utoipa::path(
    delete,
    path = "/v1/bindings/{id}/stand_in",
    tag = "bindings",
    operation_id = "withdrawStandIn",
    params(BindingPath),
    responses((status = 204, description = "It no longer stands in")),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn withdraw_stand_in(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
) -> Result<StatusCode, Problem> {
    let engine = &app.state.engine;
    let _permit = engine.admit(Some(caller.tenant))?;
    // Doing it twice is as good as doing it once, so it needs no key.
    let request = Request {
        tenant: Some(caller.tenant),
        who: caller.who(),
        key: CallKey::Binding(id),
        command: Command::Binding(BindingCommand::WithdrawStandIn),
        idempotency: None,
        sealed: Vec::new(),
        done: None,
        asked_at: None,
    };
    match engine.execute(request).await? {
        Executed::Decided(outcome) => match *outcome {
            Ok(_) => Ok(StatusCode::NO_CONTENT),
            Err(refusal) => Err(Problem::from(&refusal)),
        },
        Executed::Elsewhere(address) => Err(Problem::elsewhere(address)),
        Executed::Replayed(_) | Executed::Key(_) => Err(Problem::new(Kind::Fault)),
    }
}
