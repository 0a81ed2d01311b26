//! What an answer says about health: only what the layer itself did wrong. A declined card, a wrong code, an empty
//! account or a used-up limit shows that channel and issuer are alive.

use std::time::Duration;

use super::policy::HealthPolicy;
use crate::binding::SignAnswer;
use crate::catalogue::{self, Disposition, Layer, Reason, RetryRule, Verdict};
use crate::channel::{Capability, ChannelId, Direction};
use crate::payment::{MoneyAnswer, NoAnswer, NotSent, QueryAnswer};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// One answer of a channel, as far as health is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Which channel.
    pub channel: ChannelId,
    /// The bank behind the instrument; `None` when it is not known.
    pub issuer: Option<String>,
    /// Which way the money went.
    pub direction: Direction,
    /// When the request that this tells about was sent.
    pub sent_at: Timestamp,
    /// When the answer came, or was given up.
    pub at: Timestamp,
    /// What it says.
    pub news: News,
    /// How long the answer took, where one came.
    pub took: Option<Took>,
    /// Whether the money moved, where that is known and another channel might have changed it.
    pub outcome: Option<bool>,
}

/// How long an answer took, by the kind of call: a question is answered faster than a debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// A request to move money or to sign.
    Order {
        /// In milliseconds.
        ms: u64,
    },
    /// A question.
    Question {
        /// In milliseconds.
        ms: u64,
    },
}

/// Who is to blame for what came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Channel and issuer answered, whatever they said about the card.
    Alive,
    /// The channel took the request; the issuer has said nothing yet.
    Taken,
    /// The channel's own fault: not reached, forged, unreadable, out of order.
    ChannelFault,
    /// The channel answered that the issuer didn't.
    IssuerFault,
    /// Nothing came in time, or nothing clear: the channel's fault or the issuer's.
    Lost,
    /// Nothing about either.
    Nothing,
}

/// A call whose answer is to be read.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The channel's own data.
    pub capability: &'a Capability,
    /// The bank behind the instrument, if known.
    pub issuer: Option<String>,
    /// Which way the money goes.
    pub direction: Direction,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the answer came, or was given up.
    pub at: Timestamp,
}

impl Call<'_> {
    /// A signal, unless the channel had announced that it would be closed: what fails then is no fault.
    fn signal(self, news: News, took: Option<Took>, outcome: Option<bool>) -> Option<Signal> {
        let hours = &self.capability.hours;
        let closed = !hours.open_at(self.sent_at) || !hours.open_at(self.at);
        if (news == News::Nothing && took.is_none() && outcome.is_none()) || closed {
            return None;
        }
        Some(Signal {
            channel: self.capability.id.clone(),
            issuer: self.issuer,
            direction: self.direction,
            sent_at: self.sent_at,
            at: self.at,
            news,
            took,
            outcome,
        })
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.at.since(self.sent_at).as_millis()).unwrap_or(u64::MAX)
    }
}

/// What the answer to a request to move money says about health.
pub fn of_money(call: Call<'_>, answer: &MoneyAnswer) -> Option<Signal> {
    match answer {
        MoneyAnswer::Answered { code, .. } => {
            let verdict = catalogue::look_up(call.capability.scheme, code);
            let took = Some(Took::Order { ms: call.ms() });
            let news = if on_its_way(&verdict, call.capability) { News::Taken } else { read(&verdict) };
            call.signal(news, took, outcome(&verdict))
        }
        MoneyAnswer::NoAnswer { why } => silent(call, *why, Some(false)),
        MoneyAnswer::NotSent { why } => unsent(call, *why),
    }
}

/// What the answer to a question about an attempt says about health. `attempt_sent_at` is when that was sent.
pub fn of_query(
    call: Call<'_>,
    attempt_sent_at: Timestamp,
    answer: &QueryAnswer,
    policy: &HealthPolicy,
) -> Option<Signal> {
    match answer {
        QueryAnswer::Answered { code, original } => {
            let about_order = original.as_ref().map_or(code, |original| &original.code);
            let verdict = catalogue::look_up(call.capability.scheme, about_order);
            let took = Some(Took::Question { ms: call.ms() });
            if !is_open(&verdict) {
                return call.signal(News::Alive, took, outcome(&verdict));
            }
            if verdict.reason.entry().says_about_channel && original.is_none() {
                return call.signal(News::ChannelFault, took, None);
            }
            let settling = Duration::from_secs(policy.settling_s);
            let age = call.at.since(attempt_sent_at);
            // Counted once or twice, however long the ladder of questions goes on.
            if age < settling || age >= settling * 4 {
                return call.signal(News::Nothing, took, None);
            }
            let layer = verdict.reason.entry().layer;
            let news = if layer == Layer::Issuer { News::IssuerFault } else { News::Lost };
            // It tells about the moment at which the attempt was sent: once that trouble has healed, it is old news.
            Call { sent_at: attempt_sent_at, ..call }.signal(news, took, None)
        }
        QueryAnswer::NoAnswer { why } => silent(call, *why, None),
        QueryAnswer::NotSent { why } => unsent(call, *why),
    }
}

