//! `GET /v1/bindings/{id}`

use axum::Json;
use axum::extract::State;
use lockstep_core::binding::{Binding, BindingStatus, Mandate, MandateState};
use lockstep_core::id::BindingId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{BindingPath, BindingView};
use crate::app::App;
use crate::http::{Caller, PathId, Query, Read, WaitParam, wait_for};
use crate::owned::visible;
use crate::problem::Problem;

/// How to read a binding.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BindingQuery {
    /// Wait up to this many seconds for channels that are checking or signing.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 30)]
    wait_s: Option<WaitParam>,
}

/// One binding · 查询绑定
#[utoipa::path(
    get,
    path = "/v1/bindings/{id}",
    tag = "bindings",
    operation_id = "getBinding",
    params(BindingPath, BindingQuery),
    responses((status = 200, description = "The binding", body = BindingView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_binding(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<BindingId>,
    Query(query): Query<BindingQuery>,
) -> Result<Json<BindingView>, Problem> {
    // Another lender's binding is no reason to wait.
    let settled = |binding: &Binding| binding.tenant != caller.tenant || !moves_by_itself(binding);
    let read = || app.state.queries.binding(caller.tenant, id);
    let found = wait_for(&app, &id.to_string(), query.wait_s, read, settled).await?;
    let binding = visible(found, caller.tenant)?;
    Ok(Json(BindingView::of(&binding, app.now())))
}

/// Whether a channel is being waited for: a binding can be usable on one and still be signing on another.
fn moves_by_itself(binding: &Binding) -> bool {
    let waits = |mandate: &Mandate| match mandate.state {
        MandateState::RequestingCode { .. }
        | MandateState::Signing { .. }
        | MandateState::SigningUnknown { .. } => true,
        MandateState::Wanted
        | MandateState::AwaitingCode { .. }
        | MandateState::Live { .. }
        | MandateState::Refused { .. }
        | MandateState::Ended { .. } => false,
    };
    binding.status() == BindingStatus::Verifying || binding.mandates.values().any(waits)
}
