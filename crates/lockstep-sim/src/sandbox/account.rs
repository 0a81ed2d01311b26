//! An account as its bank keeps it.

use lockstep_core::binding::InstrumentKind;
use lockstep_core::time::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// In what state an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In order.
    Normal,
    /// Frozen by the bank or a court.
    Frozen,
    /// Reported lost.
    Lost,
    /// Locked, for example after wrong PINs.
    Locked,
    /// Closed for ever.
    Closed,
    /// Not used for long.
    Dormant,
    /// Past its expiry date.
    Expired,
}

/// A card or account. Invented people only; still, nothing prints it (it has no `Debug`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Card or account number.
    pub number: String,
    /// The holder's name.
    pub holder_name: String,
    /// The holder's document number.
    pub id_number: String,
    /// The phone on record.
    pub mobile: String,
    /// The bank's code, where the number tells.
    pub issuer: Option<String>,
    /// Debit card, credit card or account.
    pub kind: InstrumentKind,
    /// Money in it, or what is left of a credit line.
    pub balance_minor: i64,
    /// Its state, unless `turns` has come.
    pub state: AccountState,
    /// A change of state that is coming.
    pub turns: Option<Turn>,
    /// Largest single debit.
    pub single_limit_minor: i64,
    /// Largest sum of debits a day.
    pub daily_limit_minor: i64,
    /// Debited on the latest day with a debit.
    pub used: Used,
    /// Money that will come.
    pub income: Vec<Income>,
}

/// A change of state that is coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub state: AccountState,
}

/// Money that will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Income {
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount_minor: i64,
}

/// What was debited on one day of Asia/Shanghai.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The day, `2026-03-02`.
    pub day: String,
    /// The sum.
    pub amount_minor: i64,
}

impl Account {
    /// Its state at a moment.
    pub fn state_at(&self, now: Timestamp) -> AccountState {
        match self.turns {
            Some(turn) if self.state == AccountState::Normal && turn.at <= now => turn.state,
            _ => self.state,
        }
    }

    /// Lets due income arrive.
    pub(super) fn receive_income(&mut self, now: Timestamp) {
        let (due, coming): (Vec<_>, Vec<_>) = self.income.iter().partition(|income| income.at <= now);
        self.income = coming;
        for income in due {
            self.balance_minor = self.balance_minor.saturating_add(income.amount_minor);
        }
    }

    /// Gets money back that was taken at a moment.
    pub(super) fn take_back(&mut self, amount_minor: i64, taken_at: Timestamp) {
        self.balance_minor = self.balance_minor.saturating_add(amount_minor);
        if self.used.day == taken_at.day_in(Zone::shanghai()).to_string() {
            self.used.amount_minor -= amount_minor;
        }
    }

    /// Takes money, or says why not.
    pub(super) fn take(&mut self, amount_minor: i64, now: Timestamp) -> Finding {
        let state = self.state_at(now);
        if state != AccountState::Normal {
            return Finding::State(state);
        }
        self.receive_income(now);
        if amount_minor > self.single_limit_minor {
            return Finding::SingleLimit;
        }
        let day = now.day_in(Zone::shanghai()).to_string();
        let before = if self.used.day == day { self.used.amount_minor } else { 0 };
        let used = before.saturating_add(amount_minor);
        if used > self.daily_limit_minor {
            return Finding::DailyLimit;
        }
        if amount_minor > self.balance_minor {
            return match self.kind {
                InstrumentKind::CreditCard => Finding::CreditLine,
                InstrumentKind::DebitCard | InstrumentKind::BankAccount => Finding::NoFunds,
            };
        }
        self.balance_minor -= amount_minor;
        self.used = Used { day, amount_minor: used };
        Finding::Done
    }
}
