//! `GET /v1/reasons`

use axum::Json;
use lockstep_core::catalogue::{Actor, Layer, Reason, ReasonEntry, RetryRule};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Caller, Read};
use crate::wire::{ActorWord, LayerWord, ReasonCode, Words};

/// One reason, explained.
#[derive(Serialize, ToSchema)]
#[schema(as = ReasonEntry)]
pub(crate) struct ReasonView {
    /// The stable code.
    #[schema(value_type = ReasonCode)]
    reason: Reason,
    /// Where the cause sits.
    #[schema(value_type = LayerWord)]
    layer: Layer,
    /// Who can change it.
    #[schema(value_type = ActorWord)]
    actor: Actor,
    /// `never`, `other_channel`, `after_minutes`, `next_day`, `next_month`, `when_funds_come`,
    /// `other_channel_then_funds` or `when_borrower_acts`.
    #[schema(pattern = "^[a-z_]+$")]
    retry: &'static str,
    /// How many minutes, for `after_minutes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_minutes: Option<u16>,
    /// Which button a page may offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    action: Option<&'static str>,
    /// A few words.
    title: Words,
    /// For the borrower.
    borrower: Words,
    /// For a support agent.
    support: Words,
    /// One imperative line.
    next_step: Words,
}

impl From<&ReasonEntry> for ReasonView {
    fn from(entry: &ReasonEntry) -> Self {
        let (retry, retry_minutes) = match entry.retry {
            RetryRule::Never => ("never", None),
            RetryRule::OtherChannel => ("other_channel", None),
            RetryRule::AfterMinutes(minutes) => ("after_minutes", Some(minutes)),
            RetryRule::NextDay => ("next_day", None),
            RetryRule::NextMonth => ("next_month", None),
            RetryRule::WhenFundsCome => ("when_funds_come", None),
            RetryRule::OtherChannelThenFunds => ("other_channel_then_funds", None),
            RetryRule::WhenBorrowerActs => ("when_borrower_acts", None),
        };
        Self {
            reason: entry.reason,
            layer: entry.layer,
            actor: entry.actor,
            retry,
            retry_minutes,
            action: entry.action,
            title: entry.title.into(),
            borrower: entry.borrower.into(),
            support: entry.support.into(),
            next_step: entry.next_step.into(),
        }
    }
}

/// The catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reasons {
    /// All reasons.
    data: Vec<ReasonView>,
}

/// Every reason a payment or binding can name, in both languages · 原因目录
#[utoipa::path(
    get,
    path = "/v1/reasons",
    tag = "about",
    operation_id = "listReasons",
    responses((status = 200, description = "The catalogue", body = Reasons)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_reasons(_caller: Caller<Read>) -> Json<Reasons> {
    Json(Reasons { data: Reason::ALL.iter().map(|reason| ReasonView::from(reason.entry())).collect() })
}
