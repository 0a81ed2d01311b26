//! UnionPay without redirect: answers at once, knows no notices, and says "card state wrong" for lost, frozen,
//! locked and closed alike.

use super::account::AccountState;
use super::finding::Finding;
use super::rail::Manner;

pub(super) const MANNER: Manner = Manner {
    reply_ms: (120, 380),
    settles_ms: None,
    notices: false,
    repeats_answer: false,
    closes_unseen: false,
};

pub(super) fn code(finding: Finding) -> &'static str {
    match finding {
        Finding::Done => "00",
        Finding::Processing => "05",
        Finding::Duplicate => "12",
        Finding::Unsupported | Finding::AlreadySettled => "31",
        Finding::Reversed => "46",
        Finding::SingleLimit | Finding::DailyLimit | Finding::AmountRange | Finding::RefundNotAllowed => "33",
        Finding::NotFound => "34",
        Finding::OutsideHours => "39",
        Finding::ClosedUnseen => "60",
        Finding::NoSuchAccount => "61",
        Finding::NoFunds | Finding::CreditLine => "64",
        Finding::NameMismatch | Finding::IdMismatch | Finding::PhoneMismatch => "66",
        Finding::CodeExpired => "69",
        Finding::CodeWrong | Finding::CodeTries => "71",
        Finding::NoMandate | Finding::MandateCancelled | Finding::MandateVoid => "89",
        Finding::State(state) => match state {
            AccountState::Expired => "73",
            AccountState::Normal
            | AccountState::Frozen
            | AccountState::Lost
            | AccountState::Locked
            | AccountState::Closed
            | AccountState::Dormant => "63",
        },
    }
}
