//! Many nodes: who may work on which bucket.
//!
//! Every node says again and again that it lives, in one register that all read. Whoever has been seen silent for
//! [`SILENT`], on the clock of the one who watches, is struck off, and its buckets are free. A node stops sending by
//! itself after [`HOLD`] without having been heard, which is shorter, so it has stopped before anybody else begins. No
//! clock is ever compared with another node's; it only has to go forward about as fast.
//!
//! These are the rules; the register itself is a port of the engine.

mod buckets;
mod register;
mod share;
mod watch;

use std::time::Duration;

pub use buckets::Buckets;
pub use register::{NodeEntry, NodeNo, Register};
pub use share::{Share, share};
pub use watch::Watch;

/// How often a node says that it lives.
pub const BEAT_EVERY: Duration = Duration::from_secs(1);
/// A node sends nothing any more when the last time it was heard is longer ago.
pub const HOLD: Duration = Duration::from_secs(4);
/// A node is struck off after having been silent for so long. The difference to [`HOLD`] is what clocks may differ in
/// speed, and what a request may need from the decision to send it to the wire.
pub const SILENT: Duration = Duration::from_secs(8);
