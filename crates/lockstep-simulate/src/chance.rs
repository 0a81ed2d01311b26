//! Chance from a seed, one stream for each who needs it, so that switching one fault off leaves the others' dice as
//! they were.

use std::sync::{Mutex, PoisonError};

use lockstep_engine::port::Seeds;
use lockstep_sim::sandbox::Dice;

/// Dice that can be shared.
pub struct Chance(Mutex<Dice>);

impl Chance {
    /// The stream of this name in the world of this seed.
    pub fn of(seed: u64, name: &str) -> Self {
        Self(Mutex::new(Dice::new(format!("world {seed}/{name}").as_bytes())))
    }

    /// A number in `0..below`; 0 when `below` is 0.
    pub fn below(&self, below: u64) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).below(below)
    }

    /// A number in `low..=high`.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a million.
    pub fn ppm(&self, chance: u32) -> bool {
        chance > 0 && self.below(1_000_000) < u64::from(chance)
    }

    /// True once in so many times.
    pub fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }
}

impl Seeds for Chance {
    fn draw(&self) -> [u8; 16] {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&dice.below(u64::MAX).to_be_bytes());
        bytes[8..].copy_from_slice(&dice.below(u64::MAX).to_be_bytes());
        bytes
    }
}
