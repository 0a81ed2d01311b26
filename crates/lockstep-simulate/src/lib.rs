//! The deterministic simulator: the production loop on simulated clock, network, disk and banks.
//!
//! One thread runs one world, and a world follows from one seed. `swarm` says what it is like, `world` runs it,
//! `node`, `process`, `disk`, `line`, `clock` and `receiver` are where it can fail, `lender`, `borrower` and `giving_back` are who uses it,
//! `oracle` compares what we believe with what the banks did. `run` runs many worlds, `story` tells of one that failed.
//!
//! Invariants of absence: nothing here decides anything about money, and nothing asks the machine's clock or its
//! randomness for anything that a world could see.

pub mod borrower;
pub mod chance;
pub mod clock;
pub mod command;
pub mod disk;
pub mod giving_back;
pub mod lender;
pub mod line;
pub mod node;
pub mod oracle;
pub mod postman;
pub mod process;
pub mod receiver;
pub mod report;
pub mod run;
pub mod secrets;
pub mod story;
#[cfg(feature = "planted")]
pub mod suite;
pub mod swarm;
pub mod trace;
pub mod world;

pub use world::{WorldOutcome, run as run_world};
