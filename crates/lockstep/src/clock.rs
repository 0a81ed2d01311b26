//! The machine's clock and randomness: the two places where the world comes in as facts.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::time::Timestamp;
use lockstep_engine::Steady;
use lockstep_engine::port::{Clock, Seeds};

/// The machine's clock, which goes on evenly when somebody sets it.
pub struct SystemClock;

/// When this process first asked, on the monotonic clock, and how far the even clock has come.
static EVEN: LazyLock<(std::time::Instant, Steady)> = LazyLock::new(|| (stopwatch(), Steady::default()));

/// A wait is cut into pieces of this length, so that a clock that was set back or forth is noticed.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// The moment, from the machine.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
pub fn machine_now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// A stopwatch, for figures only.
#[expect(clippy::disallowed_methods, reason = "elapsed time for figures; nothing decides from it")]
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let (started, steady) = &*EVEN;
        steady.now(machine_now(), started.elapsed())
    }

    fn fast_ppm(&self) -> u32 {
        Steady::FAST_PPM
    }

    async fn sleep_until(&self, moment: Timestamp) {
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_NAP)).await;
        }
    }
}

/// Randomness of the operating system.
pub struct SystemSeeds;

impl Seeds for SystemSeeds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws from the operating system")]
    fn draw(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            // Ids must not repeat: without randomness the process can't go on.
            tracing::error!("the operating system gives no randomness");
            std::process::abort();
        }
        bytes
    }
}

/// Randomness from a seed, for runs that have to repeat.
pub struct SeededSeeds(std::sync::Mutex<lockstep_core::id::Mint>);

impl SeededSeeds {
    /// The same seed draws the same bytes.
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0x5e; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let bucket = lockstep_core::id::Bucket::of_tenant("seeds");
        Self(std::sync::Mutex::new(lockstep_core::id::Mint::new(bucket, Timestamp::from_millis(0), bytes)))
    }
}

impl Seeds for SeededSeeds {
    fn draw(&self) -> [u8; 16] {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).draw()
    }
}
