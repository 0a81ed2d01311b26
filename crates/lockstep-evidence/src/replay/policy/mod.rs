//! Off-policy evaluation: what other choices of channel would have collected, from a log of the choices made.

pub(crate) mod bootstrap;
pub(crate) mod choice;
pub(crate) mod context;
pub(crate) mod estimate;
pub(crate) mod evaluate;
pub(crate) mod outcome;
pub(crate) mod propensity;
pub(crate) mod result;
pub(crate) mod rules;

#[cfg(test)]
mod coverage;
