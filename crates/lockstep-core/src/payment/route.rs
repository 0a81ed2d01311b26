//! Which channels could take a payment now, best first, each with its reason.

use serde::{Deserialize, Serialize};

use super::{Payment, plan};
use crate::binding::Binding;
use crate::catalogue::Reason;
use crate::channel::{Capability, ChannelId, Direction};
use crate::decision::Facts;
use crate::time::Timestamp;

/// How long a channel on which a payment failed stands behind the others for the same payment.
const SHUN: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// A channel that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The channel.
    pub channel: ChannelId,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What was found about a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Ready to take the payment.
    Ready,
    /// Ready, but this payment failed on it not long ago for a reason that another channel may not share.
    FailedJustNow,
    /// Closed now.
    Closed {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The amount is outside what it moves in one payment.
    AmountOutOfRange,
    /// The borrower's mandate doesn't cover the payment.
    OutsideMandate {
        /// Why.
        reason: Reason,
    },
    /// No mandate holds on it.
    NoMandate,
    /// It doesn't move money this way, or is not configured.
    Unable,
}

impl Finding {
    fn ready(self) -> bool {
        matches!(self, Self::Ready | Self::FailedJustNow)
    }

    /// The reason to give when this is the best there is.
    fn reason(self) -> Reason {
        match self {
            Self::Ready | Self::FailedJustNow => Reason::ChannelUnavailable,
            Self::Closed { .. } => Reason::OutsideHours,
            Self::AmountOutOfRange => Reason::SingleLimitExceeded,
            Self::OutsideMandate { reason } => reason,
            Self::NoMandate | Self::Unable => Reason::NoLiveMandate,
        }
    }
}

/// The outcome of looking at all channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Send it here.
    Send {
        /// The best channel.
        channel: ChannelId,
        /// All candidates, best first.
        ranked: Vec<Candidate>,
    },
    /// Nothing is open now.
    Wait {
        /// When the first one opens.
        until: Timestamp,
    },
    /// No channel could take it at any time.
    Nowhere {
        /// Why the best of them is out.
        reason: Reason,
    },
}

/// Looks at every channel the payment might use.
pub fn choose(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Route {
    let ranked = rank(payment, binding, facts);
    let Some(best) = ranked.first().cloned() else {
        return Route::Nowhere { reason: Reason::NoLiveMandate };
    };
    if best.finding.ready() {
        return Route::Send { channel: best.channel, ranked };
    }
    let opening = ranked.iter().filter_map(|candidate| match candidate.finding {
        Finding::Closed { opens_at } => Some(opens_at),
        _ => None,
    });
    match opening.min() {
        Some(until) => Route::Wait { until },
        None => Route::Nowhere { reason: best.finding.reason() },
    }
}

fn rank(payment: &Payment, binding: &Binding, facts: &Facts<'_>) -> Vec<Candidate> {
    let mut ranked: Vec<_> = channels(payment, binding)
        .map(|channel| Candidate {
            finding: look(payment, binding, channel, facts),
            channel: channel.clone(),
        })
        .collect();
    // Stable: within one finding the lender's order of preference holds.
    ranked.sort_by_key(|candidate| candidate.finding);
    ranked
}

fn channels<'a>(payment: &'a Payment, binding: &'a Binding) -> impl Iterator<Item = &'a ChannelId> {
    let preferred = binding.preferred.iter();
    let others = binding.mandates.keys().filter(|channel| !binding.preferred.contains(channel));
    preferred
        .chain(others)
        .filter(|channel| payment.channels.is_empty() || payment.channels.contains(channel))
}

fn look(payment: &Payment, binding: &Binding, channel: &ChannelId, facts: &Facts<'_>) -> Finding {
    let Some(capability) = facts.channels.get(channel) else {
        return Finding::Unable;
    };
    let direction = payment.purpose.direction();
    let Some(limits) = capability.limits(direction) else {
        return Finding::Unable;
    };
    if direction == Direction::Collect {
        let mandate = binding.mandates.get(channel).filter(|mandate| mandate.agreement_no().is_some());
        let Some(mandate) = mandate else {
            return Finding::NoMandate;
        };
        if let Some(reason) = mandate.terms.forbid(payment.money, facts.now) {
            return Finding::OutsideMandate { reason };
        }
    }
    if !limits.allow(payment.money) {
        return Finding::AmountOutOfRange;
    }
    if !capability.hours.open_at(facts.now) {
        return Finding::Closed { opens_at: capability.hours.next_open(facts.now) };
    }
    if failed_just_now(payment, capability, facts) { Finding::FailedJustNow } else { Finding::Ready }
}

fn failed_just_now(payment: &Payment, capability: &Capability, facts: &Facts<'_>) -> bool {
    let on_channel = payment.attempts.iter().filter(|attempt| attempt.channel == capability.id);
    on_channel.filter_map(super::Attempt::failure).any(|(reason, at)| {
        let says_about_channel = reason.entry().says_about_channel;
        (says_about_channel || plan::may_work_elsewhere(reason)) && facts.now < at.plus(SHUN)
    })
}
