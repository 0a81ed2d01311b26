//! A lender's own collection loop, around any router: rounds of attempts, day after day.

use super::super::desk::Desk;
use super::super::truth::{Said, Status};
use super::super::{DAY_MS, HOUR_MS};
use super::Policy;
use super::router::Router;

/// From the due moment to the last moment of an attempt.
const WINDOW_MS: i64 = 10 * DAY_MS;
/// When an orchestrator counts an unanswered payment as failed (decision-engine: 300 s).
const PENDING_MS: i64 = 300_000;
/// Timer tags.
const ROUND: u64 = 0;
const POLL: u64 = 1 << 16;
const PENDING: u64 = 1 << 17;

/// What the lender does when no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnSilence {
    /// Polls the status until it is known.
    Wait,
    /// Takes it for a failure.
    Cascade,
}

/// The lender's plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The next channel at once after a failure that it might not share.
    pub(super) failover: bool,
    /// Again every day: with failover at the lender's hour for retries, without at the hour of the first attempt.
    pub(super) daily: bool,
    pub(super) on_silence: OnSilence,
    /// Attempts that reach a channel.
    pub(super) max_attempts: usize,
}

/// Where one order stands.
#[derive(Debug, Clone, Default)]
struct State {
    /// Bit set of channels tried in this round.
    tried: u32,
    /// Bit set of channels whose binding doesn't hold.
    gone: u32,
    /// The attempt whose outcome is awaited.
    waiting: Option<usize>,
    polls: u32,
    done: bool,
    ending: &'static str,
}

/// A lender's collection loop.
pub(super) struct Lender {
    plan: Plan,
    router: Box<dyn Router>,
    states: Vec<State>,
}

impl Lender {
    pub(super) fn new(orders: usize, plan: Plan, router: Box<dyn Router>) -> Self {
        Self { plan, router, states: vec![State::default(); orders] }
    }

    fn next(&mut self, order: usize, desk: &mut Desk<'_>) {
        let state = &self.states[order];
        if desk.reached(order) >= self.plan.max_attempts {
            return self.stop(order, "attempts used up");
        }
        let all = if self.plan.failover { desk.world().channels.len() } else { 1 };
        let usable = |channel: &usize| {
            let bit = 1 << channel;
            (state.tried | state.gone) & bit == 0 && desk.truth.open(*channel, desk.now)
        };
        let candidates: Vec<usize> = (0..all).filter(usable).collect();
        if candidates.is_empty() {
            return self.end_round(order, desk);
        }
        let channel = self.router.choose(&candidates, desk.now, &mut desk.choice);
        self.router.started(channel, desk.now);
        let amount_minor = desk.truth.orders[order].amount_minor;
        let attempt = desk.send(order, channel, amount_minor);
        let state = &mut self.states[order];
        state.tried |= 1 << channel;
        state.waiting = Some(attempt);
        state.polls = 0;
    }

    fn end_round(&mut self, order: usize, desk: &mut Desk<'_>) {
        self.states[order].tried = 0;
        self.states[order].waiting = None;
        if !self.plan.daily {
            return self.stop(order, "one round only");
        }
        let due = desk.truth.orders[order].due;
        let next = self.next_round(due, desk);
        if next >= due + WINDOW_MS {
            return self.stop(order, "window over");
        }
        desk.wake(order, next, ROUND);
    }

    /// The next day, at the hour of the first attempt or at the lender's hour for retries.
    fn next_round(&self, due: i64, desk: &Desk<'_>) -> i64 {
        let start = desk.truth.start;
        let day = start + ((desk.now - start) / DAY_MS + 1) * DAY_MS;
        let time_of_day = (due - start) % DAY_MS;
        let given = &desk.world().given;
        let later = ((given.lender.retry_hour - given.arrivals.due_hour) * HOUR_MS as f64) as i64;
        // The batch is spread as it was on the due day.
        day + if self.plan.failover { (time_of_day + later).clamp(0, DAY_MS - 1) } else { time_of_day }
    }

    fn stop(&mut self, order: usize, ending: &'static str) {
        self.states[order].done = true;
        self.states[order].ending = ending;
    }

