//! What the API needs from the binary that puts everything together.

use std::sync::Arc;
use std::time::Duration;

use lockstep_engine::Engine;
use lockstep_engine::port::{Clock, Directory, Queries, Shelf};
use lockstep_vault::{TransientSecrets, Vault};

use crate::callbacks::NoticeReader;
use crate::http::Nodes;

/// Everything the API stands on.
#[derive(Clone)]
pub struct AppState {
    /// Where commands go.
    pub engine: Engine,
    /// The way to the other nodes, in a fleet.
    pub nodes: Option<Nodes>,
    /// Where lists and single things are read.
    pub queries: Arc<dyn Queries>,
    /// Lenders, their keys and webhook endpoints.
    pub directory: Arc<dyn Directory>,
    /// Where sealed items lie.
    pub shelf: Arc<dyn Shelf>,
    /// Seals personal data, hashes keys.
    pub vault: Vault,
    /// Where entered codes wait for the call to the channel; the same store the channels take them from.
    pub codes: Arc<TransientSecrets>,
    /// Verifies and reads what channels send by themselves.
    pub notices: Arc<dyn NoticeReader>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What one caller may ask of us.
    pub limits: Limits,
}

/// What one caller may ask of us.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest body.
    pub body_bytes: usize,
    /// Deepest nesting of a JSON body.
    pub json_depth: usize,
    /// All header names and values together.
    pub header_bytes: usize,
    /// Longest path with query.
    pub uri_bytes: usize,
    /// Longest time for one request; waiting with `wait_s` comes on top.
    pub request_timeout: Duration,
    /// Requests per second and API key, in the long run.
    pub requests_per_s: u32,
    /// Requests an API key may make at once after a pause.
    pub burst: u32,
    /// Requests waiting with `wait_s` at once; more are answered without waiting.
    pub max_waiting: usize,
    /// How long a key is believed without looking it up again, which is how long a revoked one may live on.
    pub key_cache: Duration,
    /// How long an entered code waits for the call to the channel.
    pub code_ttl: Duration,
    /// Webhooks may go to plain http and to private addresses. For demos and tests on one machine only.
    pub allow_private_webhooks: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            json_depth: 16,
            header_bytes: 16 * 1024,
            uri_bytes: 16 * 1024,
            request_timeout: Duration::from_secs(30),
            requests_per_s: 100,
            burst: 200,
            max_waiting: 1024,
            key_cache: Duration::from_secs(5),
            code_ttl: Duration::from_secs(300),
            allow_private_webhooks: false,
        }
    }
}
