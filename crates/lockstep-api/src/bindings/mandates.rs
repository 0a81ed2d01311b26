//! `POST /v1/bindings/{id}/mandates`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::binding::BindingCommand;
use lockstep_core::id::BindingId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::terms::{TermsInput, terms_of};
use super::{BindingPath, BindingView, run_on_binding};
use crate::app::App;
use crate::http::{Call, Caller, IdempotencyHeader, Input, PathId, Write, some_object};
use crate::problem::Problem;
use crate::wire::Typed;

/// One more mandate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddMandate {
    /// The channel to sign on.
    #[schema(pattern = "^[a-z0-9_]{2,32}$", example = "netsunion")]
    channel: String,
    /// What the borrower agrees to.
    #[serde(default, deserialize_with = "some_object")]
    terms: Option<TermsInput>,
}

impl Input for AddMandate {}

/// Sign on one more channel, so that a payment can fail over · 在另一渠道签约
#[utoipa::path(
    post,
    path = "/v1/bindings/{id}/mandates",
    tag = "bindings",
    operation_id = "addMandate",
    params(BindingPath, IdempotencyHeader),
    request_body = AddMandate,
    responses((status = 200, description = "The binding; signing has begun", body = BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn add_mandate(
    State(app): State<App>,
    caller: Caller<Write>,
    PathId(id): PathId<BindingId>,
    call: Call<AddMandate>,
) -> Result<Response, Problem> {
    let mut typed = Typed::default();
    let channel = typed.channel("channel", &call.body.channel);
    let terms = terms_of(&app, caller.tenant, call.body.terms.unwrap_or_default(), &mut typed).await?;
    let (Some(channel), Some(terms)) = (channel, terms) else {
        return Err(typed.into_problem());
    };
    typed.finish()?;
    run_on_binding(&app, &caller, call.key, id, BindingCommand::AddMandate { channel, terms }).await
}
