//! Where policies work: they send, ask and set timers here; answers come back in virtual time. The desk keeps the log
//! from which everything is measured.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::draw::{For, Stream};
use super::policy::Policy;
use super::truth::{Cause, Outcome, Said, Status, Truth};
use super::world::StatusCap;
use super::{DAY_MS, world::World};

/// Time until the answer to a status query.
pub(crate) const QUERY_MS: i64 = 500;

/// One attempt as it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) at: i64,
    pub(crate) channel: u8,
    pub(crate) amount_minor: i64,
    pub(crate) outcome: Outcome,
}

impl Sent {
    /// Whether it reached the channel, or may have.
    pub(crate) fn reached(&self) -> bool {
        self.outcome.said != Said::Unreached
    }
}

/// What happened to one order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) sent: Vec<Sent>,
    /// Money the banks moved.
    pub(crate) moved_minor: i64,
    /// When all that was owed had been moved.
    pub(crate) collected_at: Option<i64>,
}

/// Status queries on one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) queries: u64,
    /// Most queries about one payment within the cap's window.
    pub(crate) most_in_window: u64,
    /// Shortest time from sending, or the query before, to a query.
    pub(crate) shortest_gap_ms: Option<i64>,
    /// Queries above the cap.
    pub(crate) over_cap: u64,
}

/// An alarm of a policy about a channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suspicion {
    pub(crate) channel: usize,
    pub(crate) at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Due,
    Answer(u16),
    Told(u16, StatusWord),
    Timer(u64),
    Clock(u64),
}

/// [`Status`] with an order, for the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StatusWord {
    Processing,
    Paid,
    NotExecuted,
    Nothing,
}

/// The place where one policy works through one truth.
pub(crate) struct Desk<'w> {
    pub(crate) truth: &'w Truth<'w>,
    pub(crate) now: i64,
    pub(crate) logs: Vec<Log>,
    /// Every send in order: moment, channel.
    pub(crate) sends: Vec<(i64, u8)>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) suspicions: Vec<Suspicion>,
    /// Draws for the policy's own choices.
    pub(crate) choice: Stream,
    queue: BinaryHeap<Reverse<(i64, u64, u32, What)>>,
    turn: u64,
    queries: BTreeMap<(u32, u16), Vec<i64>>,
    suspected: Vec<bool>,
    load: Vec<(f64, i64)>,
}

impl<'w> Desk<'w> {
    pub(crate) fn new(truth: &'w Truth<'w>, policy_number: u64) -> Self {
        let channels = truth.world.channels.len();
        let mut desk = Self {
            truth,
            now: truth.start,
            logs: vec![Log::default(); truth.orders.len()],
            sends: Vec::with_capacity(truth.orders.len() * 2),
            asked: vec![Asked::default(); channels],
            suspicions: Vec::new(),
            choice: Stream::new(truth.seed, For::Choice, &[policy_number]),
            queue: BinaryHeap::new(),
            turn: 0,
            queries: BTreeMap::new(),
            suspected: vec![false; channels],
            load: vec![(0.0, truth.start); channels],
        };
        for (order, latent) in truth.orders.iter().enumerate() {
            desk.push(latent.due, order, What::Due);
        }
        desk
    }

