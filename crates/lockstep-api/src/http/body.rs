//! Bodies: JSON of bounded size and depth, with exactly the fields there are; and what a repeatable call
//! carries.

use std::error::Error;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::idempotency::{RequestKey, key_of};
use super::json;
use crate::app::App;
use crate::problem::{Kind, Problem};

/// A request body.
pub(crate) trait Input: DeserializeOwned {
    /// Whether the body may be left out.
    const OPTIONAL: bool = false;
}

/// No body, or an empty object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl Input for Nothing {
    const OPTIONAL: bool = true;
}

/// A body on its own.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Input> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        read::<T>(request, app).await.map(|(body, _)| Self(body))
    }
}

/// A call that may be repeated: its body, and its key with a fingerprint of what it asks for.
pub(crate) struct Call<T> {
    pub(crate) key: RequestKey,
    pub(crate) body: T,
}

impl<T: Input> FromRequest<App> for Call<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let key = key_of(request.headers())?;
        let what = format!("request/{}\n{}\n", request.method(), request.uri().path());
        let (body, bytes) = read::<T>(request, app).await?;
        let text = Zeroizing::new(what + &json::canonical(&bytes));
        let fingerprint = app.state.vault.fingerprint(text.as_bytes());
        Ok(Self { key: RequestKey { key, fingerprint }, body })
    }
}

async fn read<T: Input>(request: Request, app: &App) -> Result<(T, Bytes), Problem> {
    let limits = &app.state.limits;
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, limits.body_bytes).await;
    let bytes = bytes.map_err(|error| unread(&error))?;
    if bytes.is_empty() && T::OPTIONAL {
        return Ok((json::read(b"{}", limits.json_depth)?, Bytes::from_static(b"{}")));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(json::missing());
    }
    if !is_json(&parts.headers) {
        return Err(Problem::new(Kind::MediaType));
    }
    Ok((json::read(&bytes, limits.json_depth)?, bytes))
}

/// Why a body could not be read to its end: too long, or the connection broke.
pub(crate) fn unread(error: &axum::Error) -> Problem {
    let too_long = error.source().is_some_and(|cause| cause.is::<LengthLimitError>());
    Problem::new(if too_long { Kind::BodyTooLarge } else { Kind::InvalidBody })
}

/// `application/json`, alone or with `charset=utf-8`.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let (media_type, parameter) = value.split_once(';').unwrap_or((&value, ""));
    let utf8 = matches!(parameter.trim().trim_end_matches(';'), "" | "charset=utf-8" | "charset=\"utf-8\"");
    media_type.trim() == "application/json" && utf8
}
