//! Channel health: one book per process, fed with what performing brings back, and the probes of channels in trouble.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use lockstep_core::Slice;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::{Capability, ChannelBook, ChannelId, Direction};
use lockstep_core::health::{
    self, Call, Change, HealthBook, HealthEvent, HealthPolicy, HealthReport, Hearsay, Outlook, Place, Signal,
};
use lockstep_core::id::Bucket;
use lockstep_core::payment::{MoneyAnswer, QueryAnswer};
use lockstep_core::time::Timestamp;
use tokio::sync::Notify;

use crate::Engine;
use crate::port::ProbeAnswer;

pub(crate) struct Health {
    book: RwLock<HealthBook>,
    /// Something may have to be probed, or will change with time.
    pub(crate) news: Notify,
    /// What the other nodes of the fleet don't know yet; `None` without a fleet.
    untold: Option<Mutex<Vec<Hearsay>>>,
}

/// A call to a channel, from leaving to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) sent_at: Timestamp,
    pub(crate) at: Timestamp,
}

/// What a call brought back.
pub(crate) enum Heard<'a> {
    Money(&'a MoneyAnswer),
    Query { attempt_sent_at: Timestamp, answer: &'a QueryAnswer },
    Signing(&'a SignAnswer),
    Notice { code: &'a str },
}

/// A probe that has come back, or was given up.
struct Probed {
    channel: ChannelId,
    answered: bool,
    sent_at: Timestamp,
}

impl Health {
    pub(crate) fn new(channels: &ChannelBook, policy: HealthPolicy, in_a_fleet: bool) -> Self {
        let book = RwLock::new(HealthBook::new(channels, policy));
        Self { book, news: Notify::new(), untold: in_a_fleet.then(Mutex::default) }
    }

    /// What the other nodes don't know yet. Whoever takes it tells them, or puts it back.
    pub(crate) fn take_untold(&self) -> Vec<Hearsay> {
        self.untold().map(|mut untold| std::mem::take(&mut *untold)).unwrap_or_default()
    }

    pub(crate) fn put_back(&self, mut told: Vec<Hearsay>) {
        if let Some(mut untold) = self.untold() {
            told.append(&mut *untold);
            *untold = told;
        }
    }

    fn untold(&self) -> Option<MutexGuard<'_, Vec<Hearsay>>> {
        self.untold.as_ref().map(|untold| untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does what other nodes' breakers did.
    pub(crate) fn believe(&self, said: &[Hearsay], now: Timestamp) {
        let mut book = self.write();
        for one in said {
            if book.believe(one, now) {
                tracing::warn!(place = ?one.place, breaker = ?one.breaker, "another node's breaker says so");
            }
        }
        drop(book);
        self.news.notify_one();
    }

    /// Makes changes known: to the log, and to the other nodes.
    fn tell(&self, events: &[HealthEvent]) {
        tell(events);
        if let Some(mut untold) = self.untold() {
            untold.extend(events.iter().filter_map(HealthEvent::to_tell));
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, HealthBook> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HealthBook> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, signal: &Signal) {
        let (events, busy) = {
            let mut book = self.write();
            let events = book.observe(signal);
            (events, book.next_probe(signal.at, |_| false).is_some() || book.next_turn().is_some())
        };
        self.tell(&events);
        if busy {
            self.news.notify_one();
        }
    }
}

impl Engine {
    /// How each channel, issuer and pair of them stands now.
    pub fn health(&self) -> HealthReport {
        self.inner.health.read().report(self.inner.ports.clock.now())
    }

    /// How a payment would fare on a channel now.
    pub fn outlook(&self, channel: &ChannelId, issuer: Option<&str>, direction: Direction) -> Outlook {
        self.inner.health.read().outlook(channel, issuer, direction, self.inner.ports.clock.now())
    }

    /// Takes down what a call said about health. `slice` is the one its answer was brought back to; where there was
    /// none, the issuer stays unknown.
    pub(crate) fn hear(&self, channel: &ChannelId, slice: Option<&Slice>, span: Span, heard: &Heard<'_>) {
        let Some(capability) = self.inner.book.get(channel) else { return };
        let call = call_of(capability, slice, span);
        let signal = match heard {
            Heard::Money(answer) => health::of_money(call, answer),
            Heard::Query { attempt_sent_at, answer } => {
                let policy = &self.inner.settings.health;
                health::of_query(call, *attempt_sent_at, answer, policy)
            }
            Heard::Signing(answer) => health::of_signing(call, answer),
            Heard::Notice { code } => health::of_notice(call, code),
        };
        if let Some(signal) = signal {
            self.inner.health.hear(&signal);
        }
    }

    /// Probes channels in trouble until `stop` resolves. Probes take no places of payments. With nothing in trouble
    /// this waits without a timer.
    pub(crate) async fn watch_health(&self, stop: impl Future<Output = ()> + Send + Unpin) {
        let clock = &self.inner.ports.clock;
        let mut stop = stop;
        let mut known = BTreeSet::new();
        let mut under_way: FuturesUnordered<BoxFuture<'_, Probed>> = FuturesUnordered::new();
        loop {
            let now = clock.now();
            let next = self.start_probes(now, &mut known, &mut under_way);
            let timer = async {
                match next {
                    Some(next) => clock.sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                Some(probed) = under_way.next(), if !under_way.is_empty() => {
                    known.remove(&probed.channel);
                    self.probed(&probed);
                }
                () = self.inner.health.news.notified() => {}
                () = timer => {}
            }
        }
    }

    /// Starts what is due and says when to look again.
    fn start_probes<'a>(
        &'a self,
        now: Timestamp,
        known: &mut BTreeSet<ChannelId>,
        under_way: &mut FuturesUnordered<BoxFuture<'a, Probed>>,
    ) -> Option<Timestamp> {
        let (events, due, next) = {
            let mut book = self.inner.health.write();
            let events = book.advance(now);
            let mut due = book.probes_due(now);
            let ours = |channel: &ChannelId| {
                let bucket = Bucket::of_tenant(channel.as_str());
                self.inner.tenure.holds(bucket) || book.only_suspects(channel)
            };
            due.retain(|channel| !known.contains(channel) && ours(channel));
            let others: BTreeSet<_> =
                self.inner.book.iter().map(|one| one.id.clone()).filter(|id| !ours(id)).collect();
            for channel in &due {
                book.probe_sent(channel, now);
            }
            // A probe that is under way wakes the loop itself, and must not hide when the next one of another channel is due.
            let under_way = |channel: &ChannelId| {
                known.contains(channel) || due.contains(channel) || others.contains(channel)
            };
            let next = [book.next_probe(now, under_way), book.next_turn()];
            (events, due, next.into_iter().flatten().min())
        };
        self.inner.health.tell(&events);
        for channel in due {
            known.insert(channel.clone());
            under_way.push(self.probe(channel, now).boxed());
        }
        // Never at once: what is due now has just been done.
        next.map(|next| next.max(now.plus(Duration::from_millis(1))))
    }

    async fn probe(&self, channel: ChannelId, sent_at: Timestamp) -> Probed {
        let answer = self.limited(&channel, self.inner.ports.channels.probe(&channel)).await;
        let answered = match (answer, self.inner.book.get(&channel)) {
            (Some(ProbeAnswer::Alive { code }), Some(capability)) => {
                code.is_none_or(|code| health::probe_is_good(capability, &code))
            }
            (Some(ProbeAnswer::Alive { .. }), None) | (Some(ProbeAnswer::Silent), _) | (None, _) => false,
        };
        Probed { channel, answered, sent_at }
    }

    fn probed(&self, probed: &Probed) {
        let now = self.inner.ports.clock.now();
        let events = self.inner.health.write().probed(&probed.channel, probed.answered, probed.sent_at, now);
        tracing::debug!(channel = %probed.channel, answered = probed.answered, "probed a channel in trouble");
        self.inner.health.tell(&events);
    }
}

fn call_of<'a>(capability: &'a Capability, slice: Option<&Slice>, span: Span) -> Call<'a> {
    let binding = slice.and_then(|slice| slice.binding.as_ref());
    let payment = slice.and_then(|slice| slice.payment.as_ref());
    Call {
        capability,
        issuer: binding.and_then(|binding| binding.instrument.issuer.clone()),
        direction: payment.map_or(Direction::Collect, |payment| payment.purpose.direction()),
        sent_at: span.sent_at,
        at: span.at,
    }
}

/// Changes of health, for the log. They name channels and banks, never a person.
fn tell(events: &[HealthEvent]) {
    for HealthEvent { place, change, .. } in events {
        let (scope, channel, issuer) = match place {
            Place::Channel(channel) => ("channel", channel.as_str(), ""),
            Place::Issuer(issuer) => ("issuer", "", issuer.as_str()),
            Place::Cell { channel, issuer, .. } => ("cell", channel.as_str(), issuer.as_str()),
        };
        match change {
            Change::TroubleFound { evidence } => {
                let (bad, slow, of) = (evidence.run.bad, evidence.run.slow, evidence.run.of);
                let usual_ppm = evidence.usual_ppm;
                tracing::warn!(scope, channel, issuer, bad, slow, of, usual_ppm, "trouble found");
            }
            Change::Opened { pause_ms } => {
                tracing::warn!(scope, channel, issuer, pause_ms, "no more payments go there");
            }
            Change::HalfOpened => tracing::info!(scope, channel, issuer, "a growing share goes there again"),
            Change::ShutAgain { pause_ms } => {
                tracing::warn!(scope, channel, issuer, pause_ms, "the trouble came back");
            }
            Change::Healed { since } => {
                let trouble_began = since.to_rfc3339();
                tracing::info!(scope, channel, issuer, trouble_began, "healed: all traffic goes there again");
            }
        }
    }
}
