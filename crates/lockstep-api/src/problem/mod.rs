//! What goes wrong, as RFC 9457 problem details in both languages.

mod catalogue;
mod page;
mod refusal;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_core::check::{Finding, Severity};
use lockstep_core::payment::route::Offer;
use lockstep_core::text::Sentence;
use lockstep_engine::port::{Answer, Fault};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::catalogue::{Kind, kinds};
pub(crate) use self::page::*;
use crate::http::{Elsewhere, request_id};
use crate::payments::OfferView;
use crate::wire::Words;

/// What a problem is served as.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Something went wrong; handlers return it as their error.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    details: ProblemDetails,
    retry_after_s: Option<u64>,
    authenticate: bool,
    elsewhere: Option<Elsewhere>,
}

/// RFC 9457 problem details. `type` is stable and resolves to a page in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails {
    /// A stable URI; GET it for an explanation.
    #[schema(example = "/problems/payment_not_found")]
    r#type: String,
    /// The kind of problem in a few words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The stable code, for programs.
    #[schema(pattern = "^[a-z0-9_]+$")]
    code: String,
    /// What happened and what to do, in English.
    detail: String,
    /// 发生了什么、该怎么做。
    detail_zh: String,
    /// Which fields are wrong, if fields are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The thing that stands in the way, for example the borrower that exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing: Option<String>,
    /// What could be done instead, for example sign on another channel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<OfferView>,
    /// The request's id, also in the header `x-request-id`.
    instance: String,
}

/// One wrong field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field, as the request names it. Empty for the body as a whole.
    pub(crate) field: String,
    /// The stable code, for programs.
    pub(crate) code: String,
    /// What is wrong and how to fix it.
    pub(crate) message: Words,
}

impl FieldError {
    pub(crate) fn new(
        field: impl Into<String>,
        code: &str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        let message = Words { zh: zh.into(), en: en.into() };
        Self { field: field.into(), code: code.to_owned(), message }
    }
}

impl From<&Finding> for FieldError {
    fn from(finding: &Finding) -> Self {
        Self::new(finding.field.as_ref(), finding.code.as_str(), finding.message.zh, finding.message.en)
    }
}

/// The findings that stop a value, as wrong fields.
pub(crate) fn errors_of(findings: &[Finding]) -> impl Iterator<Item = FieldError> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(FieldError::from)
}

impl Problem {
    /// A problem with its kind's own sentence.
    pub(crate) fn new(kind: Kind) -> Self {
        let entry = kind.entry();
        Self::saying(kind, &Sentence::new(entry.detail.zh, entry.detail.en))
    }

    /// A problem with a sentence of its own.
    pub(crate) fn saying(kind: Kind, sentence: &Sentence) -> Self {
        let entry = kind.entry();
        Self(Box::new(Inner {
            details: ProblemDetails {
                r#type: format!("/problems/{}", entry.code),
                title: entry.title.en.to_owned(),
                status: entry.status,
                code: entry.code.to_owned(),
                detail: sentence.en.clone(),
                detail_zh: sentence.zh.clone(),
                errors: Vec::new(),
                existing: None,
                offers: Vec::new(),
                instance: request_id(),
            },
            retry_after_s: None,
            authenticate: kind == Kind::Unauthenticated,
            elsewhere: None,
        }))
    }

    /// Fields whose values can't be used.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        Self::new(Kind::InvalidFields).with_errors(errors)
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.details.errors = errors;
        self
    }

    pub(crate) fn with_existing(mut self, existing: impl ToString) -> Self {
        self.0.details.existing = Some(existing.to_string());
        self
    }

    pub(crate) fn with_offers(mut self, offers: &[Offer]) -> Self {
        self.0.details.offers = offers.iter().map(|offer| OfferView::of(offer, None)).collect();
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Another node holds the bucket; where it is reached, if that is known.
    pub(crate) fn elsewhere(address: Option<String>) -> Self {
        let mut problem = Self::new(Kind::Moving).retry_after(1);
        problem.0.elsewhere = Some(Elsewhere(address));
        problem
    }

    /// As it is stored under a caller's key. The title and both details say everything; headers are not
    /// stored.
    pub(crate) fn to_answer(&self) -> Answer {
        Answer {
            status: self.0.details.status,
            body: serde_json::to_string(&self.0.details).unwrap_or_default(),
        }
    }
}

impl From<Fault> for Problem {
    /// The caller learns only that it was us; the log learns the rest.
    fn from(fault: Fault) -> Self {
        tracing::error!(request = request_id(), %fault, "a request failed by our own fault");
        Self::new(Kind::Fault).retry_after(1)
    }
}

impl From<lockstep_vault::VaultError> for Problem {
    fn from(error: lockstep_vault::VaultError) -> Self {
        Fault::new("using the vault", error).into()
    }
}

impl From<lockstep_engine::Overloaded> for Problem {
    fn from(overloaded: lockstep_engine::Overloaded) -> Self {
        let kind = match overloaded.whose {
            lockstep_engine::Excess::Everybodys => Kind::Overloaded,
            lockstep_engine::Excess::Lenders => Kind::TooMuchUnderWay,
        };
        Self::new(kind).retry_after(overloaded.retry_after_s)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Answer { status, body } = self.to_answer();
        let mut response = answer_response(status, body);
        if let Some(seconds) = self.0.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.authenticate {
            let scheme = HeaderValue::from_static("Bearer realm=\"lockstep\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(elsewhere) = self.0.elsewhere {
            response.extensions_mut().insert(elsewhere);
        }
        response
    }
}

/// A status with a JSON body, named a problem when it is one.
pub(crate) fn answer_response(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let refused = status.is_client_error() || status.is_server_error();
    let media_type = if refused { MEDIA_TYPE } else { "application/json" };
    (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
}
