//! `GET /v1/webhook_deliveries`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::DeliveryView;
use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, Read};
use crate::problem::Problem;
use crate::wire::Listing;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStateFilter {
    /// To be sent, or sent again.
    Pending,
    /// Accepted by the receiver.
    Delivered,
    /// Given up; can be sent again by hand.
    Dead,
}

impl DeliveryStateFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only where they stand like this.
    #[param(inline)]
    state: Option<DeliveryStateFilter>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Webhook deliveries, newest first · 通知投递记录
#[utoipa::path(
    get,
    path = "/v1/webhook_deliveries",
    tag = "webhooks",
    operation_id = "listWebhookDeliveries",
    params(DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Listing<DeliveryView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_deliveries(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Listing<DeliveryView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "webhook_deliveries" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let state = query.state.map(DeliveryStateFilter::as_str);
    let listed = app.state.queries.deliveries(caller.tenant, state, &page).await?;
    Ok(Json(cursors.listing(&listed)))
}
