//! The loop: picks up what is due, performs it within bounds, and sleeps until the next thing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use lockstep_core::channel::ChannelId;
use lockstep_core::id::EffectId;
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;

use crate::Engine;
use crate::port::StoredEffect;

/// Timers due within this are kept in memory; later ones are read from the store in time.
pub(crate) const HORIZON: Duration = Duration::from_secs(60);
/// How often the store is scanned for timers that come due.
const SCAN_EVERY: Duration = Duration::from_secs(30);
/// Rows read by one scan.
const SCAN_LIMIT: usize = 20_000;
/// Waiting for the last answers when stopping.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Effects in memory: waiting for their time, for a place, or under way.
#[derive(Default)]
struct Lane {
    timed: BinaryHeap<Reverse<(Timestamp, EffectId)>>,
    effects: BTreeMap<EffectId, StoredEffect>,
    known: BTreeSet<EffectId>,
    queued: BTreeMap<Option<ChannelId>, VecDeque<StoredEffect>>,
    in_flight: BTreeMap<Option<ChannelId>, usize>,
}

impl Lane {
    fn add(&mut self, stored: StoredEffect) {
        if self.known.insert(stored.id) {
            self.timed.push(Reverse((stored.due_at, stored.id)));
            self.effects.insert(stored.id, stored);
        }
    }

    /// Moves what is due into its channel's queue.
    fn ripen(&mut self, now: Timestamp) {
        while let Some(Reverse((due_at, id))) = self.timed.peek().copied() {
            if due_at > now {
                break;
            }
            self.timed.pop();
            if let Some(stored) = self.effects.remove(&id) {
                self.queued.entry(stored.effect.channel().cloned()).or_default().push_back(stored);
            }
        }
    }

    /// Takes the next effect whose channel has a free place. Channels take turns, so a slow one can't take the
    /// others' places.
    fn next(&mut self, places: impl Fn(Option<&ChannelId>) -> usize) -> Option<StoredEffect> {
        let free = |channel: &Option<ChannelId>, in_flight: &BTreeMap<Option<ChannelId>, usize>| {
            in_flight.get(channel).copied().unwrap_or(0) < places(channel.as_ref())
        };
        let fewest =
            self.queued.iter().filter(|(channel, queue)| !queue.is_empty() && free(channel, &self.in_flight));
        let channel =
            fewest.min_by_key(|(channel, _)| self.in_flight.get(*channel).copied().unwrap_or(0))?.0.clone();
        let stored = self.queued.get_mut(&channel)?.pop_front()?;
        *self.in_flight.entry(channel).or_default() += 1;
        Some(stored)
    }

    fn finished(&mut self, channel: &Option<ChannelId>, id: EffectId) {
        self.known.remove(&id);
        if let Some(count) = self.in_flight.get_mut(channel) {
            *count = count.saturating_sub(1);
        }
    }

    fn waiting(&self) -> usize {
        self.queued.values().map(VecDeque::len).sum()
    }
}

type Finished = (Option<ChannelId>, EffectId);

impl Engine {
    /// Runs until `stop` resolves, then lets what is under way finish (bounded). Everything else is durable and
    /// goes on at the next start.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let stop = stop.fuse().shared();
        let effects = self.perform_effects(stop.clone());
        let deliveries = self.deliver(stop.clone());
        let inbox = self.read_inbox(stop);
        futures::join!(effects, deliveries, inbox);
    }

    /// What was being sent when the process stopped has an unknown outcome now. Each is brought back on its own:
    /// one that can't be must not hold up the others.
    async fn recover<'a>(
        &'a self,
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
        if !interrupted.is_empty() {
            tracing::warn!(count = interrupted.len(), "sending was interrupted; outcomes are unknown now");
        }
        for stored in interrupted {
            if planted::is(Bug::InterruptedIgnored) {
                continue;
            }
            lane.known.insert(stored.id);
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
        let recovering = self.recover(&mut lane, &mut under_way);
        if let futures::future::Either::Right(_) =
            futures::future::select(Box::pin(recovering), &mut stop).await
        {
            return;
        }
        loop {
            for stored in self.inner.hub.take_effects() {
                lane.add(stored);
            }
            let now = clock.now();
            if now >= next_scan {
                next_scan = now.plus(SCAN_EVERY);
                self.scan(&mut lane, now).await;
            }
            lane.ripen(now);
            self.start(&mut lane, &mut under_way);
            self.inner.gate.set_backlog(lane.waiting());
            let timer = lane.timed.peek().map_or(next_scan, |Reverse((due_at, _))| (*due_at).min(next_scan));
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some((channel, id)) = under_way.next(), if !under_way.is_empty() => lane.finished(&channel, id),
                () = self.inner.hub.effects_ready.notified() => {}
                () = clock.sleep_until(timer) => {}
            }
        }
        self.last_words(under_way).await;
    }

    async fn scan(&self, lane: &mut Lane, now: Timestamp) {
        match self.inner.ports.store.due_effects(now.plus(HORIZON), SCAN_LIMIT).await {
            Ok(due) => due.into_iter().for_each(|stored| lane.add(stored)),
            Err(fault) => tracing::error!(%fault, "could not scan for due effects; trying again soon"),
        }
    }

    fn start<'a>(&'a self, lane: &mut Lane, under_way: &mut FuturesUnordered<BoxFuture<'a, Finished>>) {
        let places = |channel: Option<&ChannelId>| match channel {
            Some(channel) => self.inner.book.get(channel).map_or(1, |capability| capability.max_in_flight),
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
        futures::future::select(Box::pin(drained), limit).await;
    }
}
