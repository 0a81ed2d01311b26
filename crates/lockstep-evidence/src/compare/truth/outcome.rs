//! What an attempt comes to. A function of (seed, order, channel, hour) and the latent state, so that every policy that
//! makes the same move gets the same answer.

use super::super::draw::{For, Stream, unit};
use super::super::{DAY_MS, HOUR_MS};
use super::{Latent, Trouble, TroubleKind, Truth};

/// What the channel says to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Success,
    NoFunds,
    DoNotHonour,
    Limit,
    Stale,
    AccountClosed,
    Technical,
    Closed,
    TooMany,
    /// No connection came about: it never left.
    Unreached,
    /// No answer.
    Nothing,
}

/// Why it really came to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    Paid,
    NoFunds,
    SoftDecline,
    Limit,
    Stale,
    AccountClosed,
    Technical,
    ChannelOutage,
    IssuerOutage,
    Drift,
    Overload,
    Closed,
    TooMany,
}

/// What an attempt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) said: Said,
    pub(crate) cause: Cause,
    /// Whether money moved, whatever was said.
    pub(crate) paid: bool,
    /// Whether the channel was in full outage.
    pub(crate) dead: bool,
    /// When a status query can tell what became of it.
    pub(crate) resolves_at: i64,
    /// When the answer, or the time-out, comes.
    pub(crate) answers_at: i64,
}

/// What a status query says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Processing,
    Paid,
    NotExecuted,
    /// The channel is down.
    Nothing,
}

