//! Around every request: an id, limits of size and time, a net for panics, and the headers of every answer.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use super::wait::WAIT_MAX_S;
use crate::app::App;
use crate::problem::{Kind, Problem};

tokio::task_local! {
    /// The id of the request that is being answered.
    static REQUEST: String;
}

/// The id of the request being answered; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST.try_with(Clone::clone).unwrap_or_default()
}

/// Runs a task of its own under the id of the request that began it.
pub(crate) fn within_request<F: Future>(id: String, work: F) -> impl Future<Output = F::Output> {
    REQUEST.scope(id, work)
}

/// The outermost layer.
pub(crate) async fn envelope(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.new_request_id();
    let answer = REQUEST.scope(id.clone(), bounded(&app, request, next)).await;
    with_headers(answer, &id)
}

async fn bounded(app: &App, request: Request, next: Next) -> Response {
    if let Some(problem) = too_long(app, &request) {
        return problem.into_response();
    }
    let limit = time_limit(app, &request);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    // Whatever a panic left half-done is in this request alone: everything shared is behind locks that
    // survive it.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(limit, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!(request = request_id(), "a handler panicked");
            Problem::new(Kind::Panic).into_response()
        }
        Err(_elapsed) => Problem::new(Kind::TimedOut).retry_after(1).into_response(),
    };
    // The route's template, never the address itself: that is the caller's text.
    tracing::info!(request = request_id(), %method, route, status = response.status().as_u16(), "answered");
    response
}

fn time_limit(app: &App, request: &Request) -> Duration {
    let waits = request.uri().query().is_some_and(|query| query.contains("wait_s="));
    let waiting = if waits { Duration::from_secs(WAIT_MAX_S.into()) } else { Duration::ZERO };
    app.state.limits.request_timeout + waiting
}

fn too_long(app: &App, request: &Request) -> Option<Problem> {
    let limits = &app.state.limits;
    let uri = request.uri();
    let address = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if address > limits.uri_bytes {
        return Some(Problem::new(Kind::UriTooLong));
    }
    (header_bytes(request.headers()) > limits.header_bytes).then(|| Problem::new(Kind::HeadersTooLarge))
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

fn with_headers(mut response: Response, id: &str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
}

/// For addresses that don't exist.
pub(crate) async fn not_found() -> Problem {
    Problem::new(Kind::RouteNotFound)
}

/// For addresses that exist, with another method.
pub(crate) async fn wrong_method() -> Problem {
    Problem::new(Kind::MethodNotAllowed)
}
