//! How many tries again a technical trouble may cause, over all payments: a retry storm ends here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::StormPolicy;
use crate::channel::ChannelId;
use crate::decision::Slice;
use crate::id::Mint;
use crate::payment::{Attempt, Payment, excuse};
use crate::time::Timestamp;

/// Parts into which the time of counting is cut; the oldest falls out as a whole.
const PARTS: u64 = 10;

/// First attempts and tries again of the last minutes, in all and per channel. The engine keeps one.
#[derive(Debug, Clone, Default)]
pub struct RetryBudget {
    all: Counts,
    channels: BTreeMap<ChannelId, Counts>,
}

/// Counts by part of time, oldest first: number of the part, first attempts, tries again.
#[derive(Debug, Clone, Default)]
struct Counts(Vec<(i64, u32, u32)>);

impl Counts {
    fn add(&mut self, part: i64, again: bool) {
        if self.0.last().is_none_or(|(last, ..)| *last < part) {
            self.0.push((part, 0, 0));
        }
        self.0.retain(|(known, ..)| *known > part.saturating_sub(i64::try_from(PARTS).unwrap_or(i64::MAX)));
        if let Some((_, firsts, retries)) = self.0.last_mut() {
            let count = if again { retries } else { firsts };
            *count = count.saturating_add(1);
        }
    }

    fn left(&self, part: i64, policy: &StormPolicy) -> bool {
        let oldest = part.saturating_sub(i64::try_from(PARTS).unwrap_or(i64::MAX));
        let recent = self.0.iter().filter(|(known, ..)| *known > oldest);
        let (firsts, retries) = recent.fold((0_u64, 0_u64), |(firsts, retries), (_, first, again)| {
            (firsts + u64::from(*first), retries + u64::from(*again))
        });
        let share = firsts.saturating_mul(u64::from(policy.share_pct)) / 100;
        retries < share.max(u64::from(policy.free))
    }
}

fn part(now: Timestamp, policy: &StormPolicy) -> i64 {
    let length = i64::try_from(policy.over_s.saturating_mul(1000) / PARTS).unwrap_or(i64::MAX).max(1);
    now.as_millis().div_euclid(length)
}

impl RetryBudget {
    /// Whether one more try again may open now: in all, and on the channel it goes back to, if it does.
    pub fn allows(&self, back_to: Option<&ChannelId>, now: Timestamp, policy: &StormPolicy) -> bool {
        let part = part(now, policy);
        let channel = back_to.and_then(|channel| self.channels.get(channel));
        self.all.left(part, policy) && channel.is_none_or(|counts| counts.left(part, policy))
    }

    /// Learns from a change that was committed: the attempts that it opened.
    pub fn learn(&mut self, before: &Slice, after: &Slice, policy: &StormPolicy) {
        let Some(payment) = &after.payment else { return };
        let known = before.payment.as_ref().map_or(0, |payment| payment.attempts.len());
        for (index, attempt) in payment.attempts.iter().enumerate().skip(known) {
            let part = part(attempt.opened_at, policy);
            let again = is_again(&payment.attempts[..index]);
            if index == 0 || again {
                self.all.add(part, again);
            }
            let counts = self.channels.entry(attempt.channel.clone()).or_default();
            let been_here =
                payment.attempts[..index].iter().any(|earlier| earlier.channel == attempt.channel);
            if again && been_here {
                counts.add(part, true);
            } else if !been_here {
                counts.add(part, false);
            }
        }
    }
}

/// Whether the attempt after these is one that a technical trouble caused.
fn is_again(earlier: &[Attempt]) -> bool {
    earlier.last().and_then(Attempt::failure).is_some_and(|(reason, _)| excuse::technical(reason))
}

/// Whether the payment's next attempt is one that a technical trouble caused, so that the budget applies.
pub(crate) fn applies(payment: &Payment) -> bool {
    is_again(&payment.attempts)
}

/// How long a try again waits that found none left; up to as much again is added by chance, so that those who
/// wait don't come back together.
pub(crate) fn wait(policy: &StormPolicy, mint: &mut Mint) -> Duration {
    let jitter_ms = mint.below(policy.wait_s.saturating_mul(1000).max(1));
    Duration::from_secs(policy.wait_s) + Duration::from_millis(jitter_ms)
}
