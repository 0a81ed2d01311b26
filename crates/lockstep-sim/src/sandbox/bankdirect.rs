//! A bank's direct line: takes an instruction and never speaks again unless it is asked. Signs accounts that
//! were proven by micro-deposit, and pays out.

use super::account::AccountState;
use super::finding::{Finding, Stage};
use super::rail::Manner;

pub(super) const MANNER: Manner = Manner {
    reply_ms: (80, 250),
    settles_ms: Some((5_000, 30_000)),
    notices: false,
    repeats_answer: true,
    closes_unseen: false,
};

pub(super) fn code(finding: Finding, stage: Stage) -> &'static str {
    match finding {
        Finding::Done => "PCC00000",
        Finding::Processing => "PCC42005",
        Finding::Duplicate => "PCC42004",
        Finding::NotFound => "PCC80002",
        Finding::OutsideHours => "PCC42009",
        Finding::ClosedUnseen | Finding::Reversed => "PCC42011",
        Finding::NameMismatch => match stage {
            Stage::Sign => "PCC30020",
            Stage::Pay => "PCC41114",
        },
        Finding::NoSuchAccount => match stage {
            Stage::Sign => "PCC30060",
            Stage::Pay => "PCC41115",
        },
        Finding::IdMismatch => "PCC30110",
        Finding::PhoneMismatch => "PCC30080",
        Finding::NoFunds | Finding::CreditLine => "PCC02257",
        Finding::SingleLimit => "PCC40803",
        Finding::DailyLimit => "PCC02222",
        Finding::AmountRange => "PCC02220",
        Finding::NoMandate | Finding::MandateCancelled => "PCC20032",
        Finding::MandateVoid => "PCC22007",
        Finding::CodeWrong => "PCC02270",
        Finding::CodeExpired => "PCC42013",
        Finding::CodeTries => "PCC02226",
        Finding::Unsupported | Finding::AlreadySettled => "PCC02293",
        Finding::RefundNotAllowed => "PCC43001",
        Finding::State(state) => match state {
            AccountState::Frozen => "PCC02254",
            AccountState::Lost => "PCC02253",
            AccountState::Expired => "PCC02251",
            AccountState::Normal | AccountState::Locked | AccountState::Closed | AccountState::Dormant => {
                "PCC02252"
            }
        },
    }
}
