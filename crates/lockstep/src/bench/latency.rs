//! Times, kept in microseconds to three significant digits.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer times count as this long: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// An empty histogram. It grows as far as it has to.
pub fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("up to five digits are possible")
}

/// Takes a time down.
pub fn record(times: &mut Histogram<u64>, time: Duration) {
    let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(LONGEST_US);
    // It grows to what is recorded, so nothing is out of range.
    let _ = times.record(us);
}

/// Microseconds as milliseconds.
#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^52 microseconds")]
pub fn ms(us: u64) -> f64 {
    us as f64 / 1000.0
}
