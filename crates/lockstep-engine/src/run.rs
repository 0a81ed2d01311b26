//! The loop: picks up what is due, performs it within bounds, and sleeps until the next thing.

use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, select};
use futures::stream::{FuturesUnordered, StreamExt};
use lockstep_core::channel::ChannelId;
use lockstep_core::fleet::Buckets;
use lockstep_core::id::EffectId;
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;

use crate::Engine;
use crate::lane::Lane;
use crate::port::StoredEffect;

/// Timers due within this are kept in memory; later ones are read from the store in time.
pub(crate) const HORIZON: Duration = Duration::from_secs(60);
/// How often the store is scanned for timers that come due.
const SCAN_EVERY: Duration = Duration::from_secs(30);
/// Rows read by one scan, and effects kept in memory. More are left where they are durable until there is room.
const SCAN_LIMIT: usize = 20_000;
/// Waiting for the last answers when stopping.
const LAST_WORDS: Duration = Duration::from_secs(20);

type Finished = (Option<ChannelId>, EffectId);

impl Engine {
    /// Runs until `stop` resolves, or another process takes this node's place; then lets what is under way finish
    /// (bounded). Everything else is durable and goes on at the next start.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let replaced = self.inner.tenure.replaced.notified();
        let stop = async {
            select(Box::pin(stop), Box::pin(replaced)).await;
        };
        let stop = stop.boxed().shared();
        select(Box::pin(self.work(stop)), Box::pin(self.keep_tenure())).await;
        self.leave_fleet().await;
    }

    async fn work(&self, stop: impl Future<Output = ()> + Send + Clone + Unpin) {
        let effects = self.perform_effects(stop.clone());
        let deliveries = self.deliver(stop.clone());
        let inbox = self.read_inbox(stop.clone());
        let health = self.watch_health(stop);
        futures::join!(effects, deliveries, inbox, health);
    }

    /// What was being sent when the process stopped, or the node that held its bucket before, has an unknown outcome now.
    /// Each is brought back on its own: one that can't be must not hold up the others.
    async fn recover<'a>(
        &'a self,
        gained: Buckets,
        lane: &mut Lane,
        under_way: &mut FuturesUnordered<BoxFuture<'a, Finished>>,
    ) {
        let interrupted = loop {
            match self.inner.ports.store.interrupted().await {
                Ok(interrupted) => break interrupted,
                Err(fault) => {
                    tracing::error!(%fault, "could not read interrupted effects; trying again");
                    let clock = &self.inner.ports.clock;
                    clock.sleep_until(clock.now().plus(Duration::from_secs(1))).await;
                }
            }
        };
        let gone_over = |stored: &StoredEffect| gained.contains(stored.id.bucket()) && !lane.knows(stored.id);
        let interrupted: Vec<_> = interrupted.into_iter().filter(gone_over).collect();
        if !interrupted.is_empty() {
            tracing::warn!(count = interrupted.len(), "sending was interrupted; outcomes are unknown now");
        }
        for stored in interrupted {
            lane.reserve(stored.id);
            if planted::is(Bug::InterruptedIgnored) {
                continue;
            }
            let finished = (None, stored.id);
            if planted::is(Bug::InterruptedSentAgain) {
                under_way.push(self.planted_again(stored).map(|()| finished).boxed());
                continue;
            }
            under_way.push(self.interrupted(stored).map(|()| finished).boxed());
        }
    }

    async fn perform_effects(&self, stop: impl Future<Output = ()> + Send + Clone + Unpin) {
        let clock = &self.inner.ports.clock;
        let mut lane = Lane::default();
        let mut under_way: FuturesUnordered<BoxFuture<'_, Finished>> = FuturesUnordered::new();
        let mut next_scan = clock.now();
        let mut stop = stop;
        let mut more_waits = false;
        let tenure = &self.inner.tenure;
        loop {
            let gained = tenure.take_gained();
            if !gained.is_empty() {
                let recovering = self.recover(gained, &mut lane, &mut under_way);
                if let Either::Right(_) = select(Box::pin(recovering), &mut stop).await {
                    break;
                }
                next_scan = clock.now();
                self.inner.hub.nudge_deliveries();
                self.inner.hub.inbox_ready.notify_one();
                self.inner.health.news.notify_one();
            }
            for stored in self.inner.hub.take_effects() {
                match lane.len() < SCAN_LIMIT {
                    true if !tenure.works_on(stored.id.bucket()) => {}
                    true => lane.add(stored),
                    false => more_waits = true,
                }
            }
            let now = clock.now();
            let room = more_waits && lane.len() < SCAN_LIMIT / 2;
            if now >= next_scan || room {
                next_scan = now.plus(SCAN_EVERY);
                more_waits = self.scan(&mut lane, now).await;
            }
            lane.ripen(now);
            self.start(&mut lane, &mut under_way);
            self.inner.gate.set_backlog(lane.waiting());
            if !tenure.leaving().is_empty() {
                tenure.set_busy(&lane.buckets());
            }
            let timer = lane.next_due().map_or(next_scan, |due_at| due_at.min(next_scan));
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some((channel, id)) = under_way.next(), if !under_way.is_empty() => lane.finished(&channel, id),
                () = self.inner.hub.effects_ready.notified() => {}
                () = tenure.news.notified() => lane.keep(|id| tenure.works_on(id.bucket())),
                () = clock.sleep_until(timer) => {}
            }
        }
        self.last_words(under_way).await;
    }

    /// Reads what is due soon into memory. Whether there may be more than was read.
    async fn scan(&self, lane: &mut Lane, now: Timestamp) -> bool {
        match self.inner.ports.store.due_effects(now.plus(HORIZON), SCAN_LIMIT).await {
            Ok(due) => {
                let full = due.len() >= SCAN_LIMIT;
                let ours = |stored: &StoredEffect| self.inner.tenure.works_on(stored.id.bucket());
                due.into_iter().filter(ours).for_each(|stored| lane.add(stored));
                full
            }
            Err(fault) => {
                tracing::error!(%fault, "could not scan for due effects; trying again soon");
                false
            }
        }
    }

    fn start<'a>(&'a self, lane: &mut Lane, under_way: &mut FuturesUnordered<BoxFuture<'a, Finished>>) {
        let places = |channel: Option<&ChannelId>| match channel {
            Some(channel) => {
                let all = self.inner.book.get(channel).map_or(1, |capability| capability.max_in_flight);
                self.inner.tenure.part_of(all)
            }
            None => self.inner.settings.max_in_flight,
        };
        while under_way.len() < self.inner.settings.max_in_flight {
            let Some(stored) = lane.next(places) else { return };
            let finished = (stored.effect.channel().cloned(), stored.id);
            under_way.push(self.perform(stored).map(|()| finished).boxed());
        }
    }

    async fn last_words(&self, mut under_way: FuturesUnordered<BoxFuture<'_, Finished>>) {
        let clock = &self.inner.ports.clock;
        let limit = clock.sleep_until(clock.now().plus(LAST_WORDS));
        let drained = async { while under_way.next().await.is_some() {} };
        select(Box::pin(drained), limit).await;
    }
}
