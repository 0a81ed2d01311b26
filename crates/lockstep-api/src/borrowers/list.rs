//! `GET /v1/borrowers`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::BorrowerView;
use crate::app::App;
use crate::http::{Caller, Cursors, LimitParam, Query, QueryText, Read};
use crate::problem::Problem;
use crate::wire::Listing;

/// Which borrowers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BorrowersQuery {
    /// Only the one of this reference.
    #[param(
        value_type = Option<String>,
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    reference: Option<QueryText>,
    /// `next_cursor` of the page before.
    #[param(max_length = 512)]
    cursor: Option<String>,
    /// Rows per page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<LimitParam>,
}

/// Borrowers, newest first · 借款人列表
#[utoipa::path(
    get,
    path = "/v1/borrowers",
    tag = "borrowers",
    operation_id = "listBorrowers",
    params(BorrowersQuery),
    responses((status = 200, description = "A page of borrowers", body = Listing<BorrowerView>)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_borrowers(
    State(app): State<App>,
    caller: Caller<Read>,
    Query(query): Query<BorrowersQuery>,
) -> Result<Json<Listing<BorrowerView>>, Problem> {
    let cursors = Cursors { vault: &app.state.vault, tenant: caller.tenant, list: "borrowers" };
    let page = cursors.page(query.cursor.as_deref(), query.limit)?;
    let listed = app
        .state
        .queries
        .borrowers(caller.tenant, query.reference.as_ref().map(|text| text.0.as_str()), &page)
        .await?;
    Ok(Json(cursors.listing(&listed)))
}
