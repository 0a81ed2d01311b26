//! Time and randomness.

use async_trait::async_trait;
use lockstep_core::time::Timestamp;

/// What time it is, and waiting. Production uses the machine's clock; the simulator jumps.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The moment.
    fn now(&self) -> Timestamp;

    /// How much faster than time it may go, in millionths, as one does that follows a clock which was set forward. The
    /// channels' late-execution windows are counted longer by as much.
    fn fast_ppm(&self) -> u32 {
        0
    }

    /// Returns at or after a moment.
    async fn sleep_until(&self, moment: Timestamp);
}

/// Randomness for ids and jitter. Production draws from the operating system; the simulator from its seed.
pub trait Seeds: Send + Sync {
    /// Sixteen fresh bytes.
    fn draw(&self) -> [u8; 16];
}