    pub(crate) fn world(&self) -> &'w World {
        self.truth.world
    }

    /// Works through everything that happens.
    pub(crate) fn run(&mut self, policy: &mut dyn Policy, progress: &dyn Fn(u64)) {
        while let Some(Reverse((at, _, order, what))) = self.queue.pop() {
            // Nothing is known about the world after its end.
            if at >= self.truth.end {
                return;
            }
            self.now = at;
            let order = order as usize;
            match what {
                What::Due => {
                    progress(1);
                    policy.due(order, self);
                }
                What::Timer(tag) => policy.timer(order, tag, self),
                What::Clock(tag) => policy.clock(tag, self),
                What::Answer(attempt) => {
                    policy.answered(order, usize::from(attempt), self);
                    let channel = usize::from(self.logs[order].sent[usize::from(attempt)].channel);
                    self.watch(policy, channel);
                }
                What::Told(attempt, word) => {
                    policy.told(order, usize::from(attempt), word.status(), self);
                }
            }
        }
    }

    /// Sends an attempt; its answer comes later. Returns its number, from 0.
    pub(crate) fn send(&mut self, order: usize, channel: usize, amount_minor: i64) -> usize {
        let loaded = self.loaded(channel);
        let mut outcome = self.truth.attempt(order, channel, self.now, amount_minor, loaded);
        if self.capped(order, channel) && outcome.said != Said::Unreached {
            outcome.said = Said::TooMany;
            outcome.cause = Cause::TooMany;
            outcome.paid = false;
        }
        let log = &mut self.logs[order];
        log.sent.push(Sent { at: self.now, channel: channel as u8, amount_minor, outcome });
        if outcome.paid {
            log.moved_minor += amount_minor;
            if log.collected_at.is_none() && log.moved_minor >= self.truth.orders[order].amount_minor {
                log.collected_at = Some(self.now);
            }
        }
        let attempt = log.sent.len() - 1;
        self.sends.push((self.now, channel as u8));
        self.push(outcome.answers_at, order, What::Answer(attempt as u16));
        attempt
    }

    /// Asks what became of an attempt; the answer comes later.
    pub(crate) fn ask(&mut self, order: usize, attempt: usize) {
        let sent = self.logs[order].sent[attempt];
        let channel = usize::from(sent.channel);
        let status = if self.now < sent.outcome.answers_at.min(sent.outcome.resolves_at) {
            Status::Processing
        } else {
            self.truth.status(order, channel, &sent.outcome, self.now)
        };
        let over = self.meter(order, attempt, sent.at, channel);
        if over {
            let load = self.load_of(channel) + self.world().given.storm.load_per_query;
            self.load[channel] = (load, self.now);
        }
        self.push(self.now + QUERY_MS, order, What::Told(attempt as u16, StatusWord::of(status)));
    }

    /// Sets a timer.
    pub(crate) fn wake(&mut self, order: usize, at: i64, tag: u64) {
        self.push(at.max(self.now), order, What::Timer(tag));
    }

    /// Sets a timer that belongs to no order.
    pub(crate) fn wake_policy(&mut self, at: i64, tag: u64) {
        self.push(at.max(self.now), 0, What::Clock(tag));
    }

    /// Attempts of an order that reached a channel.
    pub(crate) fn reached(&self, order: usize) -> usize {
        self.logs[order].sent.iter().filter(|sent| sent.reached()).count()
    }

    fn push(&mut self, at: i64, order: usize, what: What) {
        self.turn += 1;
        self.queue.push(Reverse((at, self.turn, order as u32, what)));
    }

    /// Whether the scheme's own cap is used up for this order.
    fn capped(&self, order: usize, channel: usize) -> bool {
        let world = self.world();
        let instrument = world.channels[channel].instrument;
        let Some(cap) = &world.instruments[instrument].given.retry_cap else {
            return false;
        };
        let since = self.now - (cap.days * DAY_MS as f64) as i64;
        let same = |sent: &&Sent| {
            sent.reached()
                && sent.at > since
                && world.channels[usize::from(sent.channel)].instrument == instrument
        };
        self.logs[order].sent.iter().filter(same).count() >= cap.attempts as usize
    }

    /// Counts a query; says whether it is above the channel's cap.
    fn meter(&mut self, order: usize, attempt: usize, sent_at: i64, channel: usize) -> bool {
        let cap: &StatusCap = &self.truth.world.channels[channel].given.status_cap;
        let times = self.queries.entry((order as u32, attempt as u16)).or_default();
        let gap = self.now - times.last().copied().unwrap_or(sent_at);
        times.push(self.now);
        let window = self.now - i64::from(cap.window_s) * 1000;
        let in_window = times.iter().filter(|at| **at > window).count() as u64;
        let over = in_window > u64::from(cap.per_window) || gap < i64::from(cap.min_gap_s) * 1000;
        let asked = &mut self.asked[channel];
        asked.queries += 1;
        asked.most_in_window = asked.most_in_window.max(in_window);
        asked.shortest_gap_ms = Some(asked.shortest_gap_ms.map_or(gap, |least| least.min(gap)));
        asked.over_cap += u64::from(over);
        over
    }

    fn load_of(&self, channel: usize) -> f64 {
        let (load, since) = self.load[channel];
        let half_lives = (self.now - since) as f64 / (self.world().given.storm.half_life_minutes * 60_000.0);
        load * 0.5_f64.powf(half_lives)
    }

    /// What the load of too many queries leaves of a channel's success.
    fn loaded(&self, channel: usize) -> f64 {
        let load = self.load_of(channel);
        let limit = self.world().given.storm.overload_at;
        if load <= limit { 1.0 } else { limit / load }
    }

    /// Notes when a policy begins to think that a channel is in trouble.
    fn watch(&mut self, policy: &dyn Policy, channel: usize) {
        let suspects = policy.suspects(channel, self.now);
        if suspects && !self.suspected[channel] {
            self.suspicions.push(Suspicion { channel, at: self.now });
        }
        self.suspected[channel] = suspects;
    }
}

impl StatusWord {
    fn of(status: Status) -> Self {
        match status {
            Status::Processing => Self::Processing,
            Status::Paid => Self::Paid,
            Status::NotExecuted => Self::NotExecuted,
            Status::Nothing => Self::Nothing,
        }
    }

    fn status(self) -> Status {
        match self {
            Self::Processing => Status::Processing,
            Self::Paid => Status::Paid,
            Self::NotExecuted => Status::NotExecuted,
            Self::Nothing => Status::Nothing,
        }
    }
}
