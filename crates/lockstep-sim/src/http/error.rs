//! What went wrong with a request, for people: what, where, and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::port::Turned;
use crate::sandbox::EditError;

#[derive(Debug, Serialize)]
struct Shown {
    error: String,
    field: Option<&'static str>,
    fix: &'static str,
}

/// An error answer.
#[derive(Debug)]
pub(super) struct Problem(StatusCode, Shown);

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        error: impl Into<String>,
        field: Option<&'static str>,
        fix: &'static str,
    ) -> Self {
        Self(status, Shown { error: error.into(), field, fix })
    }

    pub(super) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is nothing at this path",
            None,
            "see the list of routes in the docs",
        )
    }

    pub(super) fn no_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "this path takes another method", None, "see the list of routes in the docs")
    }

    /// A body that is not the JSON it should be. serde's sentence names the field.
    pub(super) fn bad_body(error: &impl std::fmt::Display) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, format!("the body can't be read: {error}"), Some("body"), "correct the named field")
    }
}

impl From<Turned> for Problem {
    fn from(turned: Turned) -> Self {
        let (status, field, fix) = match turned {
            Turned::NoChannel => {
                (StatusCode::NOT_FOUND, Some("channel"), "use unionpay, netsunion or bankdirect")
            }
            Turned::NoCall => (
                StatusCode::NOT_FOUND,
                Some("call"),
                "use sign_code, sign_confirm, sign_query, sign_cancel, pay, pay_query or refund",
            ),
            Turned::Signature(_) => (
                StatusCode::UNAUTHORIZED,
                Some("headers"),
                "sign with the channel's key and the current time",
            ),
            Turned::Replayed => {
                (StatusCode::CONFLICT, Some("x-lockstep-nonce"), "draw a new nonce for every request")
            }
            Turned::BadBody => {
                (StatusCode::UNPROCESSABLE_ENTITY, Some("body"), "send the fields of this call")
            }
        };
        Self::new(status, turned.to_string(), field, fix)
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        let (status, field, fix) = match error {
            EditError::BadNumber => (StatusCode::UNPROCESSABLE_ENTITY, "number", "give digits only"),
            EditError::Negative => {
                (StatusCode::UNPROCESSABLE_ENTITY, "amount", "give zero or more minor units")
            }
            EditError::Exists => (StatusCode::CONFLICT, "number", "use PATCH on the account"),
            EditError::Absent => {
                (StatusCode::NOT_FOUND, "number", "use POST to open it, or sign it on a channel")
            }
        };
        Self::new(status, error.to_string(), Some(field), fix)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}
