//! The figures of a run, from what was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::bench::latency::ms;
use crate::bench::machine::Readings;

/// What a run came to. The names are those of the JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Which database.
    pub store: &'static str,
    /// Clients.
    pub clients: u32,
    /// Payments accepted and settled.
    pub payments: u64,
    /// From the first call to the last settling, in seconds.
    pub wall_s: f64,
    /// Settled per second.
    pub payments_per_s: f64,
    /// `POST /v1/payments`, in milliseconds: half are quicker.
    pub accept_p50_ms: f64,
    /// 99 of 100 are quicker.
    pub accept_p99_ms: f64,
    /// 999 of 1000 are quicker.
    pub accept_p999_ms: f64,
    /// From accepted to settled, in milliseconds: half are quicker.
    pub settle_p50_ms: f64,
    /// 99 of 100 are quicker.
    pub settle_p99_ms: f64,
    /// 999 of 1000 are quicker.
    pub settle_p999_ms: f64,
    /// Processor time of this process, clients included, in milliseconds.
    pub cpu_ms_per_payment: Option<f64>,
    /// Bytes handed to the disk.
    pub bytes_written_per_payment: Option<u64>,
    /// Bytes by which the database's files have grown.
    pub file_growth_per_payment: u64,
    /// Memory at the end, in MiB.
    pub rss_mb: Option<u64>,
    /// Memory at most, in MiB.
    pub rss_peak_mb: Option<u64>,
    /// Calls that were not accepted, by HTTP status.
    pub errors: BTreeMap<String, u64>,
}

/// What was counted.
pub struct Counted<'a> {
    /// Which database.
    pub store: &'static str,
    /// Clients.
    pub clients: u32,
    /// Payments settled.
    pub settled: u64,
    /// From the first call to the last settling.
    pub wall: Duration,
    /// Times of `POST /v1/payments`, in microseconds.
    pub accept: &'a Histogram<u64>,
    /// Times from accepted to settled, in microseconds.
    pub settle: &'a Histogram<u64>,
    /// The machine before and after.
    pub readings: (Readings, Readings),
    /// Memory now and at most, in MiB.
    pub memory_mib: (Option<u64>, Option<u64>),
    /// Calls that were not accepted.
    pub errors: BTreeMap<String, u64>,
}

impl Figures {
    /// Divides what was counted by the payments that settled.
    pub fn of(counted: Counted<'_>) -> Self {
        let (before, after) = counted.readings;
        let payments = counted.settled;
        let each = |total: u64| total.checked_div(payments).unwrap_or(0);
        let cpu = after.cpu.zip(before.cpu).map(|(after, before)| after.saturating_sub(before));
        let written = after.written.zip(before.written).map(|(after, before)| after.saturating_sub(before));
        let quantile = |times: &Histogram<u64>, q| ms(times.value_at_quantile(q));
        Self {
            store: counted.store,
            clients: counted.clients,
            payments,
            wall_s: rounded(counted.wall.as_secs_f64()),
            payments_per_s: rounded(per_second(payments, counted.wall)),
            accept_p50_ms: quantile(counted.accept, 0.5),
            accept_p99_ms: quantile(counted.accept, 0.99),
            accept_p999_ms: quantile(counted.accept, 0.999),
            settle_p50_ms: quantile(counted.settle, 0.5),
            settle_p99_ms: quantile(counted.settle, 0.99),
            settle_p999_ms: quantile(counted.settle, 0.999),
            cpu_ms_per_payment: cpu.map(|cpu| ms(each(u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX)))),
            bytes_written_per_payment: written.map(each),
            file_growth_per_payment: each(after.files.saturating_sub(before.files)),
            rss_mb: counted.memory_mib.0,
            rss_peak_mb: counted.memory_mib.1,
            errors: counted.errors,
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn per_second(count: u64, time: Duration) -> f64 {
    match time.is_zero() {
        true => 0.0,
        false => count as f64 / time.as_secs_f64(),
    }
}

/// To the thousandth.
#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::latency;

    #[test]
    fn totals_are_divided_by_what_settled() {
        let mut times = latency::histogram();
        (1..=1000).for_each(|us| latency::record(&mut times, Duration::from_micros(us)));
        let at = |cpu_ms, written, files| Readings {
            cpu: Some(Duration::from_millis(cpu_ms)),
            written: Some(written),
            files,
        };
        let counted = Counted {
            store: "sqlite",
            clients: 4,
            settled: 200,
            wall: Duration::from_millis(500),
            accept: &times,
            settle: &times,
            readings: (at(1000, 5, 0), at(1300, 2_000_005, 100_000)),
            memory_mib: (Some(30), Some(40)),
            errors: BTreeMap::new(),
        };
        let figures = Figures::of(counted);
        assert_eq!((figures.payments_per_s, figures.wall_s), (400.0, 0.5));
        assert_eq!(figures.cpu_ms_per_payment, Some(1.5));
        assert_eq!((figures.bytes_written_per_payment, figures.file_growth_per_payment), (Some(10_000), 500));
        assert_eq!((figures.accept_p50_ms, figures.accept_p999_ms), (0.5, 0.999));
    }

    #[test]
    fn nothing_settled_divides_by_nothing() {
        let (times, nothing) = (latency::histogram(), Readings::default());
        let figures = Figures::of(Counted {
            store: "sqlite",
            clients: 1,
            settled: 0,
            wall: Duration::ZERO,
            accept: &times,
            settle: &times,
            readings: (nothing, nothing),
            memory_mib: (None, None),
            errors: BTreeMap::from([("503".to_owned(), 9)]),
        });
        assert_eq!((figures.payments_per_s, figures.cpu_ms_per_payment), (0.0, None));
        assert_eq!(serde_json::to_value(&figures).unwrap()["errors"]["503"], 9);
    }
}
