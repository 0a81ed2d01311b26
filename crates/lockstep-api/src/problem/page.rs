//! `GET /problems/{code}`: the page that a problem's `type` leads to.

use axum::Json;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Kind, Problem, kinds};
use crate::http::PathText;
use crate::wire::Words;

/// One kind of problem, explained.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemPage {
    /// The stable URI.
    r#type: String,
    /// The stable code.
    code: String,
    /// The HTTP status it comes with.
    status: u16,
    /// In a few words.
    title: Words,
    /// What it means and what to do.
    detail: Words,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct ProblemPath {
    /// The problem's code.
    #[param(pattern = "^[a-z0-9_]{1,64}$", example = "payment_not_found")]
    code: String,
}

/// Explains one kind of problem · 问题代码说明
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "about",
    operation_id = "getProblem",
    params(ProblemPath),
    responses((status = 200, description = "The explanation", body = ProblemPage))
)]
pub(crate) async fn get_problem(code: PathText) -> Result<Json<ProblemPage>, Problem> {
    let entry = kinds().iter().find(|entry| entry.code == code.0);
    let entry = entry.ok_or_else(|| Problem::new(Kind::ProblemNotFound))?;
    Ok(Json(ProblemPage {
        r#type: format!("/problems/{}", entry.code),
        code: entry.code.to_owned(),
        status: entry.status,
        title: entry.title.into(),
        detail: entry.detail.into(),
    }))
}
