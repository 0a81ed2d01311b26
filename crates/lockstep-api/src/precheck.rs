//! `POST /v1/precheck`

use axum::Json;
use axum::extract::State;
use lockstep_core::check::{
    CardKind, Finding, Severity, check_card, check_id_number, check_mobile, check_name,
};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_core::time::Zone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::http::{Body, Caller, Input, Read};
use crate::problem::Problem;
use crate::wire::{Typed, Words};

/// Nobody types more into one field.
const MAX_CHARS: usize = 200;

/// What to check; at least one field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrecheckInput {
    /// A card or account number.
    #[schema(value_type = Option<String>, max_length = 200)]
    card_number: Option<CardNumber>,
    /// A document number.
    #[schema(value_type = Option<String>, max_length = 200)]
    id_number: Option<IdNumber>,
    /// A mobile number.
    #[schema(value_type = Option<String>, max_length = 200)]
    mobile: Option<Mobile>,
    /// A holder's name.
    #[schema(value_type = Option<String>, max_length = 200)]
    holder_name: Option<HolderName>,
}

impl Input for PrecheckInput {}

/// One finding. It never repeats the value.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingView {
    /// The field.
    field: String,
    /// The stable code.
    #[schema(pattern = "^[a-z0-9_]+$")]
    code: &'static str,
    /// `error` stops the value, `warning` doesn't.
    #[schema(value_type = String, pattern = "^(error|warning)$")]
    severity: Severity,
    /// What to tell the person, with the fix.
    message: Words,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            field: finding.field.into_owned(),
            code: finding.code.as_str(),
            severity: finding.severity,
            message: finding.message.into(),
        }
    }
}

/// What the checks found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Precheck {
    /// Whether everything given can be used.
    usable: bool,
    /// `debit`, `credit`, `semi_credit`, `prepaid` or `unknown`, when a usable card number was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z_]+$")]
    card_kind: Option<CardKind>,
    /// Everything worth saying.
    findings: Vec<FindingView>,
}

/// Check a number, name or phone while it is typed; nothing is stored · 录入校验
#[utoipa::path(
    post,
    path = "/v1/precheck",
    tag = "bindings",
    operation_id = "precheck",
    request_body = PrecheckInput,
    responses((status = 200, description = "What the checks found", body = Precheck)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn precheck(
    State(app): State<App>,
    _caller: Caller<Read>,
    Body(input): Body<PrecheckInput>,
) -> Result<Json<Precheck>, Problem> {
    check_lengths(&input)?;
    let card = input.card_number.as_ref().map(check_card);
    let card_kind = card.as_ref().and_then(|card| card.facts.as_ref()).map(|facts| facts.kind);
    let today = app.now().day_in(Zone::shanghai());
    let id_number = input.id_number.as_ref().map(|id_number| check_id_number(id_number, today).findings);
    let mobile = input.mobile.as_ref().map(|mobile| check_mobile(mobile).findings);
    let name = input.holder_name.as_ref().map(|name| check_name(name).findings);
    let checked = [card.map(|card| card.findings), id_number, mobile, name];
    if checked.iter().all(Option::is_none) {
        let mut typed = Typed::default();
        typed.wrong("", "missing", "请至少填写一项。", "Send at least one field.");
        return Err(typed.into_problem());
    }
    let findings: Vec<Finding> = checked.into_iter().flatten().flatten().collect();
    let usable = findings.iter().all(|finding| finding.severity != Severity::Error);
    Ok(Json(Precheck { usable, card_kind, findings: findings.into_iter().map(FindingView::from).collect() }))
}

fn check_lengths(input: &PrecheckInput) -> Result<(), Problem> {
    let mut typed = Typed::default();
    typed.at_most("card_number", input.card_number.as_ref().map(CardNumber::expose), MAX_CHARS);
    typed.at_most("id_number", input.id_number.as_ref().map(IdNumber::expose), MAX_CHARS);
    typed.at_most("mobile", input.mobile.as_ref().map(Mobile::expose), MAX_CHARS);
    typed.at_most("holder_name", input.holder_name.as_ref().map(HolderName::expose), MAX_CHARS);
    typed.finish()
}
