//! The policies: what lenders do today, what they would install instead, ours, and one that knows the truth.

mod decision_engine;
mod hyperswitch;
mod lender;
mod lockstep;
mod oracle;
mod router;
mod signing;

use super::desk::Desk;
use super::truth::{Status, Truth};

pub(crate) use self::lockstep::Lockstep;
pub(crate) use self::oracle::logs as oracle_logs;
#[cfg(test)]
pub(crate) use self::{
    decision_engine::{DecisionEngine, Variant},
    router::Router,
};

use self::lender::{Lender, OnSilence, Plan};

/// Decides what to do with an order when something happens. What it may know is what a channel says.
pub(crate) trait Policy {
    /// An order falls due.
    fn due(&mut self, order: usize, desk: &mut Desk<'_>);
    /// The answer to an attempt, or its time-out.
    fn answered(&mut self, order: usize, attempt: usize, desk: &mut Desk<'_>);
    /// The answer to a status query.
    fn told(&mut self, order: usize, attempt: usize, status: Status, desk: &mut Desk<'_>);
    /// A timer of its own.
    fn timer(&mut self, order: usize, tag: u64, desk: &mut Desk<'_>);
    /// A timer that belongs to no order.
    fn clock(&mut self, _tag: u64, _desk: &mut Desk<'_>) {}
    /// Whether it judges channels at all, so that its alarms can be true or false.
    fn judges_channels(&self) -> bool {
        false
    }
    /// Whether it thinks that a channel is in trouble.
    fn suspects(&self, _channel: usize, _now: i64) -> bool {
        false
    }
    /// How an order that was not collected ended, in a few words.
    fn ending(&self, order: usize) -> String;
}

/// The name of our own policy.
pub const OURS: &str = "lockstep";
/// The name of the policy that knows the truth.
pub const ORACLE: &str = "oracle";

/// All policies: name and what it does.
pub const ALL: [(&str, &str); 10] = [
    ("single", "one attempt on the first channel: what many lenders have today"),
    ("daily_blind", "the same card again every day at the same hour, whatever the cause"),
    ("cascade_on_timeout", "the next channel at once, also after a time-out; every day again"),
    ("failover_daily", "the next channel at once unless there are no funds; every day again"),
    ("de_compose", "Juspay decision-engine, no flags: greedy; with the lender's failover and daily retry"),
    ("de_oneclick", "the same with 5 % hedging and a window of 125"),
    ("de_full", "the same with hedging, reset, elimination with start pings, GSM filter and autopilot"),
    (
        "hyperswitch",
        "the older Hyperswitch model: blocks of 5, 20 % exploration; with failover and daily retry",
    ),
    (OURS, "ours: the production rules"),
    (ORACLE, "knows the truth: one attempt, at the first channel and moment that works"),
];

/// Attempts that reach a channel, at most: the same for all.
pub(crate) const MAX_ATTEMPTS: usize = 8;

/// The prototype's cascade: five days, any number of attempts. Only to check the world's calibration.
pub(crate) const PROTOTYPE_CASCADE: &str = "prototype_cascade";

/// A policy by its name; `None` for the oracle, which is no policy but a look at the truth.
pub(crate) fn make<'w>(name: &str, truth: &'w Truth<'w>) -> Option<Box<dyn Policy + 'w>> {
    use decision_engine::{DecisionEngine, Variant};
    let channels = truth.world.channels.len();
    let lender = |plan: Plan, router: Box<dyn router::Router>| -> Option<Box<dyn Policy + 'w>> {
        Some(Box::new(Lender::new(truth.orders.len(), plan, router)))
    };
    let daily = Plan { failover: true, daily: true, on_silence: OnSilence::Wait, max_attempts: MAX_ATTEMPTS };
    let engine = |variant: Variant| Box::new(DecisionEngine::new(channels, variant));
    match name {
        "single" => lender(
            Plan { failover: false, daily: false, max_attempts: 1, ..daily },
            Box::new(router::InOrder),
        ),
        "daily_blind" => lender(Plan { failover: false, ..daily }, Box::new(router::InOrder)),
        "cascade_on_timeout" => {
            lender(Plan { on_silence: OnSilence::Cascade, ..daily }, Box::new(router::InOrder))
        }
        "failover_daily" => lender(daily, Box::new(router::InOrder)),
        PROTOTYPE_CASCADE => lender(Plan { max_attempts: usize::MAX, ..daily }, Box::new(router::InOrder)),
        "de_compose" => lender(daily, engine(Variant::COMPOSE)),
        "de_oneclick" => lender(daily, engine(Variant::ONECLICK)),
        "de_full" => lender(daily, engine(Variant::FULL)),
        "hyperswitch" => lender(daily, Box::new(hyperswitch::Hyperswitch::new(channels))),
        OURS => Some(Box::new(Lockstep::new(truth))),
        _ => None,
    }
}
