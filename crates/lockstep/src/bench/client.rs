//! A client: one kept connection to the API. Plain hyper, because what a client costs is taken from the server here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Longer answers are none of this API.
const LONGEST_ANSWER: usize = 1 << 20;

/// Where to call and as whom.
#[derive(Clone)]
pub struct Door {
    /// The API.
    pub address: SocketAddr,
    /// `Bearer` and the key.
    pub bearer: HeaderValue,
}

/// A connection, made when it is first needed and again after it broke.
pub struct Client {
    door: Arc<Door>,
    line: Option<SendRequest<Body>>,
}

/// The connection broke, or no HTTP came back.
#[derive(Debug)]
pub struct Broken;

impl Client {
    /// A client that has not connected yet.
    pub fn new(door: Arc<Door>) -> Self {
        Self { door, line: None }
    }

    /// Sends a body under an idempotency key.
    ///
    /// # Errors
    /// [`Broken`]; the next call connects again.
    pub async fn post(
        &mut self,
        path: &'static str,
        key: &str,
        body: String,
    ) -> Result<(StatusCode, Bytes), Broken> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => connect(self.door.address).await?,
        };
        let request = self.request(path, key, body)?;
        line.ready().await.map_err(|_| Broken)?;
        let answer = line.send_request(request).await.map_err(|_| Broken)?;
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), LONGEST_ANSWER).await.map_err(|_| Broken)?;
        self.line = Some(line);
        Ok((status, body))
    }

    fn request(&self, path: &'static str, key: &str, body: String) -> Result<Request<Body>, Broken> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, "localhost")
            .header(AUTHORIZATION, self.door.bearer.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", format!("\"{key}\""));
        request.body(Body::from(body)).map_err(|_| Broken)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Body>, Broken> {
    let stream = TcpStream::connect(address).await.map_err(|_| Broken)?;
    stream.set_nodelay(true).map_err(|_| Broken)?;
    let (line, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Broken)?;
    tokio::spawn(async move {
        // The next call on it finds out by itself.
        let _ = connection.await;
    });
    Ok(line)
}
