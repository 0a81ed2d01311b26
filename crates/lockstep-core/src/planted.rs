//! Bugs planted on purpose, to prove that the simulator finds them. They exist only in builds with the feature
//! `planted`, which is the simulator's own; in every other build [`is`] is the constant `false`.
//!
//! Each is a mistake that real payment systems have made. Where the code asks `planted::is(Bug::X)`, the line beside it is
//! the rule that keeps the mistake from happening.

/// A bug that can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// The ledger counts everything double. If this one is not found at once, the oracles are asleep.
    Canary,
    /// A timeout counts as failed.
    TimeoutIsFailure,
    /// "No such order" counts as failed whenever it is said.
    NotFoundIsFailure,
    /// The late-execution window ends a second early.
    WindowOffByOne,
    /// The late-execution window counts from the opening of the attempt.
    WindowFromOpening,
    /// An unknown attempt does not stand in the way of another.
    UnknownHandsOutClear,
    /// After a timeout the request is sent again under a new order number.
    NewOrderNumberOnRetry,
    /// A notice about an attempt whose request has not been answered yet is thrown away.
    EarlyNoticeDropped,
    /// A second success of the same attempt is applied again.
    DuplicateSuccessApplied,
    /// A lost race is answered as if it had been won.
    LostRaceIgnored,
    /// The amount that a channel reports is not compared.
    AmountNotChecked,
    /// The order number in a reply is not compared.
    OrderNumberNotChecked,
    /// A notice is believed without asking.
    NoticeBelieved,
    /// Asking ends after five questions.
    QueryLadderStops,
    /// The timer of the second question is forgotten.
    WakeTimerLost,
    /// A timer set for an earlier state is obeyed.
    OldWakeApplied,
    /// The answer to a caller's key is not stored.
    AnswerNotStored,
    /// A caller's key is answered whatever the request says.
    FingerprintIgnored,
    /// Money found by asking is not written into the ledger.
    LedgerForgotten,
    /// A webhook that failed once is given up.
    DeliveryDropped,
    /// Every try of a webhook has an id of its own.
    MessageIdReminted,
    /// Webhooks about one subject go out in any order.
    DeliveriesOutOfOrder,
    /// What was being sent when the process died is forgotten.
    InterruptedIgnored,
    /// What was being sent when the process died is sent again.
    InterruptedSentAgain,
    /// A mark that was made before an error was reported is taken for somebody else's.
    UnsureMarkIgnored,
    /// A question is ticked off before its answer is committed.
    FinishedBeforeCommit,
    /// What timers do leaves no audit entry.
    AuditMissing,
    /// A payment can be cancelled while its outcome is unknown.
    CancelWhileUnknown,
    /// "Try now" opens an attempt beside one under way.
    TryNowIgnoresLive,
    /// Money that moved on a closed attempt is ignored.
    LateSuccessDropped,
    /// Closed attempts are not asked about again.
    CheckClosedForgotten,
    /// Money that moved twice is not called surplus.
    SurplusForgotten,
    /// An order takes a second payment beside a live one.
    TwoPaymentsForOneOrder,
    /// An order is opened again while its payment is unknown.
    OrderOpenWhileUnknown,
    /// A forged notice is accepted.
    ForgedNoticeAccepted,
    /// A notice is acknowledged though it could not be stored.
    AcknowledgedUnstored,
    /// A notice that could not be processed is called done.
    ParkedCalledDone,
    /// The order's part of a change is lost when its money comes in.
    OrderChangeForgotten,
    /// A declined card counts against its channel's health.
    BreakerCountsDeclines,
    /// A breaker that has opened lets nothing through any more.
    BreakerNeverCloses,
    /// What another node was sending when it died is not looked for.
    GainedNotLookedThrough,
}

impl Bug {
    /// All of them, the canary first.
    pub const ALL: [Self; 41] = [
        Self::Canary,
        Self::TimeoutIsFailure,
        Self::NotFoundIsFailure,
        Self::WindowOffByOne,
        Self::WindowFromOpening,
        Self::UnknownHandsOutClear,
        Self::NewOrderNumberOnRetry,
        Self::EarlyNoticeDropped,
        Self::DuplicateSuccessApplied,
        Self::LostRaceIgnored,
        Self::AmountNotChecked,
        Self::OrderNumberNotChecked,
        Self::NoticeBelieved,
        Self::QueryLadderStops,
        Self::WakeTimerLost,
        Self::OldWakeApplied,
        Self::AnswerNotStored,
        Self::FingerprintIgnored,
        Self::LedgerForgotten,
        Self::DeliveryDropped,
        Self::MessageIdReminted,
        Self::DeliveriesOutOfOrder,
        Self::InterruptedIgnored,
        Self::InterruptedSentAgain,
        Self::UnsureMarkIgnored,
        Self::FinishedBeforeCommit,
        Self::AuditMissing,
        Self::CancelWhileUnknown,
        Self::TryNowIgnoresLive,
        Self::LateSuccessDropped,
        Self::CheckClosedForgotten,
        Self::SurplusForgotten,
        Self::TwoPaymentsForOneOrder,
        Self::OrderOpenWhileUnknown,
        Self::ForgedNoticeAccepted,
        Self::AcknowledgedUnstored,
        Self::ParkedCalledDone,
        Self::OrderChangeForgotten,
        Self::BreakerCountsDeclines,
        Self::BreakerNeverCloses,
        Self::GainedNotLookedThrough,
    ];

    /// Its name in words, `timeout_is_failure`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// The bug of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        // One world runs on one thread, so one switch per thread is one switch per world.
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is planted in the world of this thread.
    #[inline]
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Plants a bug in the worlds of this thread, or none.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }
}

#[cfg(feature = "planted")]
pub use switch::{is, plant};

/// Whether this bug is planted: never, in this build.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for (place, bug) in Bug::ALL.into_iter().enumerate() {
            assert_eq!(Bug::named(&bug.name()), Some(bug));
            assert!(!Bug::ALL[..place].contains(&bug));
            assert!(!is(bug), "nothing is planted unless somebody plants it");
        }
        assert_eq!(Bug::TimeoutIsFailure.name(), "timeout_is_failure");
    }
}
