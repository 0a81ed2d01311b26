//! NetsUnion: takes a request with "no result yet" and tells the result by itself. Its codes name each cause.
//!
//! Its code table has no "no such order". Asked about an order it never saw, it says that it has no result
//! yet; asked after its late-execution window, it closes the number, so that it never runs, and says so.

use super::account::AccountState;
use super::finding::{Finding, Stage};
use super::rail::Manner;

pub(super) const MANNER: Manner = Manner {
    reply_ms: (60, 200),
    settles_ms: Some((800, 6_000)),
    notices: true,
    repeats_answer: true,
    closes_unseen: true,
};

pub(super) fn code(finding: Finding, stage: Stage) -> &'static str {
    match finding {
        Finding::Done => "00000000",
        Finding::Processing | Finding::Duplicate | Finding::NotFound | Finding::OutsideHours => "ES000033",
        Finding::ClosedUnseen | Finding::Reversed => "PB511099",
        Finding::NoSuchAccount => "PB511002",
        Finding::NameMismatch => "PB511017",
        Finding::IdMismatch => "PB511019",
        Finding::PhoneMismatch => "PB511013",
        Finding::NoFunds => "PB520011",
        Finding::CreditLine => "PB521012",
        Finding::SingleLimit | Finding::AmountRange | Finding::RefundNotAllowed => "PB521023",
        Finding::DailyLimit => "PB521024",
        Finding::NoMandate => "PB521014",
        Finding::MandateCancelled => "PB521013",
        Finding::MandateVoid => "PB521016",
        Finding::CodeWrong => "PB511027",
        Finding::CodeExpired => "PB511028",
        Finding::CodeTries => "PB005X09",
        Finding::Unsupported | Finding::AlreadySettled => "PB003000",
        Finding::State(state) => match (state, stage) {
            (AccountState::Frozen, Stage::Sign) => "PB511006",
            (AccountState::Frozen, Stage::Pay) => "PB520006",
            (AccountState::Closed, Stage::Sign) => "PB511005",
            (AccountState::Closed, Stage::Pay) => "PB520005",
            (AccountState::Lost, _) => "PB511010",
            (AccountState::Locked, _) => "PB511008",
            (AccountState::Expired, _) => "PB520007",
            (AccountState::Normal | AccountState::Dormant, _) => "PB511098",
        },
    }
}
