//! `GET /v1/payments/{id}/timeline`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::PaymentEvent;
use lockstep_engine::port::{Fault, TimelineRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{PaymentPath, words};
use crate::app::App;
use crate::http::{Caller, PathId, Read};
use crate::owned::visible;
use crate::problem::Problem;
use crate::wire::{Time, Words};

/// No payment has more: its attempts, and the questions about each, are bounded.
const MAX_EVENTS: usize = 2000;

/// One thing that happened to a payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    /// The payment's version after it.
    version: u64,
    /// When.
    at: Time,
    /// What kind of thing, e.g. `attempt_opened`.
    #[schema(pattern = "^[a-z_]+$")]
    r#type: String,
    /// In words.
    text: Words,
}

/// Everything that happened to a payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// Oldest first.
    data: Vec<TimelineItem>,
}

/// What happened to a payment, in words · 支付经过
#[utoipa::path(
    get,
    path = "/v1/payments/{id}/timeline",
    tag = "payments",
    operation_id = "getPaymentTimeline",
    params(PaymentPath),
    responses((status = 200, description = "Everything that happened, oldest first", body = Timeline)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_timeline(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<PaymentId>,
) -> Result<Json<Timeline>, Problem> {
    let payment = visible(app.state.queries.payment(caller.tenant, id).await?, caller.tenant)?;
    let rows = app.state.queries.timeline(caller.tenant, &payment.id.to_string(), MAX_EVENTS).await?;
    let channels = app.state.engine.channels();
    let items = rows.iter().map(|row| {
        let event = event_of(row)?;
        let r#type = words::type_of(&event).to_owned();
        Ok(TimelineItem {
            version: row.version,
            at: row.at.into(),
            r#type,
            text: words::of(&event, channels),
        })
    });
    Ok(Json(Timeline { data: items.collect::<Result<_, Fault>>()? }))
}

/// The event in a stored row: the object with a `type`, alone or inside an envelope with its schema's
/// version.
fn event_of(row: &TimelineRow) -> Result<PaymentEvent, Fault> {
    let fault = |error: serde_json::Error| Fault::new("reading an event", error);
    let body: Value = serde_json::from_str(&row.body).map_err(fault)?;
    serde_json::from_value(find_event(&body).clone()).map_err(fault)
}

fn find_event(body: &Value) -> &Value {
    let Value::Object(fields) = body else { return body };
    if fields.get("type").is_some_and(Value::is_string) {
        return body;
    }
    let inside = fields.values().find(|value| value.is_object());
    inside.map_or(body, find_event)
}
