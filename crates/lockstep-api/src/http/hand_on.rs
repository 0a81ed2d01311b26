//! In a fleet, a call for a bucket that another node holds is handed on to that node as it came. A caller may speak to any
//! node and needs to know none.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::body::unread;
use crate::app::App;
use crate::problem::{Kind, Problem};

/// Marks a call that was handed on, and an answer that says "not here, either".
const HANDED_ON: HeaderName = HeaderName::from_static("lockstep-handed-on");
/// A bucket that changes hands is with nobody for a moment.
const AGAIN_AFTER: Duration = Duration::from_millis(150);
/// How long that moment is waited for. Where a node has died without a word, its buckets take longer, and the caller is
/// told to come back.
const PATIENCE: Duration = Duration::from_secs(4);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// These belong to one connection, or are made anew.
const NOT_PASSED_ON: [HeaderName; 6] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::EXPECT,
    header::UPGRADE,
];

/// Where a call has to go instead, if that is known. Carried by the answer that says so.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere(pub(crate) Option<String>);

/// The way to the other nodes.
#[derive(Debug, Clone)]
pub struct Nodes(reqwest::Client);

impl Nodes {
    /// A way to them.
    ///
    /// # Errors
    /// When TLS can't be used.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Ok(Self(client.connect_timeout(CONNECT_WITHIN).build()?))
    }

    async fn hand_on(&self, address: &str, parts: &Parts, body: &Bytes) -> Handed {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = passed_on(&parts.headers);
        headers.insert(HANDED_ON, HeaderValue::from_static("1"));
        let url = format!("{}{path}", address.trim_end_matches('/'));
        let call = self.0.request(parts.method.clone(), url).headers(headers).body(body.clone());
        let answer = match call.send().await {
            Ok(answer) => answer,
            // It has not been reached, so it has done nothing.
            Err(error) if error.is_connect() => return Handed::NotThere,
            Err(_) => return Handed::Unknown,
        };
        if answer.headers().contains_key(HANDED_ON) {
            return Handed::NotThere;
        }
        let (status, headers) = (answer.status(), passed_on(answer.headers()));
        match answer.bytes().await {
            Ok(body) => Handed::Answered((status, headers, body).into_response()),
            Err(_) => Handed::Unknown,
        }
    }
}

/// What became of a call that was handed on.
enum Handed {
    Answered(Response),
    /// Nothing was done: the other node is gone, or no longer holds the bucket.
    NotThere,
    Unknown,
}

/// Hands a call on, or waits for the bucket to come here.
pub(crate) async fn hand_on(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(nodes) = app.state.nodes.as_ref().filter(|_| !request.method().is_safe()) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, app.state.limits.body_bytes).await {
        Ok(body) => body,
        Err(error) => return unread(&error).into_response(),
    };
    let handed_on = parts.headers.contains_key(HANDED_ON);
    let until = Instant::now() + PATIENCE;
    loop {
        let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let mut response = next.clone().run(again).await;
        let Some(Elsewhere(address)) = response.extensions().get().cloned() else { return response };
        if handed_on {
            // Never a second time: who handed it on looks where the bucket is now.
            response.headers_mut().insert(HANDED_ON, HeaderValue::from_static("1"));
        }
        if handed_on || Instant::now() >= until {
            return response;
        }
        if let Some(address) = address {
            match nodes.hand_on(&address, &parts, &body).await {
                Handed::Answered(answer) => return answer,
                Handed::NotThere => {}
                Handed::Unknown => return Problem::new(Kind::TimedOut).retry_after(1).into_response(),
            }
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in &NOT_PASSED_ON {
        headers.remove(name);
    }
    headers
}
