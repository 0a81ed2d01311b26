//! The sandbox channel: JSON over HTTP, signed both ways.
//!
//! `wire` says what travels, `sign` proves who sent it, `map` turns the port's words into the wire's and back,
//! `client` makes the calls, `http` carries bytes. The simulator replaces only the last one, so a
//! simulated run goes through the same signing, checking and mapping as production.

mod client;
mod http;
mod map;
pub mod sign;
pub mod wire;

pub use self::client::SandboxChannel;
pub use self::http::HttpWire;

use async_trait::async_trait;

use self::sign::SignedHeaders;

/// Largest body that is read from the other side.
pub const MAX_BODY: usize = 64 * 1024;

/// A signed request on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Path below the base address; part of what is signed.
    pub path: String,
    /// Time, nonce and signature.
    pub headers: SignedHeaders,
    /// JSON. May carry personal data, so nothing may print it.
    pub body: Body,
}

/// What came back, not yet believed.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// HTTP status.
    pub status: u16,
    /// Time, nonce and signature, if all three were there.
    pub headers: Option<SignedHeaders>,
    /// At most [`MAX_BODY`] bytes.
    pub body: Body,
}

/// Bytes that `Debug` doesn't show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// No connection could be made, so nothing was sent.
    NoConnection,
    /// The time limit passed after sending may have begun.
    TimedOut,
    /// The connection broke after sending may have begun.
    Lost,
    /// More came back than anyone should read.
    TooLarge,
}

/// Carries one request and brings its answer.
#[async_trait]
pub trait Wire: Send + Sync {
    /// One try; nothing is ever sent twice here.
    async fn post(&self, request: Outgoing) -> Result<Incoming, Silence>;
}
