//! Proofs. An attempt may be called failed only with one, and a new attempt opened only with a [`ClearToRetry`].

use serde::{Deserialize, Serialize};

use super::Payment;
use super::answer::NotSent;
use super::attempt::AttemptState;
use crate::catalogue::{Disposition, Verdict};
use crate::channel::Capability;
use crate::id::ApiKeyId;
use crate::planted::{self, Bug};
use crate::time::{Day, Timestamp};

/// Proof that an attempt moved no money. Only the rules below can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailureProof(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
enum Kind {
    /// The channel gave a final decline.
    Declined { code: String },
    /// The channel had no such order after its late-execution window.
    NotFoundAfterWindow { unknown_since: Timestamp, asked_at: Timestamp },
    /// The request never left.
    NeverLeft { why: NotSent },
    /// The channel undid the attempt: what had moved, if anything, is back.
    Reversed { code: String },
    /// The channel took the reversal of an order it had not seen, and will refuse the order if it comes.
    BlockedByReversal { code: String },
    /// The statements of all days on which it could have been executed are complete and don't list it.
    NotInStatement { through: Day, unknown_since: Timestamp, read_at: Timestamp },
    /// Two people, each with a key of their own, said that no money moved.
    ByTwoPeople { proposed_by: ApiKeyId, approved_by: ApiKeyId },
    /// The money had moved on a flawed transaction, and the channel has sent it back.
    SentBack { code: Option<String> },
}

impl FailureProof {
    /// A final decline, as the catalogue reads the channel's code.
    pub(super) fn declined(verdict: &Verdict, code: &str) -> Option<Self> {
        (verdict.disposition == Disposition::Declined).then(|| Self(Kind::Declined { code: code.to_owned() }))
    }

    /// "Not found", asked at or after the end of the channel's late-execution window. Before that the request
    /// may still be on its way, and it proves nothing.
    pub(super) fn not_found(
        channel: &Capability,
        unknown_since: Timestamp,
        asked_at: Timestamp,
    ) -> Option<Self> {
        let window_over =
            asked_at >= window_end(channel, unknown_since) || planted::is(Bug::NotFoundIsFailure);
        window_over.then_some(Self(Kind::NotFoundAfterWindow { unknown_since, asked_at }))
    }

    /// The request never left.
    pub(super) fn never_sent(why: NotSent) -> Self {
        Self(Kind::NeverLeft { why })
    }

    /// The channel said that the attempt is undone.
    pub(super) fn reversed(code: &str) -> Self {
        Self(Kind::Reversed { code: code.to_owned() })
    }

    /// "Not found" in answer to a reversal, from a channel that keeps late originals out.
    pub(super) fn blocked_by_reversal(channel: &Capability, code: &str) -> Option<Self> {
        let blocks = channel.reversal.as_ref().is_some_and(|rules| rules.blocks_late_original);
        blocks.then(|| Self(Kind::BlockedByReversal { code: code.to_owned() }))
    }

    /// Not listed in any statement through this day. It has to be the last day on which the attempt could have
    /// been executed, and the late-execution window has to be over.
    pub(super) fn not_in_statement(
        channel: &Capability,
        (through, last): (Day, Day),
        unknown_since: Timestamp,
        read_at: Timestamp,
    ) -> Option<Self> {
        let window_over = read_at >= unknown_since.plus(channel.late_execution_window());
        let complete = through >= last;
        (window_over && complete).then_some(Self(Kind::NotInStatement { through, unknown_since, read_at }))
    }

    /// Two people said so. They are two.
    pub(super) fn by_two_people(proposed_by: ApiKeyId, approved_by: ApiKeyId) -> Option<Self> {
        (proposed_by != approved_by).then_some(Self(Kind::ByTwoPeople { proposed_by, approved_by }))
    }

    /// The channel has sent the money of a flawed transaction back.
    pub(super) fn sent_back(code: Option<&str>) -> Self {
        Self(Kind::SentBack { code: code.map(str::to_owned) })
    }

