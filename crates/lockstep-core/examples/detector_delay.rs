//! Measures the rate test: answers until a false alarm, and answers until a trouble is found.
//!
//! ```sh
//! cargo run --release -p lockstep-core --example detector_delay
//! ```
#![expect(clippy::print_stdout, reason = "a table for people")]

use lockstep_core::health::{HealthPolicy, RateTest};
use lockstep_core::time::Timestamp;

const RUNS: u64 = 4000;
const LONGEST: u64 = 200_000;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, seeded, good enough for coin flips.
struct Coins(u64);

impl Coins {
    fn hits(&mut self, ppm: u32) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % 1_000_000 < u64::from(ppm)
    }
}

/// A policy that holds the usual rate still, so that the test itself is measured and not the learning.
fn known(usual_ppm: u32) -> HealthPolicy {
    HealthPolicy {
        usual_start_ppm: usual_ppm,
        usual_floor_ppm: usual_ppm,
        usual_ceiling_ppm: usual_ppm,
        ..HealthPolicy::default()
    }
}

/// Answers until the alarm, at this true rate of faults.
fn until_alarm(rate_ppm: u32, seed: u64, policy: &HealthPolicy, learn: u64) -> u64 {
    let (mut test, mut coins) = (RateTest::new(policy), Coins(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)));
    let at = Timestamp::from_millis(0);
    for _ in 0..learn {
        if test.feed(coins.hits(policy.usual_start_ppm), false, at, policy) {
            test.forgive();
        }
    }
    for answers in 1..=LONGEST {
        if test.feed(coins.hits(rate_ppm), false, at, policy) {
            return answers;
        }
    }
    LONGEST
}

/// Mean in tenths, and the 95th percentile.
fn measured(rate_ppm: u32, policy: &HealthPolicy, learn: u64) -> (u64, u64) {
    let mut waits: Vec<u64> = (1..=RUNS).map(|seed| until_alarm(rate_ppm, seed, policy, learn)).collect();
    waits.sort_unstable();
    let mean = waits.iter().sum::<u64>() * 10 / RUNS;
    (mean, waits[usize::try_from(RUNS * 95 / 100).unwrap_or(0)])
}

fn row(name: &str, usual: u32, rates: [u32; 4], policy: &HealthPolicy, learn: u64) {
    let alone = measured(usual, policy, learn).0 / 10;
    print!("{name:<34} {usual:>7} {alone:>7}");
    for rate in rates {
        let (mean, p95) = measured(rate, policy, learn);
        print!("   {:>7}: {:>4}.{} ({p95})", rate, mean / 10, mean % 10);
    }
    println!();
}

fn main() {
    println!(
        "answers until the alarm; threshold {}, {RUNS} runs each",
        HealthPolicy::default().alarm_threshold
    );
    println!("{:<34} {:>7} {:>7}   true rate in millionths: mean (95th percentile)", "", "usual", "false");
    row("usual rate known", 50_000, [100_000, 200_000, 500_000, 950_000], &known(50_000), 0);
    row("usual rate known", 150_000, [250_000, 400_000, 700_000, 970_000], &known(150_000), 0);
    // Literature tunes to one false alarm in 10,000 instead of at most one: compare these two rows with it.
    let tuned = HealthPolicy { alarm_threshold: 5_100, ..known(50_000) };
    row("known, threshold 5100", 50_000, [100_000, 200_000, 500_000, 950_000], &tuned, 0);
    let tuned = HealthPolicy { alarm_threshold: 6_300, ..known(150_000) };
    row("known, threshold 6300", 150_000, [250_000, 400_000, 700_000, 970_000], &tuned, 0);
    let learning = HealthPolicy::default();
    row("learned, after 2000 healthy answers", 50_000, [100_000, 200_000, 500_000, 950_000], &learning, 2000);
    let learning = HealthPolicy { usual_start_ppm: 150_000, ..HealthPolicy::default() };
    row(
        "learned, after 2000 healthy answers",
        150_000,
        [250_000, 400_000, 700_000, 970_000],
        &learning,
        2000,
    );
    let learning = HealthPolicy { usual_start_ppm: 20_000, ..HealthPolicy::default() };
    row("learned, after 2000 healthy answers", 20_000, [100_000, 200_000, 500_000, 950_000], &learning, 2000);
}
