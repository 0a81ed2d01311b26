//! Chance, always from a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A source of chance. The same seed throws the same dice.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice of a seed, for example what an engine's `Seeds` drew.
    pub fn new(seed: &[u8]) -> Self {
        Self(ChaCha8Rng::from_seed(Sha256::digest(seed).into()))
    }

    /// Dice that belong to a name, the same ones whenever they are thrown.
    pub(super) fn of(seed: u64, name: &str) -> Self {
        Self::new(format!("{seed}/{name}").as_bytes())
    }

    /// A number in `0..below`; 0 when `below` is 0.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0.next_u64().checked_rem(below).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True so many times in a thousand.
    pub fn hits(&mut self, permille: u16) -> bool {
        self.below(1000) < u64::from(permille)
    }

    /// Six digits.
    pub(super) fn code(&mut self) -> String {
        format!("{:06}", self.below(1_000_000))
    }
}
