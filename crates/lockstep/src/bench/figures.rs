//! The figures of a run, from what was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::bench::args::BenchArgs;
use crate::bench::latency::ms;
use crate::bench::machine;
use crate::bench::round::Round;

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
    /// From the last settling until every webhook was out, in seconds.
    pub webhooks_after_s: f64,
    /// Processor time of this process, clients included, and of a database server on this machine, in milliseconds.
    pub cpu_ms_per_payment: Option<f64>,
    /// Bytes handed to the disk; of a database server, those of its log.
    pub bytes_written_per_payment: Option<u64>,
    /// Bytes by which the database's files have grown.
    pub file_growth_per_payment: u64,
    /// Memory at the end, in MiB.
    pub rss_mb: Option<u64>,
    /// Memory at most, in MiB.
    pub rss_peak_mb: Option<u64>,
    /// Transactions per second of `pgbench` on the same server, in turns with the payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgbench_tps: Option<f64>,
    /// Payments settled for each of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_to_pgbench: Option<f64>,
    /// Calls that were not accepted, by HTTP status.
    pub errors: BTreeMap<String, u64>,
}

impl Figures {
    /// Divides what was counted by the payments that settled. `rates` are those of PostgreSQL's own benchmark.
    pub fn of(args: &BenchArgs, round: &Round, rates: &[f64]) -> Self {
        let payments = round.settled;
        let each = |total: u64| total.checked_div(payments).unwrap_or(0);
        let quantile = |times: &Histogram<u64>, q| ms(times.value_at_quantile(q));
        let cpu = round.taken.cpu.map(|cpu| ms(each(u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX))));
        let payments_per_s = rounded(per_second(payments, round.wall));
        let pgbench_tps = mean(rates);
        let (rss_mb, rss_peak_mb) = machine::memory_mib();
        Self {
            store: args.store.as_str(),
            clients: args.clients,
            payments,
            wall_s: rounded(round.wall.as_secs_f64()),
            payments_per_s,
            accept_p50_ms: quantile(&round.accept, 0.5),
            accept_p99_ms: quantile(&round.accept, 0.99),
            accept_p999_ms: quantile(&round.accept, 0.999),
            settle_p50_ms: quantile(&round.settle, 0.5),
            settle_p99_ms: quantile(&round.settle, 0.99),
            settle_p999_ms: quantile(&round.settle, 0.999),
            webhooks_after_s: rounded(round.webhooks_after.as_secs_f64()),
            cpu_ms_per_payment: cpu.filter(|_| payments > 0),
            bytes_written_per_payment: round.taken.written.map(each),
            file_growth_per_payment: each(round.taken.files),
            rss_mb,
            rss_peak_mb,
            pgbench_tps,
            ratio_to_pgbench: pgbench_tps.map(|tps| ratio(payments_per_s, tps)),
            errors: round.errors.clone(),
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

#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
#[expect(clippy::cast_precision_loss, reason = "a handful of rounds")]
fn mean(rates: &[f64]) -> Option<f64> {
    (!rates.is_empty()).then(|| rounded(rates.iter().sum::<f64>() / rates.len() as f64))
}

#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
fn ratio(ours: f64, theirs: f64) -> f64 {
    rounded(ours / theirs)
}

/// To the thousandth.
#[expect(clippy::float_arithmetic, reason = "figures for people; nothing decides from them")]
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::bench::latency;
    use crate::bench::machine::Readings;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: BenchArgs,
    }

    fn args() -> BenchArgs {
        Line::parse_from(["bench"]).args
    }

    #[test]
    fn totals_are_divided_by_what_settled() {
        let mut round = Round::none();
        (1..=1000).for_each(|us| latency::record(&mut round.accept, Duration::from_micros(us)));
        (round.settled, round.wall) = (200, Duration::from_millis(500));
        let cpu = Some(Duration::from_millis(300));
        round.taken = Readings { cpu, written: Some(2_000_000), files: 100_000 };
        let figures = Figures::of(&args(), &round, &[150.0, 250.0]);
        assert_eq!((figures.payments_per_s, figures.wall_s), (400.0, 0.5));
        assert_eq!(figures.cpu_ms_per_payment, Some(1.5));
        assert_eq!((figures.bytes_written_per_payment, figures.file_growth_per_payment), (Some(10_000), 500));
        assert_eq!((figures.accept_p50_ms, figures.accept_p999_ms), (0.5, 0.999));
        assert_eq!((figures.pgbench_tps, figures.ratio_to_pgbench), (Some(200.0), Some(2.0)));
    }

    #[test]
    fn nothing_settled_divides_by_nothing() {
        let mut round = Round::none();
        round.errors.insert("503".to_owned(), 9);
        let figures = Figures::of(&args(), &round, &[]);
        assert_eq!((figures.payments_per_s, figures.cpu_ms_per_payment), (0.0, None));
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!(json["errors"]["503"], 9);
        assert!(json.get("ratio_to_pgbench").is_none(), "nobody asked for it");
    }
}
