//! Which accepted payments have settled, and how long that took. It listens to the engine's own news, as a call with
//! `wait_s` does, so that watching costs next to nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::PaymentStatus;
use lockstep_engine::Changes;
use tokio::sync::oneshot;

use crate::bench::book::Book;
use crate::bench::latency;
use crate::clock::stopwatch;

/// With a channel that says yes, a payment changes twice: it is opened, and it succeeds.
const CHANGES: u8 = 2;
/// News may be missed under load; what has been open for this long is looked up.
const LOOK_AFTER: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Open {
    changes: u8,
    accepted: Option<(Instant, oneshot::Sender<()>)>,
    settled_at: Option<Instant>,
}

struct Seen {
    open: BTreeMap<PaymentId, Open>,
    times: Histogram<u64>,
    settled: u64,
    last: Option<Instant>,
}

/// What has been seen so far.
#[derive(Clone)]
pub struct Settling(Arc<Mutex<Seen>>);

impl Settling {
    /// Nothing seen yet.
    pub fn new() -> Self {
        let times = latency::histogram();
        Self(Arc::new(Mutex::new(Seen { open: BTreeMap::new(), times, settled: 0, last: None })))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client has its answer. What is returned resolves when the payment has settled.
    pub fn accepted(&self, id: PaymentId, at: Instant) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut seen = self.seen();
        seen.open.entry(id).or_default().accepted = Some((at, tell));
        seen.close(id);
        told
    }

    fn changed(&self, id: PaymentId, at: Instant) {
        let mut seen = self.seen();
        let open = seen.open.entry(id).or_default();
        open.changes += 1;
        if open.changes == CHANGES {
            open.settled_at = Some(at);
            seen.close(id);
        }
    }

    fn found_settled(&self, id: PaymentId, at: Instant) {
        let mut seen = self.seen();
        if let Some(open) = seen.open.get_mut(&id) {
            open.settled_at.get_or_insert(at);
            seen.close(id);
        }
    }

    /// How many have settled, and when the last one did.
    pub fn settled(&self) -> (u64, Option<Instant>) {
        let seen = self.seen();
        (seen.settled, seen.last)
    }

    /// Times from accepted to settled, in microseconds.
    pub fn times(&self) -> Histogram<u64> {
        self.seen().times.clone()
    }

    fn open_since(&self, now: Instant) -> Vec<PaymentId> {
        let long = |open: &Open| match &open.accepted {
            Some((at, _)) => now.saturating_duration_since(*at) >= LOOK_AFTER,
            None => false,
        };
        self.seen().open.iter().filter(|(_, open)| long(open)).map(|(id, _)| *id).collect()
    }

    /// Listens for as long as it is polled.
    pub async fn listen(self, mut changes: Changes, book: Book) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                changed = changes.next() => {
                    if let Some(Ok(id)) = changed.map(|id| id.parse::<PaymentId>()) {
                        self.changed(id, stopwatch());
                    }
                }
                _ = look.tick() => self.look(&book).await,
            }
        }
    }

    async fn look(&self, book: &Book) {
        for id in self.open_since(stopwatch()) {
            let settled = book.queries.payment(book.tenant, id).await.ok().flatten();
            if settled.is_some_and(|payment| payment.status() == PaymentStatus::Succeeded) {
                self.found_settled(id, stopwatch());
            }
        }
    }
}

impl Seen {
    /// Counts a payment once both sides of it are known, in whatever order they came.
    fn close(&mut self, id: PaymentId) {
        let Some(Open { accepted: Some((accepted_at, _)), settled_at: Some(settled_at), .. }) =
            self.open.get(&id)
        else {
            return;
        };
        let (accepted_at, settled_at) = (*accepted_at, *settled_at);
        latency::record(&mut self.times, settled_at.saturating_duration_since(accepted_at));
        self.settled += 1;
        self.last = Some(self.last.map_or(settled_at, |last| last.max(settled_at)));
        if let Some(Open { accepted: Some((_, tell)), .. }) = self.open.remove(&id) {
            // In an open loop nobody waits.
            let _ = tell.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::{Bucket, Mint};
    use lockstep_core::time::Timestamp;

    use super::*;

    fn payment() -> PaymentId {
        PaymentId::mint(&mut Mint::new(Bucket::of_tenant("bench"), Timestamp::from_millis(0), [7; 16]))
    }

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn the_second_change_settles_and_wakes_the_client() {
        let (settling, id, start) = (Settling::new(), payment(), stopwatch());
        settling.changed(id, start);
        let mut told = settling.accepted(id, after(start, 5));
        assert!(told.try_recv().is_err());
        settling.changed(id, after(start, 35));
        assert!(told.try_recv().is_ok());
        assert_eq!(settling.settled(), (1, Some(after(start, 35))));
        assert_eq!(latency::ms(settling.times().max()).round(), 30.0);
    }

    #[test]
    fn settling_before_the_client_has_its_answer_took_no_time() {
        let (settling, id, start) = (Settling::new(), payment(), stopwatch());
        settling.changed(id, start);
        settling.changed(id, after(start, 20));
        assert_eq!(settling.settled().0, 0, "nobody knows yet that it was accepted");
        let mut told = settling.accepted(id, after(start, 25));
        assert!(told.try_recv().is_ok());
        assert_eq!((settling.settled().0, settling.times().max()), (1, 0));
    }

    #[test]
    fn what_stays_open_is_looked_up_and_counted_once() {
        let (settling, id, start) = (Settling::new(), payment(), stopwatch());
        let _told = settling.accepted(id, start);
        assert!(settling.open_since(after(start, 1999)).is_empty());
        assert_eq!(settling.open_since(after(start, 2000)), [id]);
        settling.found_settled(id, after(start, 2000));
        settling.found_settled(id, after(start, 2500));
        assert_eq!(settling.settled().0, 1);
    }
}