    /// A final answer: from the channel itself or through a status query.
    fn settle(&mut self, order: usize, attempt: usize, said: Said, desk: &mut Desk<'_>) {
        let sent = desk.logs[order].sent[attempt];
        let channel = usize::from(sent.channel);
        self.router.finished(channel, said, sent.at, desk.now);
        self.states[order].waiting = None;
        match said {
            Said::Success => return self.stop(order, "collected"),
            // A lender that retries blindly doesn't read the cause.
            Said::AccountClosed if self.plan.failover => return self.stop(order, "account closed"),
            Said::Stale if self.plan.failover => self.gone(order, channel, desk),
            // Another channel would meet the same empty account.
            Said::NoFunds => return self.end_round(order, desk),
            Said::AccountClosed
            | Said::Stale
            | Said::DoNotHonour
            | Said::Limit
            | Said::Technical
            | Said::Closed
            | Said::TooMany
            | Said::Unreached
            | Said::Nothing => {}
        }
        if self.plan.failover { self.next(order, desk) } else { self.end_round(order, desk) }
    }

    /// The binding doesn't hold: nor does it on channels that debit the same instrument.
    fn gone(&mut self, order: usize, channel: usize, desk: &Desk<'_>) {
        let world = desk.world();
        let instrument = world.channels[channel].instrument;
        for (other, known) in world.channels.iter().enumerate() {
            if known.instrument == instrument {
                self.states[order].gone |= 1 << other;
            }
        }
    }

    /// Pauses between status queries: every half minute, then every five minutes, then every hour. What a PSP does that
    /// reads no caps (assumption).
    fn poll_later(&mut self, order: usize, attempt: usize, desk: &mut Desk<'_>) {
        let state = &mut self.states[order];
        state.polls += 1;
        let pause = match state.polls {
            0..=20 => 30_000,
            21..=45 => 300_000,
            _ => 3_600_000,
        };
        desk.wake(order, desk.now + pause, POLL | attempt as u64);
    }
}

impl Policy for Lender {
    fn due(&mut self, order: usize, desk: &mut Desk<'_>) {
        self.next(order, desk);
    }

    fn answered(&mut self, order: usize, attempt: usize, desk: &mut Desk<'_>) {
        let sent = desk.logs[order].sent[attempt];
        if sent.outcome.said != Said::Nothing {
            return self.settle(order, attempt, sent.outcome.said, desk);
        }
        match self.plan.on_silence {
            OnSilence::Cascade => self.settle(order, attempt, Said::Nothing, desk),
            OnSilence::Wait => {
                desk.wake(order, sent.at + PENDING_MS, PENDING | attempt as u64);
                self.poll_later(order, attempt, desk);
            }
        }
    }

    fn told(&mut self, order: usize, attempt: usize, status: Status, desk: &mut Desk<'_>) {
        if self.states[order].waiting != Some(attempt) {
            return;
        }
        match status {
            Status::Paid => self.settle(order, attempt, Said::Success, desk),
            Status::NotExecuted => self.settle(order, attempt, Said::Technical, desk),
            Status::Processing | Status::Nothing => self.poll_later(order, attempt, desk),
        }
    }

    fn timer(&mut self, order: usize, tag: u64, desk: &mut Desk<'_>) {
        let attempt = (tag & 0xffff) as usize;
        let waits = self.states[order].waiting == Some(attempt);
        if tag == ROUND {
            if self.states[order].waiting.is_none() && !self.states[order].done {
                self.next(order, desk);
            }
        } else if tag & POLL != 0 && waits {
            desk.ask(order, attempt);
        } else if tag & PENDING != 0 && waits {
            let channel = usize::from(desk.logs[order].sent[attempt].channel);
            self.router.pending(channel, desk.now);
        }
    }

    fn judges_channels(&self) -> bool {
        self.router.judges_channels()
    }

    fn suspects(&self, channel: usize, _now: i64) -> bool {
        self.router.suspects(channel)
    }

    fn ending(&self, order: usize) -> String {
        let state = &self.states[order];
        let words = if state.done { state.ending } else { "outcome unknown to the end" };
        words.to_owned()
    }
}
