//! Query parameters, strictly: unknown, repeated and malformed ones are refused by name.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lockstep_core::time::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::json::field_error;
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::wire::{Typed, moment};

/// The query, read into `T`.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let error = field_error(&path, &error.into_inner().to_string());
            Problem::new(Kind::InvalidQuery).with_errors(vec![error])
        })
    }
}

/// A short text in a query: 1–64 characters on one line.
#[derive(Debug, Clone)]
pub(crate) struct QueryText(pub(crate) String);

impl<'de> Deserialize<'de> for QueryText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let checked = Typed::default().text("", &text, 64);
        checked
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected 1 to 64 characters without control characters"))
    }
}

/// A moment in a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryTime(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for QueryTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = moment(&text);
        moment
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected an RFC 3339 time (a + must be written as %2B)"))
    }
}
