//! Ids in paths. What isn't an id of the right kind is the same as an id that doesn't exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use lockstep_core::id::{ApiKeyId, BindingId, BorrowerId, DeliveryId, EndpointId, OrderId, PaymentId};

use crate::app::App;
use crate::problem::{Kind, Problem};

/// An id, and what to say when there is nothing under it.
pub(crate) trait Missing: FromStr {
    const MISSING: Kind;
}

macro_rules! missing {
    ($($id:ident => $kind:ident),*) => {$(
        impl Missing for $id {
            const MISSING: Kind = Kind::$kind;
        }
    )*};
}
missing!(
    BorrowerId => BorrowerNotFound,
    BindingId => BindingNotFound,
    OrderId => OrderNotFound,
    PaymentId => PaymentNotFound,
    EndpointId => EndpointNotFound,
    DeliveryId => DeliveryNotFound,
    ApiKeyId => KeyNotFound
);

/// The one id in the path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: Missing + Send> FromRequestParts<App> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = PathText::from_request_parts(parts, app).await?;
        text.0.parse().map(Self).map_err(|_| Problem::new(T::MISSING))
    }
}

/// A payment and the number of one of its attempts, from 1.
pub(crate) struct PathAttempt(pub(crate) PaymentId, pub(crate) u16);

impl FromRequestParts<App> for PathAttempt {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let texts = Path::<(String, String)>::from_request_parts(parts, app).await;
        let (id, number) = texts.map_or_else(|_| Default::default(), |Path(texts)| texts);
        let id = id.parse().map_err(|_| Problem::new(Kind::PaymentNotFound))?;
        // One way of writing each number.
        let plain = !number.starts_with(['0', '+']);
        let number = number.parse().ok().filter(|_| plain).ok_or(Problem::new(Kind::AttemptNotFound))?;
        Ok(Self(id, number))
    }
}

/// A payment and the number of one of its refunds.
pub(crate) struct PathRefund(pub(crate) PaymentId, pub(crate) u16);

impl FromRequestParts<App> for PathRefund {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let words = Path::<(String, String)>::from_request_parts(parts, app).await;
        let (id, number) = words.map_or_else(|_| Default::default(), |Path(words)| words);
        let payment = id.parse().map_err(|_| Problem::new(Kind::PaymentNotFound))?;
        // Zero is no refund's number: what isn't a number doesn't exist.
        Ok(Self(payment, number.parse().unwrap_or(0)))
    }
}

/// The one word in the path; empty when it can't be read.
pub(crate) struct PathText(pub(crate) String);

impl FromRequestParts<App> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(text.map_or_else(|_| String::new(), |Path(text)| text)))
    }
}
