//! The channels' own calls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lockstep_channels::sandbox::sign::SignedHeaders;

use super::error::Problem;
use super::line::Line;
use crate::port::{SharedSandbox, Turned};
use crate::sandbox::{Rail, Reaction, Seal};

/// How many call timeouts a request without a reply is held open.
const PATIENCE: u32 = 2;

pub(super) async fn call(
    State(shared): State<Arc<SharedSandbox>>,
    Path((channel, word)): Path<(String, String)>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| {
        Problem::new(
            rejection.status(),
            "the body is too large or broke off",
            Some("body"),
            "send at most 64 KiB",
        )
    })?;
    let signed = SignedHeaders::read(&headers).map_err(Turned::from)?;
    let reaction = shared.take(&channel, &word, &signed, &body)?;
    let rail = Rail::named(&channel).ok_or(Turned::NoChannel)?;
    let clock = shared.clock();
    match reaction {
        Reaction::Refused => Ok(cut(&extensions)),
        Reaction::NoReply => {
            let patience = Duration::from_millis(rail.capability().call_timeout_ms) * PATIENCE;
            clock.sleep_until(clock.now().plus(patience)).await;
            Ok(cut(&extensions))
        }
        Reaction::Reply { after_ms, reply } => {
            clock.sleep_until(clock.now().plus(Duration::from_millis(after_ms))).await;
            let path = format!("/channels/{channel}/{word}");
            let sealed = shared.seal_reply(rail, &path, &signed.nonce, &reply);
            let kind = if reply.seal == Seal::Absent { "text/html" } else { "application/json" };
            let mut response = Response::new(Body::from(reply.body));
            *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            for (name, value) in sealed.iter().flat_map(SignedHeaders::pairs) {
                if let Ok(value) = HeaderValue::from_str(value) {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            Ok(response)
        }
    }
}

/// Breaks the connection without a reply. Where the server isn't ours to cut, an empty 502 must do.
fn cut(extensions: &Extensions) -> Response {
    if let Some(ConnectInfo(line)) = extensions.get::<ConnectInfo<Line>>() {
        line.cut();
    }
    StatusCode::BAD_GATEWAY.into_response()
}
