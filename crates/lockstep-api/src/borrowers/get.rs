//! `GET /v1/borrowers/{id}`

use axum::Json;
use axum::extract::State;
use lockstep_core::id::BorrowerId;

use super::{BorrowerPath, BorrowerView};
use crate::app::App;
use crate::http::{Caller, PathId, Read};
use crate::owned::visible;
use crate::problem::Problem;

/// One borrower · 查询借款人
#[utoipa::path(
    get,
    path = "/v1/borrowers/{id}",
    tag = "borrowers",
    operation_id = "getBorrower",
    params(BorrowerPath),
    responses((status = 200, description = "The borrower", body = BorrowerView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_borrower(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<BorrowerId>,
) -> Result<Json<BorrowerView>, Problem> {
    let borrower = visible(app.state.queries.borrower(caller.tenant, id).await?, caller.tenant)?;
    Ok(Json(BorrowerView::from(&borrower)))
}
