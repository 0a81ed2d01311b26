//! The engine: load → decide → commit → perform.
//!
//! Invariants of absence: it knows no database, no HTTP, no runtime. It never spawns and never asks an ambient
//! clock, so the simulator can run it on one thread in its own time.

pub mod port;
