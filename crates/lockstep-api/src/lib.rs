//! JSON over HTTP: the lenders' API, its OpenAPI document, channel callbacks in and signed webhooks out.
//!
//! Start at `router.rs`, which shows every route. A handler parses, calls and converts; the rules are in the
//! core, the machinery is in the engine. What every request passes through lies in `http/` (limits, keys,
//! bodies, idempotency), what goes wrong in `problem/`, what people read in `wire/`.
//!
//! Invariants of absence: this crate knows no database and no channel. No answer, stored or sent, carries a
//! card number, document number, phone number, name or code; only masked numbers.

mod api_keys;
mod app;
mod audit;
mod bindings;
mod borrowers;
mod callbacks;
mod channels;
mod health;
mod http;
mod key;
mod openapi;
mod orders;
mod owned;
mod payments;
mod precheck;
mod problem;
mod reasons;
mod router;
mod routing_rules;
mod sealed;
mod state;
mod webhook_deliveries;
mod webhook_endpoints;
pub mod webhooks;
mod wire;

pub use callbacks::{NoticeReader, NoticeRefused};
pub use http::Nodes;
pub use key::{api_key_hash, new_api_key};
pub use openapi::openapi;
pub use router::router;
pub use state::{AppState, Limits};
