//! The channel port on real channels: one folder a channel, one line in the registry.
//!
//! Invariants of absence: nothing here decides what an answer means for a payment (the catalogue and the rules
//! do), nothing tries again (the engine does), and nothing keeps personal data longer than one call.

pub mod callback;
mod config;
mod registry;
pub mod sandbox;
mod secrets;

pub use config::{Adapter, ChannelConfig, ChannelKey};
pub use registry::{Channel, ConfigError, Registry};
pub use secrets::{PersonalFields, Secrets};
