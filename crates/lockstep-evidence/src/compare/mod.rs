//! One world, the same arrivals, several policies side by side.
//!
//! The world ([`world`]) is data: causes and rates of repayments that don't come in. From it and a seed follows one
//! hidden truth: whether an attempt at (order, channel, hour) would move money. Every policy meets the same truth, so
//! policies differ by their choices alone. Ours is the production core itself, driven through `lockstep_core::decide`.

#![allow(clippy::float_arithmetic, reason = "rates and shares of a made-up world; no money is booked here")]

mod calibration;
mod desk;
mod draw;
mod json;
mod loss;
mod measure;
mod page;
pub mod policy;
mod run;
mod stats;
#[cfg(test)]
mod tests;
mod truth;
pub mod world;

pub use self::calibration::Check;
pub use self::loss::LossRow;
pub use self::measure::{ROWS, Row, Shown};
pub use self::page::page;
pub use self::run::{Comparison, Options, OptionsError, PolicyResult, StatusUse, compare};
pub use self::stats::Estimate;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
