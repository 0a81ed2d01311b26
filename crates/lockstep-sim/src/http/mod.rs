//! The sandbox over real HTTP: the channels themselves, and an API to look behind the scenes and to script
//! what goes wrong. For a loopback address or a closed test network only: the scripting API asks for no
//! password, and the bank it shows is invented.

mod calls;
mod courier;
mod error;
mod line;
mod scripting;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post};
use lockstep_channels::sandbox::MAX_BODY;

pub use self::serve::{Door, Options, serve};

use self::error::Problem;
use crate::port::SharedSandbox;

/// Every route.
///
/// | route | what it does |
/// |---|---|
/// | `POST /channels/{channel}/{call}` | a channel's seven calls |
/// | `GET /sandbox/v1/health` | whether it runs, and which channels are down |
/// | `GET /sandbox/v1/accounts?number=` | one account with its entries |
/// | `POST /sandbox/v1/accounts` | open an account |
/// | `PATCH /sandbox/v1/accounts/{number}` | change an account |
/// | `GET /sandbox/v1/phones/{mobile}/messages` | the codes texted to a phone |
/// | `POST /sandbox/v1/faults` | add faults |
/// | `DELETE /sandbox/v1/faults` | end all faults |
/// | `GET /sandbox/v1/truth` | what really happened to the money |
pub fn router(shared: Arc<SharedSandbox>) -> Router {
    Router::new()
        .route("/channels/{channel}/{call}", post(calls::call))
        .route("/sandbox/v1/health", get(scripting::health))
        .route("/sandbox/v1/accounts", get(scripting::account).post(scripting::open_account))
        .route("/sandbox/v1/accounts/{number}", patch(scripting::change_account))
        .route("/sandbox/v1/phones/{mobile}/messages", get(scripting::messages))
        .route("/sandbox/v1/faults", post(scripting::add_faults))
        .route("/sandbox/v1/faults", delete(scripting::clear_faults))
        .route("/sandbox/v1/truth", get(scripting::truth))
        .fallback(|| async { Problem::no_route() })
        .method_not_allowed_fallback(|| async { Problem::no_method() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(shared)
}