    /// Whether the channel never saw the attempt.
    pub fn never_left(&self) -> bool {
        match self.0 {
            Kind::NeverLeft { .. } => true,
            Kind::Declined { .. }
            | Kind::NotFoundAfterWindow { .. }
            | Kind::Reversed { .. }
            | Kind::BlockedByReversal { .. }
            | Kind::NotInStatement { .. }
            | Kind::ByTwoPeople { .. }
            | Kind::SentBack { .. } => false,
        }
    }

    /// Whether it rests on somebody's word that may prove wrong: the channel's about its window, or people's.
    pub fn rests_on_a_word(&self) -> bool {
        match self.0 {
            Kind::NotFoundAfterWindow { .. }
            | Kind::BlockedByReversal { .. }
            | Kind::NotInStatement { .. }
            | Kind::ByTwoPeople { .. } => true,
            Kind::Declined { .. }
            | Kind::NeverLeft { .. }
            | Kind::Reversed { .. }
            | Kind::SentBack { .. } => false,
        }
    }

    /// The proof in a few words, for people: 中文, English.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self.0 {
            Kind::Declined { .. } => ("明确拒绝", "final decline"),
            Kind::NotFoundAfterWindow { .. } => {
                ("超过最晚执行时间后仍查无此单", "no such order after the late-execution window")
            }
            Kind::NeverLeft { .. } => ("请求未发出", "the request never left"),
            Kind::Reversed { .. } => ("渠道已冲正", "reversed by the channel"),
            Kind::BlockedByReversal { .. } => (
                "渠道未收到原交易，冲正后不会再执行",
                "the channel had not seen it, and its reversal keeps it out",
            ),
            Kind::NotInStatement { .. } => ("对账文件中没有此单", "not in the channel's statements"),
            Kind::ByTwoPeople { .. } => ("双人复核认定未扣款", "two people decided that nothing was taken"),
            Kind::SentBack { .. } => ("渠道已原路退回", "sent back by the channel"),
        }
    }

    /// Whether the bank or channel has said no.
    pub fn is_decline(&self) -> bool {
        match self.0 {
            Kind::Declined { .. } => true,
            Kind::NeverLeft { .. }
            | Kind::NotFoundAfterWindow { .. }
            | Kind::Reversed { .. }
            | Kind::BlockedByReversal { .. }
            | Kind::NotInStatement { .. }
            | Kind::ByTwoPeople { .. }
            | Kind::SentBack { .. } => false,
        }
    }

    /// Which kind of proof, for people and tables.
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Declined { .. } => "final_decline",
            Kind::NotFoundAfterWindow { .. } => "not_found_after_window",
            Kind::NeverLeft { .. } => "never_left",
            Kind::Reversed { .. } => "reversed",
            Kind::BlockedByReversal { .. } => "blocked_by_reversal",
            Kind::NotInStatement { .. } => "not_in_statement",
            Kind::ByTwoPeople { .. } => "by_two_people",
            Kind::SentBack { .. } => "sent_back",
        }
    }
}

/// The end of the late-execution window of a request whose outcome became unknown at this moment.
pub(super) fn window_end(channel: &Capability, unknown_since: Timestamp) -> Timestamp {
    let end = unknown_since.plus(channel.late_execution_window());
    if planted::is(Bug::WindowOffByOne) { end.minus(std::time::Duration::from_secs(1)) } else { end }
}

/// Permission to open one more attempt. Only a payment with no attempt that moved money or still could can hand
/// it out, and opening an attempt uses it up.
#[derive(Debug)]
pub struct ClearToRetry(());

impl Payment {
    /// Permission to open one more attempt, unless one moved money or still could.
    pub fn clear_to_retry(&self) -> Option<ClearToRetry> {
        let all_dead = self.attempts.iter().all(|attempt| {
            let unknown = matches!(attempt.state, AttemptState::Unknown { .. });
            attempt.failure().is_some()
                || (planted::is(Bug::UnknownHandsOutClear) && unknown)
                || planted::is(Bug::TryNowIgnoresLive)
                || planted::is(Bug::OldWakeApplied)
        });
        all_dead.then_some(ClearToRetry(()))
    }
}
