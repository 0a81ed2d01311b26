//! `GET /v1/bindings`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::BorrowerId;
use lockstep_engine::port::OwnedBy;
use serde::Deserialize;
use utoipa::IntoParams;

use super::BindingView;
use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, Read};
use crate::problem::Problem;
use crate::wire::Listing;

/// Which bindings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BindingsQuery {
    /// Only of this borrower.
    #[param(value_type = Option<String>, pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: Option<BorrowerId>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Bindings, newest first · 绑定列表
#[utoipa::path(
    get,
    path = "/v1/bindings",
    tag = "bindings",
    operation_id = "listBindings",
    params(BindingsQuery),
    responses((status = 200, description = "A page of bindings", body = Listing<BindingView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_bindings(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<BindingsQuery>,
) -> Result<Json<Listing<BindingView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "bindings" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let owner = OwnedBy { tenant: caller.tenant, borrower: query.borrower_id };
    let listed = app.state.queries.bindings(&owner, &page).await?;
    let now = app.now();
    Ok(Json(cursors.listing_of(&listed, |binding| BindingView::of(binding, now))))
}
