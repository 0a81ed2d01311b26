//! Looking at one channel: what stands against it, and how a payment would fare on it.

use super::super::{Payment, plan};
use super::{Candidate, Finding, channels, limit, stand_in};
use crate::binding::Binding;
use crate::catalogue::Scheme;
use crate::channel::{Capability, ChannelId, Direction};
use crate::decision::Facts;
use crate::health::{Gate, Outlook};
use crate::routing::{Occasion, Rule};
use crate::time::Timestamp;

/// All of the payments, in millionths.
pub(super) const WHOLE_PPM: u32 = 1_000_000;

/// A channel of one instrument, as it was looked at.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    /// The instrument.
    pub(super) binding: &'a Binding,
    /// Whether it stands in for the payment's own.
    pub(super) stand_in: bool,
    /// Its place among the instruments: all of one place are used before any of the next.
    pub(super) tier: u8,
    /// The channel.
    pub(super) channel: &'a ChannelId,
    /// The lender's rule for this instrument, if one matches.
    pub(super) rule: Option<&'a Rule>,
    /// What was found; for a half-open channel, as if this attempt were let through.
    pub(super) finding: Finding,
    /// How it would fare; `None` where something else stands against it.
    pub(super) outlook: Option<Outlook>,
    /// Price of a success in 1/1000 of a minor unit.
    pub(super) cost_milli_minor: u64,
    /// It is let through while the attempt's draw is below this, in millionths.
    pub(super) admits_ppm: u32,
    /// When it may be ready, if it isn't now.
    pub(super) ready_at: Option<Timestamp>,
    /// Since when its breaker has been where it is, if that isn't closed: how long to wait is measured by it.
    pub(super) gated_since: Option<Timestamp>,
}

impl Seen<'_> {
    pub(super) fn chance_ppm(&self) -> u32 {
        self.outlook.map_or(0, |outlook| outlook.chance_ppm)
    }

    pub(super) fn spread_ppm(&self) -> u32 {
        self.outlook.map_or(0, |outlook| outlook.spread_ppm)
    }

    /// Takes in how one that could be sent would fare.
    pub(super) fn fare(&mut self, outlook: Outlook, now: Timestamp) {
        self.outlook = Some(outlook);
        match outlook.gate {
            Gate::Open => self.admits_ppm = WHOLE_PPM,
            Gate::Ramp { share_ppm, since } => {
                self.gated_since = Some(since);
                self.admits_ppm = share_ppm.min(WHOLE_PPM);
                self.ready_at = Some(now);
            }
            Gate::Shut { scope, since } => {
                self.gated_since = Some(since);
                self.finding = Finding::BreakerOpen { scope, since };
                self.ready_at = Some(now);
            }
        }
    }

    /// Marks a half-open channel that doesn't let this attempt through.
    pub(super) fn turn_away(&mut self, admission: u32) {
        if self.finding.ready() && admission >= self.admits_ppm {
            self.finding = Finding::Ramping { share_ppm: self.admits_ppm };
        }
    }

    /// As it is stored.
    pub(super) fn candidate(&self, share_ppm: u32) -> Candidate {
        Candidate {
            channel: self.channel.clone(),
            binding: self.stand_in.then_some(self.binding.id),
            finding: self.finding.clone(),
            chance_ppm: self.chance_ppm(),
            spread_ppm: self.spread_ppm(),
            cost_milli_minor: self.cost_milli_minor,
            share_ppm,
        }
    }
}

/// Looks at every channel of the payment's instrument and of those that may stand in for it, each in the lender's
/// order of preference.
pub(super) fn at_all<'a>(
    payment: &'a Payment,
    binding: &'a Binding,
    stand_ins: &'a [Binding],
    facts: &Facts<'a>,
) -> Vec<Seen<'a>> {
    let spent = stand_in::spent(payment, None, facts).is_some();
    let tier = if spent { stand_in::AFTER } else { stand_in::BEFORE };
    let mut seen: Vec<_> = at_instrument(payment, binding, false, tier, facts).collect();
    for other in stand_ins.iter().filter(|other| stand_in::allowed(payment, binding, other)) {
        seen.extend(at_instrument(payment, other, true, stand_in::INSTEAD, facts));
    }
    seen
}

