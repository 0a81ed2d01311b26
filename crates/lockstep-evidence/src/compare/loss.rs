//! Where a policy loses against the oracle: orders that could have been collected, by how they ended, what was really in
//! the way, and the nearest move that would have brought the money.

use std::collections::BTreeMap;

use serde::Serialize;

use super::desk::{Log, Sent};
use super::policy::{Policy, oracle_logs};
use super::truth::{Cause, Said, Truth};
use super::{DAY_MS, HOUR_MS, measure};

/// Orders lost in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LossRow {
    /// How the policy ended them.
    pub ending: String,
    /// What was really in the way of the last attempt.
    pub cause: String,
    /// The nearest move that would have collected them.
    pub rescue: String,
    /// How many, over all seeds.
    pub orders: u64,
    /// Attempts used on them, on average.
    pub attempts: f64,
}

/// Losses by (ending, cause, rescue): orders and attempts.
pub(crate) type Losses = BTreeMap<(String, &'static str, &'static str), (u64, u64)>;

/// Every order that the oracle collects and the policy doesn't.
pub(crate) fn losses(truth: &Truth<'_>, logs: &[Log], policy: &dyn Policy) -> Losses {
    let mut losses = Losses::new();
    let best = oracle_logs(truth);
    for order in 0..truth.orders.len() {
        let possible = best[order].collected_at.is_some();
        if !possible || measure::collected(truth, logs, order, 10 * DAY_MS) {
            continue;
        }
        let log = &logs[order];
        let cause = log.sent.last().map_or("never tried", |sent| name(sent));
        let key = (policy.ending(order), cause, rescue(truth, order, log));
        let (orders, attempts) = losses.entry(key).or_default();
        *orders += 1;
        *attempts += log.sent.iter().filter(|sent| sent.reached()).count() as u64;
    }
    losses
}

/// As rows, the largest first.
pub(crate) fn rows(losses: Losses) -> Vec<LossRow> {
    let mut rows: Vec<_> = losses
        .into_iter()
        .map(|((ending, cause, rescue), (orders, attempts))| LossRow {
            ending,
            cause: cause.to_owned(),
            rescue: rescue.to_owned(),
            orders,
            attempts: attempts as f64 / orders as f64,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.orders));
    rows
}

fn name(sent: &Sent) -> &'static str {
    match sent.outcome.cause {
        Cause::Paid if sent.outcome.said == Said::Nothing => "executed, answer lost",
        Cause::Paid => "paid, but too late or in too many attempts",
        Cause::NoFunds if sent.outcome.said == Said::DoNotHonour => "no funds, told as do-not-honour",
        Cause::NoFunds => "no funds",
        Cause::SoftDecline => "soft decline of the issuer",
        Cause::Limit => "limit",
        Cause::Stale => "stale binding",
        Cause::AccountClosed => "account closed",
        Cause::Technical => "technical failure",
        Cause::ChannelOutage => "outage of the channel",
        Cause::IssuerOutage => "outage of the issuer",
        Cause::Drift => "drift of the channel",
        Cause::Overload => "channel overloaded by queries",
        Cause::Closed => "channel closed",
        Cause::TooMany => "scheme cap",
    }
}

/// The nearest move that would have brought the money.
fn rescue(truth: &Truth<'_>, order: usize, log: &Log) -> &'static str {
    let latent = &truth.orders[order];
    let end = latent.due + 10 * DAY_MS;
    let pays = |at: i64| {
        (latent.due..end).contains(&at)
            && (0..truth.world.channels.len())
                .any(|channel| truth.attempt(order, channel, at, latent.amount_minor, 1.0).paid)
    };
    if log.sent.iter().any(|sent| pays(sent.at)) {
        return "another channel, when it tried";
    }
    let midnight = |at: i64| at - (at - truth.start).rem_euclid(DAY_MS);
    let tried_days: Vec<i64> = log.sent.iter().map(|sent| midnight(sent.at)).collect();
    let hours = |day: i64| (0..24).map(move |hour| day + hour * HOUR_MS + HOUR_MS / 2);
    if tried_days.iter().any(|day| hours(*day).any(pays)) {
        return "another hour of a day it tried";
    }
    let longest =
        latent.funds.iter().map(|(from, until)| until.min(&end) - from.max(&latent.due)).max().unwrap_or(0);
    match longest {
        0..DAY_MS => "another day; money was there for less than a day",
        DAY_MS..=172_800_000 => "another day; money was there for one or two days",
        _ => "another day; money was there for more than two days",
    }
}
