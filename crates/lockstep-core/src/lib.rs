//! The rules of Lockstep.
//!
//! Invariants of absence: nothing in this crate performs I/O, is `async`, reads a clock or draws a random
//! number. Time, ids and randomness come in as facts; what has to happen in the world goes out as effects.

pub mod audit;
pub mod binding;
pub mod borrower;
pub mod catalogue;
pub mod channel;
pub mod check;
pub mod command;
pub mod decision;
pub mod diagnosis;
pub mod effect;
pub mod fleet;
pub mod health;
pub mod id;
pub mod ledger;
pub mod money;
pub mod notice;
pub mod order;
pub mod payment;
pub mod planted;
pub mod refusal;
pub mod routing;
#[cfg(test)]
mod scenario;
pub mod sensitive;
pub mod text;
pub mod time;

pub use command::{Command, decide};
pub use decision::{Decision, Event, Facts, Slice};
