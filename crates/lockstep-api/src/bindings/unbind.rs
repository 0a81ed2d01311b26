//! `POST /v1/bindings/{id}/unbind`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::binding::BindingCommand;
use lockstep_core::id::BindingId;
use lockstep_engine::port::CallKey;

use super::{BindingPath, BindingView};
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Nothing, PathId, RequestKey, Write};
use crate::problem::Problem;

/// Give a binding up and end its mandates · 解绑
#[utoipa::path(
    post,
    path = "/v1/bindings/{id}/unbind",
    tag = "bindings",
    operation_id = "unbind",
    params(BindingPath, IdempotencyHeader),
    responses((status = 200, description = "The binding, given up", body = BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn unbind(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    run_on_binding(&app, &caller, call.key, id, BindingCommand::Unbind).await
}

/// Asks something of a binding and shows it.
pub(super) async fn run_on_binding(
    app: &App,
    caller: &Caller<Write>,
    key: RequestKey,
    id: BindingId,
    command: BindingCommand,
) -> Result<Response, Problem> {
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key,
        load: CallKey::Binding(id),
        command: Command::Binding(command),
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    let now = app.now();
    app.run(run, move |slice| slice.binding.as_ref().map(|binding| BindingView::of(binding, now))).await
}
