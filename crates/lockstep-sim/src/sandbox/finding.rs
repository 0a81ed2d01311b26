//! What a bank or channel finds, before a channel puts it into its own code.

use serde::{Deserialize, Serialize};

use super::account::AccountState;

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It was done.
    Done,
    /// It was taken; the result comes later.
    Processing,
    /// There is no such account.
    NoSuchAccount,
    /// Another name.
    NameMismatch,
    /// Another document.
    IdMismatch,
    /// Another phone on record.
    PhoneMismatch,
    /// The account isn't in order.
    State(AccountState),
    /// Not enough money.
    NoFunds,
    /// Not enough left of the credit line.
    CreditLine,
    /// Above the bank's limit for one debit.
    SingleLimit,
    /// Above the bank's limit for a day.
    DailyLimit,
    /// No such mandate.
    NoMandate,
    /// The mandate was ended.
    MandateCancelled,
    /// The mandate fell with a change of the holder's details.
    MandateVoid,
    /// Wrong code.
    CodeWrong,
    /// The code is too old or was used.
    CodeExpired,
    /// Too many wrong codes.
    CodeTries,
    /// The channel is closed at this hour.
    OutsideHours,
    /// The channel doesn't move such an amount.
    AmountRange,
    /// The channel doesn't do this.
    Unsupported,
    /// The debit can't be given back, or not that much of it.
    RefundNotAllowed,
    /// The order number was used before.
    Duplicate,
    /// No such order or signing.
    NotFound,
    /// The order was done, and undone.
    Reversed,
    /// The order can't be undone any more: its day is settled.
    AlreadySettled,
    /// The channel closed an order that it had never seen, so that it never will run.
    ClosedUnseen,
}

impl Finding {
    /// Every finding, for tests over the code tables.
    pub const ALL: [Self; 31] = [
        Self::Done,
        Self::Processing,
        Self::NoSuchAccount,
        Self::NameMismatch,
        Self::IdMismatch,
        Self::PhoneMismatch,
        Self::State(AccountState::Frozen),
        Self::State(AccountState::Lost),
        Self::State(AccountState::Locked),
        Self::State(AccountState::Closed),
        Self::State(AccountState::Dormant),
        Self::State(AccountState::Expired),
        Self::NoFunds,
        Self::CreditLine,
        Self::SingleLimit,
        Self::DailyLimit,
        Self::NoMandate,
        Self::MandateCancelled,
        Self::MandateVoid,
        Self::CodeWrong,
        Self::CodeExpired,
        Self::CodeTries,
        Self::OutsideHours,
        Self::AmountRange,
        Self::Unsupported,
        Self::RefundNotAllowed,
        Self::Duplicate,
        Self::NotFound,
        Self::Reversed,
        Self::AlreadySettled,
        Self::ClosedUnseen,
    ];
}

/// During what something was found; some channels use different codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// While signing.
    Sign,
    /// While moving money.
    Pay,
}
