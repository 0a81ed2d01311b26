//! `POST /v1/borrowers`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_engine::port::CallKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::BorrowerView;
use crate::app::{App, Run};
use crate::http::{Call, Caller, IdempotencyHeader, Input, Write};
use crate::problem::Problem;
use crate::wire::Typed;

/// A new borrower.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBorrower {
    /// The lender's own name for the borrower, unique within the lender. Never put personal data here.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$",
        example = "customer-1029"
    )]
    reference: String,
}

impl Input for CreateBorrower {}

/// Make a borrower known · 新建借款人
#[utoipa::path(
    post,
    path = "/v1/borrowers",
    tag = "borrowers",
    operation_id = "createBorrower",
    params(IdempotencyHeader),
    request_body = CreateBorrower,
    responses((status = 201, description = "The borrower", body = BorrowerView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn create_borrower(
    State(app): State<App>,
    caller: Caller<Write>,
    call: Call<CreateBorrower>,
) -> Result<Response, Problem> {
    let mut typed = Typed::default();
    let reference = typed.reference("reference", &call.body.reference);
    let Some(reference) = reference else {
        return Err(typed.into_problem());
    };
    let tenant = caller.tenant;
    let run = Run {
        tenant,
        who: caller.who(),
        key: call.key,
        load: CallKey::BorrowerByReference { tenant, reference: reference.clone() },
        command: Command::CreateBorrower { tenant, reference },
        sealed: Vec::new(),
        turn: None,
        status: 201,
    };
    app.run(run, |slice| slice.borrower.as_ref().map(BorrowerView::from)).await
}
