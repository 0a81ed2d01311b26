//! Bytes over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::sign::SignedHeaders;
use super::{Body, Incoming, MAX_BODY, Outgoing, Silence, Wire};

/// Longest wait for a connection. Kept short: until it stands nothing has been sent, and another channel may
/// be tried at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A pooled HTTP client for one channel.
#[derive(Debug, Clone)]
pub struct HttpWire {
    base_url: String,
    client: reqwest::Client,
}

impl HttpWire {
    /// A client for the channel at `base_url`.
    pub fn new(base_url: &str, call_timeout_ms: u64) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(Duration::from_millis(call_timeout_ms))
            // A redirect would carry card numbers to an address nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            // A request to move money must not be repeated behind our back.
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), client })
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, Failed> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in request.headers.pairs() {
            let value = HeaderValue::from_str(value).map_err(|_| Failed(Silence::NoConnection))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let url = format!("{}{}", self.base_url, request.path);
        let mut response = self.client.post(url).headers(headers).body(request.body.0).send().await?;
        let (status, headers) = (response.status().as_u16(), SignedHeaders::read(response.headers()).ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Failed(Silence::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Incoming { status, headers, body: Body(body) })
    }
}

#[async_trait]
impl Wire for HttpWire {
    async fn post(&self, request: Outgoing) -> Result<Incoming, Silence> {
        self.send(request).await.map_err(|Failed(silence)| silence)
    }
}

struct Failed(Silence);

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        // A failure to connect is the only one that proves that nothing was sent.
        Self(match error {
            _ if error.is_connect() || error.is_builder() => Silence::NoConnection,
            _ if error.is_timeout() => Silence::TimedOut,
            _ => Silence::Lost,
        })
    }
}
