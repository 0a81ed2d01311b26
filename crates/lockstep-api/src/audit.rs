//! `GET /v1/audit`

use axum::Json;
use axum::extract::State;
use lockstep_core::audit::{AuditEntry, Who};
use lockstep_engine::port::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, QueryText, Read};
use crate::problem::Problem;
use crate::wire::{Listing, Time};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only about this id.
    #[param(
        value_type = Option<String>,
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    subject: Option<QueryText>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Who did what to which thing, when, and with which result.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    /// Its id.
    #[schema(pattern = "^aud_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// When.
    at: Time,
    /// `api_key`, `channel`, `timer` or `cli`.
    #[schema(pattern = "^[a-z_]+$")]
    actor: &'static str,
    /// Which key or channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    /// What was asked, e.g. `payment.create`.
    action: String,
    /// The id of what it was done to.
    subject: String,
    /// `accepted`, or a refusal's code.
    outcome: String,
}

impl From<&AuditEntry> for AuditView {
    fn from(entry: &AuditEntry) -> Self {
        let (actor, actor_id) = match &entry.who {
            Who::ApiKey { key } => ("api_key", Some(key.to_string())),
            Who::Channel { channel } => ("channel", Some(channel.to_string())),
            Who::Timer => ("timer", None),
            Who::Cli => ("cli", None),
        };
        Self {
            id: entry.id.to_string(),
            at: entry.at.into(),
            actor,
            actor_id,
            action: entry.action.clone(),
            subject: entry.subject.clone(),
            outcome: entry.outcome.clone(),
        }
    }
}

/// The audit log, newest first · 审计日志
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "admin",
    operation_id = "listAudit",
    params(AuditQuery),
    responses((status = 200, description = "A page of entries", body = Listing<AuditView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_audit(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<AuditView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "audit" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let filter = AuditFilter { tenant: caller.tenant, subject: query.subject.map(|text| text.0) };
    let listed = app.state.queries.audit(&filter, &page).await?;
    Ok(Json(cursors.listing(&listed)))
}