/// What a notice that the channel sent by itself says about health.
pub fn of_notice(call: Call<'_>, code: &str) -> Option<Signal> {
    let verdict = catalogue::look_up(call.capability.scheme, code);
    let news = if is_open(&verdict) { News::Nothing } else { read(&verdict) };
    call.signal(news, None, outcome(&verdict))
}

/// What the answer to a step of signing says about health.
pub fn of_signing(call: Call<'_>, answer: &SignAnswer) -> Option<Signal> {
    match answer {
        SignAnswer::Answered { code, .. } => {
            let verdict = catalogue::look_up(call.capability.scheme, code);
            let took = Some(Took::Order { ms: call.ms() });
            let news = if is_open(&verdict) { News::Taken } else { read(&verdict) };
            call.signal(news, took, None)
        }
        SignAnswer::NoAnswer { why } => silent(call, *why, None),
        SignAnswer::NotSent { why } => unsent(call, *why),
        SignAnswer::CodeLost => None,
    }
}

/// Whether the code with which a channel answered a probe speaks of a channel in order.
pub fn probe_is_good(capability: &Capability, code: &str) -> bool {
    !catalogue::look_up(capability.scheme, code).reason.entry().says_about_channel
}

fn is_open(verdict: &Verdict) -> bool {
    match verdict.disposition {
        Disposition::Unknown | Disposition::NotFound | Disposition::QueryAgain => true,
        Disposition::Succeeded | Disposition::DefectiveSuccess | Disposition::Declined => false,
    }
}

/// An open outcome that says nothing unless it lasts, which the questions find out. A channel that tells the result by
/// itself often answers "no result yet" first; one that doesn't has waited for the issuer before it answers.
fn on_its_way(verdict: &Verdict, capability: &Capability) -> bool {
    let waited_in_vain = matches!(verdict.reason, Reason::IssuerUnavailable | Reason::OutcomeUnknown);
    let at_fault = verdict.reason.entry().says_about_channel;
    is_open(verdict) && !at_fault && (capability.notices || !waited_in_vain)
}

fn read(verdict: &Verdict) -> News {
    let entry = verdict.reason.entry();
    match (verdict.reason, entry.layer) {
        (Reason::IssuerUnavailable, _) => News::IssuerFault,
        // The channel waited in vain: for itself or for the issuer.
        (Reason::ChannelTimeout | Reason::OutcomeUnknown, _) => News::Lost,
        // Money that moved late or flawed did move; the channel's books are its own matter.
        (Reason::MoneyMovedLate | Reason::DefectiveSuccess, _) => News::ChannelFault,
        _ if entry.says_about_channel => News::ChannelFault,
        (_, Layer::Borrower | Layer::Instrument | Layer::Issuer | Layer::Risk)
            if planted::is(Bug::BreakerCountsDeclines) =>
        {
            News::ChannelFault
        }
        (_, Layer::Channel | Layer::Network | Layer::Platform) => News::Taken,
        (_, Layer::Borrower | Layer::Instrument | Layer::Issuer | Layer::Risk | Layer::None) => News::Alive,
    }
}

fn silent(call: Call<'_>, why: NoAnswer, outcome: Option<bool>) -> Option<Signal> {
    match why {
        NoAnswer::TimedOut | NoAnswer::ConnectionLost => call.signal(News::Lost, None, outcome),
        NoAnswer::Unreadable | NoAnswer::WrongSignature | NoAnswer::WrongOrder => {
            call.signal(News::ChannelFault, None, outcome)
        }
        // We stopped: nobody else's fault.
        NoAnswer::Interrupted => None,
    }
}

fn unsent(call: Call<'_>, why: NotSent) -> Option<Signal> {
    match why {
        NotSent::NoConnection => call.signal(News::ChannelFault, None, Some(false)),
        // Our own fault.
        NotSent::NotConfigured | NotSent::NoSecrets => None,
    }
}

/// Whether the money moved, where another channel might have made a difference. What only the borrower or the lender
/// can change says nothing about the choice of channel.
fn outcome(verdict: &Verdict) -> Option<bool> {
    match verdict.disposition {
        Disposition::Succeeded | Disposition::DefectiveSuccess => Some(true),
        Disposition::Declined => another_might_work(verdict.reason).then_some(false),
        // Known later, by a question or a notice.
        Disposition::Unknown | Disposition::NotFound | Disposition::QueryAgain => None,
    }
}

fn another_might_work(reason: Reason) -> bool {
    let entry = reason.entry();
    let about_this_mandate =
        matches!(reason, Reason::MandateMissing | Reason::SingleLimitExceeded | Reason::LimitExceeded);
    let vague = matches!(
        reason,
        Reason::IssuerUnavailable
            | Reason::IssuerDeclinedGeneric
            | Reason::IssuerRestricted
            | Reason::RiskDeclinedByChannel
    );
    (entry.says_about_channel || entry.retry == RetryRule::OtherChannel || vague) && !about_this_mandate
}