/// What a lender's rule may look at.
pub(super) fn occasion<'a>(payment: &Payment, binding: &'a Binding, facts: &Facts<'_>) -> Occasion<'a> {
    Occasion {
        binding,
        money: payment.money,
        direction: payment.purpose.direction(),
        minute: facts.now.minute_of_day(&facts.retry.zone),
    }
}

fn at_instrument<'a>(
    payment: &'a Payment,
    binding: &'a Binding,
    stand_in: bool,
    tier: u8,
    facts: &Facts<'a>,
) -> impl Iterator<Item = Seen<'a>> {
    let rule = facts.rules.first_match(occasion(payment, binding, facts));
    channels(payment, binding).map(move |channel| {
        let capability = facts.channels.get(channel);
        let mut seen = Seen {
            binding,
            stand_in,
            tier,
            channel,
            rule,
            finding: Finding::Unable,
            outlook: None,
            cost_milli_minor: capability.map_or(0, |capability| capability.cost_milli_minor),
            admits_ppm: 0,
            ready_at: None,
            gated_since: None,
        };
        if let Some(capability) = capability {
            judge(&mut seen, payment, capability, facts);
        }
        seen
    })
}

fn judge(seen: &mut Seen<'_>, payment: &Payment, capability: &Capability, facts: &Facts<'_>) {
    if let Some((finding, ready_at)) = obstacle(seen, payment, capability, facts) {
        (seen.finding, seen.ready_at) = (finding, ready_at);
        return;
    }
    let issuer = seen.binding.instrument.issuer.as_deref();
    let outlook = facts.health.outlook(seen.channel, issuer, payment.purpose.direction(), facts.now);
    seen.finding = memory(payment, seen, capability.scheme, facts);
    seen.fare(outlook, facts.now);
}

/// What stands against a channel whatever its health, and when it no longer does.
fn obstacle(
    seen: &Seen<'_>,
    payment: &Payment,
    capability: &Capability,
    facts: &Facts<'_>,
) -> Option<(Finding, Option<Timestamp>)> {
    let direction = payment.purpose.direction();
    let for_good = |finding| Some((finding, None));
    let Some(limits) = capability.limits(direction) else {
        return for_good(Finding::Unable);
    };
    if direction == Direction::Collect {
        let mandate = seen.binding.mandates.get(seen.channel);
        let Some(mandate) = mandate.filter(|mandate| mandate.agreement_no().is_some()) else {
            return for_good(Finding::NoMandate);
        };
        if let Some(reason) = mandate.terms.forbid(payment.money, facts.now) {
            return for_good(Finding::OutsideMandate { reason });
        }
    }
    if let Some(found) = stand_in::obstacle(payment, seen.binding, seen.stand_in, facts) {
        return Some(found);
    }
    if let Some(rule) = seen.rule.filter(|rule| rule.excludes(seen.channel)) {
        return for_good(Finding::ExcludedByRule { rule: rule.name.clone() });
    }
    if !limits.allow(payment.money) {
        return for_good(Finding::AmountOutOfRange);
    }
    if direction == Direction::Collect
        && let Some(limit) = limit::obstacle(payment, seen.binding, capability, facts)
    {
        return Some(limit);
    }
    if !capability.hours.open_at(facts.now) {
        let opens_at = capability.hours.next_open(facts.now);
        return Some((Finding::Closed { opens_at }, Some(opens_at)));
    }
    None
}

/// What this payment has met not long ago, on this channel or one like it, that another channel may not share.
fn memory(payment: &Payment, seen: &Seen<'_>, scheme: Scheme, facts: &Facts<'_>) -> Finding {
    let shun = std::time::Duration::from_secs(facts.retry.route.shun_s);
    let used = seen.stand_in.then_some(seen.binding.id);
    let of_late = payment.attempts.iter().filter(|attempt| attempt.binding == used).filter_map(|attempt| {
        let (reason, at) = attempt.failure()?;
        (facts.now < at.plus(shun)).then_some((&attempt.channel, reason))
    });
    let mut finding = Finding::Ready;
    for (channel, reason) in of_late {
        let of_channel = reason.entry().says_about_channel;
        let alike = || facts.channels.get(channel).is_some_and(|other| other.scheme == scheme);
        match channel == seen.channel {
            true if of_channel || plan::may_work_elsewhere(reason) => return Finding::FailedJustNow,
            false if !of_channel && plan::may_work_elsewhere(reason) && alike() => {
                finding = Finding::FailedAlike;
            }
            true | false => {}
        }
    }
    finding
}
