//! The rules of Lockstep.
//!
//! Invariants of absence: nothing in this crate performs I/O, is `async`, reads a clock or draws a random
//! number. Time, ids and randomness come in as facts; what has to happen in the world goes out as effects.

pub mod catalogue;
pub mod check;
pub mod sensitive;