impl Truth<'_> {
    /// What an attempt at this moment comes to. `loaded` is what an overload of the channel leaves of success; 1 for
    /// all of it.
    pub(crate) fn attempt(
        &self,
        order: usize,
        channel: usize,
        at: i64,
        amount_minor: i64,
        loaded: f64,
    ) -> Outcome {
        let latent = &self.orders[order];
        let draw = |what: For| unit(self.seed, what, &self.name(order, channel, at));
        let quick = self.latency(order, channel, at);
        let made = |said: Said, cause: Cause, dead: bool| Outcome {
            said,
            cause,
            paid: said == Said::Success,
            dead,
            resolves_at: at,
            answers_at: at + quick,
        };
        if !self.open(channel, at) {
            let said = if self.world.channels[channel].given.codes.closed.is_some() {
                Said::Closed
            } else {
                Said::Unreached
            };
            return made(said, Cause::Closed, false);
        }
        let (works, cause, dead) = self.works(latent.issuer, channel, at, loaded);
        let refusal = self.refusal(order, channel, at, amount_minor);
        let technical = self.world.channels[channel].given.technical;
        let unknown = &self.world.given.unknown;
        let outage = works < 1.0 && cause != Cause::Drift;
        let lost = if outage { unknown.in_outage } else { unknown.normal };
        let silent = draw(For::Silent);
        if silent < lost {
            // Unanswered and executed, or not: the latter are part of the technical failures.
            let executed = draw(For::Executed) < unknown.paid_share;
            let paid = executed && refusal.is_none();
            let why = refusal.map_or(Cause::Paid, |(_, cause)| cause);
            let cause = if executed {
                why
            } else if outage {
                cause
            } else {
                Cause::Technical
            };
            return self.unanswered(order, channel, at, paid, cause, dead);
        }
        if draw(For::Works) >= works {
            return made(self.technical(order, channel, at), cause, dead);
        }
        let rest = (technical - unknown.normal * (1.0 - unknown.paid_share)).max(0.0);
        if draw(For::Technical) < rest {
            return made(self.technical(order, channel, at), Cause::Technical, dead);
        }
        match refusal {
            Some((said, cause)) => made(said, cause, dead),
            None => made(Said::Success, Cause::Paid, dead),
        }
    }

    /// What a status query says about an attempt.
    pub(crate) fn status(&self, order: usize, channel: usize, sent: &Outcome, at: i64) -> Status {
        let issuer = self.orders[order].issuer;
        let (_, _, dead) = self.works(issuer, channel, at, 1.0);
        match () {
            () if dead => Status::Nothing,
            () if at < sent.resolves_at => Status::Processing,
            () if sent.paid => Status::Paid,
            () => Status::NotExecuted,
        }
    }

    /// Whether a channel answers a health call, which moves no money and asks no issuer.
    pub(crate) fn answers_probe(&self, channel: usize, at: i64) -> bool {
        let own = |trouble: &&Trouble| {
            trouble.kind == TroubleKind::Channel && trouble.from <= at && at < trouble.until
        };
        let works: f64 = self.troubles[channel].iter().filter(own).map(|trouble| trouble.works).product();
        unit(self.seed, For::Probe, &[channel as u64, at.unsigned_abs()]) < works
    }

    fn name(&self, order: usize, channel: usize, at: i64) -> [u64; 3] {
        let hour = (at - self.start).div_euclid(HOUR_MS);
        [order as u64, channel as u64, hour.unsigned_abs()]
    }

    fn latency(&self, order: usize, channel: usize, at: i64) -> i64 {
        let usual = self.world.channels[channel].given.answers_after_s;
        let draw = unit(self.seed, For::Latency, &self.name(order, channel, at));
        (usual * (0.5 + draw) * 1000.0) as i64
    }

    /// What outages, drifts and overload leave of success, and the main culprit.
    fn works(&self, issuer: u8, channel: usize, at: i64, loaded: f64) -> (f64, Cause, bool) {
        let (mut works, mut cause, mut worst, mut dead) = (loaded, Cause::Overload, loaded, false);
        for trouble in self.troubles[channel].iter().take_while(|trouble| trouble.from <= at) {
            if !trouble.meets(issuer, at) {
                continue;
            }
            let left = trouble.works_at(at);
            works *= left;
            dead |= trouble.dead();
            if left < worst {
                worst = left;
                cause = match trouble.kind {
                    TroubleKind::Channel => Cause::ChannelOutage,
                    TroubleKind::Issuer | TroubleKind::Cell => Cause::IssuerOutage,
                    TroubleKind::Drift => Cause::Drift,
                };
            }
        }
        (works, cause, dead)
    }

    fn technical(&self, order: usize, channel: usize, at: i64) -> Said {
        let unreached = unit(self.seed, For::Unreached, &self.name(order, channel, at));
        let has_code = self.world.channels[channel].given.codes.technical.is_some();
        if has_code && unreached >= self.world.given.technical.unreached_share {
            Said::Technical
        } else {
            Said::Unreached
        }
    }

    fn unanswered(
        &self,
        order: usize,
        channel: usize,
        at: i64,
        paid: bool,
        cause: Cause,
        dead: bool,
    ) -> Outcome {
        let unknown = &self.world.given.unknown;
        let mut stream = Stream::new(self.seed, For::Resolve, &self.name(order, channel, at));
        let resolves_in = if stream.unit() < unknown.tail_share {
            let [from, to] = unknown.tail_days;
            (from + stream.unit() * (to - from)) * DAY_MS as f64
        } else {
            stream.lognormal(unknown.resolve_median_minutes, unknown.resolve_sigma) * 60_000.0
        };
        let timeout =
            i64::try_from(self.world.channels[channel].capability.call_timeout_ms).unwrap_or(30_000);
        Outcome {
            said: Said::Nothing,
            cause,
            paid,
            dead,
            resolves_at: at + resolves_in as i64,
            answers_at: at + timeout,
        }
    }

    /// Why bank or account would not pay; `None` when they would.
    fn refusal(&self, order: usize, channel: usize, at: i64, amount_minor: i64) -> Option<(Said, Cause)> {
        let latent = &self.orders[order];
        let instrument = self.world.channels[channel].instrument;
        if latent.closed_account {
            return Some((Said::AccountClosed, Cause::AccountClosed));
        }
        if latent.stale(instrument, at) {
            return Some((Said::Stale, Cause::Stale));
        }
        let covered = latent.amount_minor as f64 * self.world.given.limits.covers_share;
        if latent.limited(instrument, at) && amount_minor as f64 > covered {
            return Some((Said::Limit, Cause::Limit));
        }
        if self.soft(latent, order, channel, at) {
            return Some((Said::DoNotHonour, Cause::SoftDecline));
        }
        if !latent.funded(at) {
            let masked = unit(self.seed, For::Mask, &self.name(order, channel, at))
                < self.world.given.funds.masked_share;
            return Some((if masked { Said::DoNotHonour } else { Said::NoFunds }, Cause::NoFunds));
        }
        None
    }

    /// Whether the issuer refuses without a lasting cause: for a day or for the hour, on one channel or on all that
    /// debit the instrument.
    fn soft(&self, latent: &Latent, order: usize, channel: usize, at: i64) -> bool {
        let instrument = self.world.channels[channel].instrument;
        let (law, bound) = (&self.world.given.soft, &self.world.instruments[instrument]);
        let shared_share = if bound.channels > 1 { law.shared_share } else { 0.0 };
        let (long, short) = (
            bound.given.soft_decline * law.persistent_share,
            bound.given.soft_decline * (1.0 - law.persistent_share),
        );
        let hour = (at - self.start).div_euclid(HOUR_MS).unsigned_abs();
        let spell =
            ((at - latent.due) as f64 / (law.persistent_hours * HOUR_MS as f64)).floor() as i64 as u64;
        let (order, own, all) = (order as u64, channel as u64, instrument as u64);
        let hit = |what: For, name: [u64; 3], rate: f64| unit(self.seed, what, &name) < rate;
        hit(For::SoftLongShared, [order, all, spell], long * shared_share)
            || hit(For::SoftLong, [order, own, spell], long * (1.0 - shared_share))
            || hit(For::SoftShortShared, [order, all, hour], short * shared_share)
            || hit(For::SoftShort, [order, own, hour], short * (1.0 - shared_share))
    }
}
