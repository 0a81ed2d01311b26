//! Proofs. An attempt may be called failed only with one, and a new attempt opened only with a [`ClearToRetry`].

use serde::{Deserialize, Serialize};

use super::Payment;
use super::answer::NotSent;
use super::attempt::AttemptState;
use crate::catalogue::{Disposition, Verdict};
use crate::channel::Capability;
use crate::planted::{self, Bug};
use crate::time::Timestamp;

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

    /// Whether the channel never saw the attempt.
    pub fn never_left(&self) -> bool {
        match self.0 {
            Kind::NeverLeft { .. } => true,
            Kind::Declined { .. } | Kind::NotFoundAfterWindow { .. } => false,
        }
    }

    /// Which kind of proof, for people and tables.
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Declined { .. } => "final_decline",
            Kind::NotFoundAfterWindow { .. } => "not_found_after_window",
            Kind::NeverLeft { .. } => "never_left",
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
