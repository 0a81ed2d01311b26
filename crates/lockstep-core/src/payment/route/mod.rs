//! Which channels could take a payment now, best first, each with its reason and the probability with which it was
//! going to be chosen.
//!
//! ```text
//! look    every channel of every instrument that may be used: what stands against it, and how it would fare
//! rank    best first: the lender's rule, then chance (with its uncertainty), then cost, then preference
//! share   how probable each choice was: the lender's split, or the best with a little exploration
//! later   when nothing can be sent now: when to look again
//! ```

mod candidate;
mod later;
mod limit;
mod look;
mod offers;
mod policy;
mod rank;
mod share;
mod stand_in;
#[cfg(test)]
mod tests;

pub use self::candidate::{Candidate, Finding};
pub(in crate::payment) use self::limit::{counted_on, end_of};
use self::look::Seen;
pub(in crate::payment) use self::offers::signable;
pub use self::offers::{Offer, offers};
pub use self::policy::RoutePolicy;
use super::Payment;
use crate::binding::Binding;
use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::decision::{Facts, Slice};
use crate::id::{BindingId, Mint};
use crate::time::Timestamp;

/// The outcome of looking at all channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Send it here.
    Send {
        /// The channel chosen; not always the best one.
        channel: ChannelId,
        /// The stand-in instrument to debit; `None` for the payment's own.
        binding: Option<BindingId>,
        /// Whether this payment failed on it not long ago.
        failed_just_now: bool,
        /// All candidates, best first.
        ranked: Vec<Candidate>,
    },
    /// Nothing can be sent now.
    Wait {
        /// When to look again.
        until: Timestamp,
        /// What stands against the candidate that may be ready first.
        reason: Reason,
    },
    /// No channel could take it at any time.
    Nowhere {
        /// Why the best of them is out.
        reason: Reason,
    },
}

/// Looks at every channel that the slice's payment might use. The same facts give the same answer.
pub fn choose(slice: &Slice, facts: &Facts<'_>) -> Route {
    let (Some(payment), Some(binding)) = (&slice.payment, &slice.binding) else {
        return Route::Nowhere { reason: Reason::NoLiveMandate };
    };
    among(payment, look::at_all(payment, binding, &slice.stand_ins, facts), facts)
}

fn among(payment: &Payment, mut seen: Vec<Seen<'_>>, facts: &Facts<'_>) -> Route {
    rank::sort(&mut seen);
    let sent = send(payment, &mut seen, facts).or_else(|| later::last_resort(payment, &seen, facts));
    sent.unwrap_or_else(|| later::wait(&seen, facts))
}

/// Chooses among those that can take it now.
fn send(payment: &Payment, seen: &mut [Seen<'_>], facts: &Facts<'_>) -> Option<Route> {
    let policy = &facts.retry.route;
    let admission = share::admission(payment, facts);
    let chosen = share::choice(payment, seen, &share::at(admission, seen, policy), facts);
    let shares = share::overall(seen, policy);
    for one in seen.iter_mut() {
        one.turn_away(admission);
    }
    Some(sent(chosen?, seen, &shares))
}

fn sent(chosen: usize, seen: &[Seen<'_>], shares: &[u32]) -> Route {
    let one = &seen[chosen];
    let mut ranked: Vec<_> = seen.iter().zip(shares).map(|(one, share)| one.candidate(*share)).collect();
    // Those that were turned away stand behind those that could be used.
    ranked.sort_by_key(|candidate| !candidate.finding.ready());
    Route::Send {
        channel: one.channel.clone(),
        binding: one.stand_in.then_some(one.binding.id),
        failed_just_now: one.finding == Finding::FailedJustNow,
        ranked,
    }
}

/// A stream of randomness of its own: the decision's mint hands out ids and jitter from the same seed.
fn stream(payment: &Payment, facts: &Facts<'_>) -> Mint {
    let mut seed = facts.seed;
    seed[0] ^= 0x3c;
    Mint::new(payment.id.bucket(), facts.now, seed)
}

/// The channels a binding could be debited through, the lender's order first.
fn channels<'a>(payment: &'a Payment, binding: &'a Binding) -> impl Iterator<Item = &'a ChannelId> {
    let preferred = binding.preferred.iter();
    let others = binding.mandates.keys().filter(|channel| !binding.preferred.contains(channel));
    preferred
        .chain(others)
        .filter(|channel| payment.channels.is_empty() || payment.channels.contains(channel))
}
