//! `GET /v1/payments`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::{BorrowerId, OrderId};
use lockstep_core::payment::PaymentStatus;
use lockstep_engine::port::{OwnedBy, PaymentFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::PaymentView;
use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, QueryTime, Read};
use crate::problem::Problem;
use crate::wire::{Listing, PaymentWord};

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentsQuery {
    /// Only where they stand like this.
    #[param(value_type = Option<PaymentWord>)]
    status: Option<PaymentStatus>,
    /// Only of this borrower.
    #[param(value_type = Option<String>, pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: Option<BorrowerId>,
    /// Only for this order.
    #[param(value_type = Option<String>, pattern = "^ord_[0-9A-HJKMNP-TV-Z]{26}$")]
    order_id: Option<OrderId>,
    /// Created at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    created_from: Option<QueryTime>,
    /// Created before.
    #[param(value_type = Option<String>, format = DateTime)]
    created_until: Option<QueryTime>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Payments, newest first · 支付列表
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    operation_id = "listPayments",
    params(PaymentsQuery),
    responses((status = 200, description = "A page of payments", body = Listing<PaymentView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_payments(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<PaymentsQuery>,
) -> Result<Json<Listing<PaymentView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "payments" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let filter = PaymentFilter {
        owner: OwnedBy { tenant: caller.tenant, borrower: query.borrower_id },
        order: query.order_id,
        status: query.status,
        from: query.created_from.map(|time| time.0),
        until: query.created_until.map(|time| time.0),
    };
    let listed = app.state.queries.payments(&filter, &page).await?;
    Ok(Json(cursors.listing(&listed)))
}
