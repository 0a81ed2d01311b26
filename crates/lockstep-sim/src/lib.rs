//! Simulated banks and channels.
//!
//! `sandbox` is a pure model. `port` puts it under the engine's channel port in process, in virtual time;
//! `http` serves it over real HTTP, for demos and for anyone who wants to try an integration. Both speak the
//! wire protocol of `lockstep-channels`, so the adapter that runs in production is the one that is simulated.
//! `people` makes borrowers up, `runtime` runs the production loop on one thread in virtual time.
//!
//! Invariants of absence: `sandbox` does no I/O and reads no clock; nothing here knows a store or the engine's
//! loop.

mod capability;
pub mod http;
pub mod people;
pub mod port;
pub mod runtime;
pub mod sandbox;

pub use capability::capabilities;
