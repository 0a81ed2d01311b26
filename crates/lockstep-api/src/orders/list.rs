//! `GET /v1/orders`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::BorrowerId;
use lockstep_engine::port::{OrderFilter, OwnedBy};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::OrderView;
use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, QueryText, QueryTime, Read};
use crate::problem::Problem;
use crate::wire::Listing;

/// Where an order stands, for filtering.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderStatusFilter {
    /// Something is owed, nothing under way.
    Open,
    /// A payment is under way.
    Collecting,
    /// Everything came in.
    Collected,
    /// Taken back.
    Cancelled,
}

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrdersQuery {
    /// Only of this borrower.
    #[param(value_type = Option<String>, pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: Option<BorrowerId>,
    /// Only where they stand like this.
    #[param(inline)]
    status: Option<OrderStatusFilter>,
    /// Only of this reference.
    #[param(
        value_type = Option<String>,
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    reference: Option<QueryText>,
    /// Due at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    due_from: Option<QueryTime>,
    /// Due before.
    #[param(value_type = Option<String>, format = DateTime)]
    due_until: Option<QueryTime>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Orders, newest first · 还款单列表
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    operation_id = "listOrders",
    params(OrdersQuery),
    responses((status = 200, description = "A page of orders", body = Listing<OrderView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_orders(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<OrdersQuery>,
) -> Result<Json<Listing<OrderView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "orders" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let filter = OrderFilter {
        owner: OwnedBy { tenant: caller.tenant, borrower: query.borrower_id },
        status: query.status.map(|status| super::STATUSES[status as usize].to_owned()),
        reference: query.reference.map(|text| text.0),
        due_from: query.due_from.map(|time| time.0),
        due_until: query.due_until.map(|time| time.0),
    };
    let listed = app.state.queries.orders(&filter, &page).await?;
    Ok(Json(cursors.listing(&listed)))
}
