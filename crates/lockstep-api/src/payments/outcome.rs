//! `POST /v1/payments/{id}/attempts/{attempt}/outcome`, `…/outcome/approve`, `…/outcome/withdraw`: two people decide
//! what became of an attempt whose channel has not told by the deadline.

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::check::names_someone;
use lockstep_core::payment::{Outcome, PaymentCommand};
use lockstep_engine::port::CallKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AttemptPath, PaymentView};
use crate::app::{App, Run};
use crate::http::{Approve, Call, Caller, IdempotencyHeader, Input, Nothing, PathAttempt, RequestKey};
use crate::problem::Problem;
use crate::wire::Typed;

/// The longest evidence, in characters.
const MAX_EVIDENCE: usize = 500;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Outcome)]
pub(crate) enum OutcomeWord {
    /// The money moved.
    Moved,
    /// No money moved.
    NotMoved,
}

impl From<Outcome> for OutcomeWord {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Moved => Self::Moved,
            Outcome::NotMoved => Self::NotMoved,
        }
    }
}

impl From<OutcomeWord> for Outcome {
    fn from(word: OutcomeWord) -> Self {
        match word {
            OutcomeWord::Moved => Self::Moved,
            OutcomeWord::NotMoved => Self::NotMoved,
        }
    }
}

/// What became of an attempt, and how the caller knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeOutcome {
    /// What became of it.
    outcome: OutcomeWord,
    /// What that rests on: whom you asked, when, under which reference. No card, ID or phone numbers.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$",
        example = "Channel's support, ticket 4711, 3 March 10:20: never received"
    )]
    evidence: String,
}

impl Input for ProposeOutcome {}

/// What became of an attempt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveOutcome {
    /// What became of it: has to be what was proposed.
    outcome: OutcomeWord,
}

impl Input for ApproveOutcome {}

/// Say what became of an overdue attempt; a second key has to agree · 提出结果认定
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/attempts/{attempt}/outcome",
    tag = "payments",
    operation_id = "proposeOutcome",
    params(AttemptPath, IdempotencyHeader),
    request_body = ProposeOutcome,
    responses((status = 200, description = "The payment, with the proposal", body = PaymentView)),
    security(("api_key" = ["approve"]))
)]
pub(crate) async fn propose_outcome(
    State(app): State<App>,
    caller: Caller<Approve>,
    path: PathAttempt,
    call: Call<ProposeOutcome>,
) -> Result<Response, Problem> {
    let evidence = check(&call.body.evidence)?;
    let (attempt, outcome, by) = (path.1, call.body.outcome.into(), caller.key);
    let command = PaymentCommand::ProposeOutcome { attempt, outcome, evidence, by };
    decide(&app, &caller, call.key, &path, command).await
}

fn check(evidence: &str) -> Result<String, Problem> {
    let mut typed = Typed::default();
    let text = typed.text("evidence", evidence, MAX_EVIDENCE);
    if text.as_deref().is_some_and(names_someone) {
        let zh = "请勿填写卡号、证件号或手机号，可写渠道流水号或工单号。";
        let en = "Leave card, ID and phone numbers out; name the channel's reference or a ticket.";
        typed.wrong("evidence", "personal_data", zh, en);
    }
    match text {
        Some(text) => typed.finish().map(|()| text),
        None => Err(typed.into_problem()),
    }
}

/// Agree to what another key proposed: it is decided · 复核结果认定
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/attempts/{attempt}/outcome/approve",
    tag = "payments",
    operation_id = "approveOutcome",
    params(AttemptPath, IdempotencyHeader),
    request_body = ApproveOutcome,
    responses((status = 200, description = "The payment, decided", body = PaymentView)),
    security(("api_key" = ["approve"]))
)]
pub(crate) async fn approve_outcome(
    State(app): State<App>,
    caller: Caller<Approve>,
    path: PathAttempt,
    call: Call<ApproveOutcome>,
) -> Result<Response, Problem> {
    let (attempt, outcome, by) = (path.1, call.body.outcome.into(), caller.key);
    let command = PaymentCommand::ApproveOutcome { attempt, outcome, by };
    decide(&app, &caller, call.key, &path, command).await
}

/// Take a proposal back, or reject somebody else's · 撤回结果认定
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/attempts/{attempt}/outcome/withdraw",
    tag = "payments",
    operation_id = "withdrawOutcome",
    params(AttemptPath, IdempotencyHeader),
    responses((status = 200, description = "The payment, without the proposal", body = PaymentView)),
    security(("api_key" = ["approve"]))
)]
pub(crate) async fn withdraw_outcome(
    State(app): State<App>,
    caller: Caller<Approve>,
    path: PathAttempt,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let command = PaymentCommand::WithdrawProposal { attempt: path.1, by: caller.key };
    decide(&app, &caller, call.key, &path, command).await
}

async fn decide(
    app: &App,
    caller: &Caller<Approve>,
    key: RequestKey,
    path: &PathAttempt,
    command: PaymentCommand,
) -> Result<Response, Problem> {
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key,
        load: CallKey::Payment(path.0),
        command: Command::Payment(command),
        sealed: Vec::new(),
        turn: None,
        status: 200,
    };
    app.run(run, |slice| slice.payment.as_ref().map(PaymentView::from)).await
}
