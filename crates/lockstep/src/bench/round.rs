//! One round of load, from the first call until everything it led to is done, and the sum of several.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use lockstep_core::id::PaymentId;
use lockstep_engine::port::{Fault, Page};

use crate::bench::book::Book;
use crate::bench::gauge::Gauge;
use crate::bench::latency;
use crate::bench::load::{self, Plan};
use crate::bench::machine::Readings;
use crate::bench::server::Server;
use crate::bench::settling::Settling;
use crate::clock::stopwatch;

/// After the last answer, payments that are accepted get this long without any news before they count as lost.
const NO_NEWS: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Looking for waiting webhooks is a query, which isn't to be measured.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// What rounds came to.
pub struct Round {
    /// Payments that were accepted.
    pub accepted: Vec<PaymentId>,
    /// How many have settled.
    pub settled: u64,
    /// From the first call to the last settling.
    pub wall: Duration,
    /// From the last settling until every webhook was out.
    pub webhooks_after: Duration,
    /// Times of `POST /v1/payments`, in microseconds.
    pub accept: Histogram<u64>,
    /// Times from accepted to settled, in microseconds.
    pub settle: Histogram<u64>,
    /// What it took from the machine, webhooks included.
    pub taken: Readings,
    /// Calls that were not accepted, by HTTP status.
    pub errors: BTreeMap<String, u64>,
}

impl Round {
    /// Nothing yet.
    pub fn none() -> Self {
        Self {
            accepted: Vec::new(),
            settled: 0,
            wall: Duration::ZERO,
            webhooks_after: Duration::ZERO,
            accept: latency::histogram(),
            settle: latency::histogram(),
            taken: Readings { cpu: Some(Duration::ZERO), written: Some(0), files: 0 },
            errors: BTreeMap::new(),
        }
    }

    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.settled += other.settled;
        self.wall += other.wall;
        self.webhooks_after += other.webhooks_after;
        // They grow to what is added, so nothing is out of range.
        let _ = self.accept.add(other.accept);
        let _ = self.settle.add(other.settle);
        self.taken = self.taken.plus(&other.taken);
        for (why, count) in other.errors {
            *self.errors.entry(why).or_default() += count;
        }
    }
}

/// Sends so much, and waits until it has settled and been told.
///
/// # Errors
/// A [`Fault`] of the database.
pub async fn run(
    plan: Plan,
    clients: u32,
    book: &Book,
    server: &Server,
    gauge: &Gauge,
) -> Result<Round, Fault> {
    let settling = plan.settling.clone();
    let listening = tokio::spawn(settling.clone().listen(server.engine.changes(), book.clone()));
    let before = gauge.read().await?;
    let start = stopwatch();
    let sent = load::send(Plan { start, ..plan }, clients).await;
    let ended = all_settled(&settling, sent.accepted.len() as u64).await;
    listening.abort();
    all_told(book).await?;
    let told = stopwatch();
    Ok(Round {
        settled: settling.settled().0,
        wall: ended.saturating_duration_since(start),
        webhooks_after: told.saturating_duration_since(ended),
        accept: sent.times,
        settle: settling.times(),
        taken: gauge.read().await?.since(&before),
        accepted: sent.accepted,
        errors: sent.errors,
    })
}

/// Waits until everything accepted has settled, or nothing moves any more. When the last one did.
async fn all_settled(settling: &Settling, accepted: u64) -> Instant {
    let mut news = (0, stopwatch());
    loop {
        let (settled, last) = settling.settled();
        if settled != news.0 {
            news = (settled, stopwatch());
        }
        if settled >= accepted || news.1.elapsed() > NO_NEWS {
            return last.unwrap_or_else(stopwatch);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until no webhook waits: what is left for later is work of the payments all the same.
async fn all_told(book: &Book) -> Result<(), Fault> {
    let page = Page { after: None, limit: 1 };
    while !book.queries.deliveries(book.tenant, Some("pending"), &page).await?.rows.is_empty() {
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_waits_for_what_is_accepted_and_no_longer() {
        let began = stopwatch();
        all_settled(&Settling::new(), 0).await;
        assert!(began.elapsed() < NO_NEWS);
    }

    #[test]
    fn rounds_add_up() {
        let (mut all, mut one) = (Round::none(), Round::none());
        (one.settled, one.wall) = (7, Duration::from_secs(2));
        one.taken = Readings { cpu: Some(Duration::from_secs(1)), written: None, files: 5 };
        latency::record(&mut one.accept, Duration::from_millis(3));
        all.add(one);
        assert_eq!((all.settled, all.wall, all.accept.len()), (7, Duration::from_secs(2), 1));
        assert_eq!((all.taken.cpu, all.taken.written), (Some(Duration::from_secs(1)), None));
    }
}
