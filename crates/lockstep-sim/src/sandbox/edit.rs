//! Opening and changing accounts by hand.

use lockstep_core::channel::Direction;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Sandbox;
use super::account::{Account, AccountState, Income};
use super::world::{Elements, plain_account};

/// An account to open.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Card or account number, 8 to 34 digits.
    pub number: String,
    /// The holder's name.
    pub holder_name: String,
    /// The holder's document number.
    #[serde(default)]
    pub id_number: String,
    /// The phone on record.
    #[serde(default)]
    pub mobile: String,
    /// What it holds.
    #[serde(default)]
    pub balance_minor: Option<i64>,
    /// Its state.
    #[serde(default)]
    pub state: Option<AccountState>,
    /// Largest single debit.
    #[serde(default)]
    pub single_limit_minor: Option<i64>,
    /// Largest sum of debits a day.
    #[serde(default)]
    pub daily_limit_minor: Option<i64>,
    /// Money that will come.
    #[serde(default)]
    pub income: Vec<Income>,
}

/// A change to an account; what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// Another state.
    pub state: Option<AccountState>,
    /// Another balance.
    pub balance_minor: Option<i64>,
    /// Another phone on record; mandates signed with the old one fall.
    pub mobile: Option<String>,
    /// Another limit for one debit.
    pub single_limit_minor: Option<i64>,
    /// Another limit for a day.
    pub daily_limit_minor: Option<i64>,
    /// Another schedule of money to come.
    pub income: Option<Vec<Income>>,
}

/// Why an account can't be opened or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Wrong shape of a number.
    #[error("a number has 8 to 34 digits")]
    BadNumber,
    /// Below zero.
    #[error("an amount is zero or more")]
    Negative,
    /// It is there already.
    #[error("an account of this number is open; change it instead")]
    Exists,
    /// It isn't there.
    #[error("no account of this number is open; open it first")]
    Absent,
}

fn not_negative(amounts: &[Option<i64>]) -> Result<(), EditError> {
    let negative = amounts.iter().flatten().any(|amount| *amount < 0);
    if negative { Err(EditError::Negative) } else { Ok(()) }
}

impl Sandbox {
    /// One account.
    pub fn account(&self, number: &str) -> Option<&Account> {
        self.bank.accounts.get(number)
    }

    /// What moved on an account, oldest first: which way, how much, when, under which order number.
    pub fn entries_of(&self, number: &str) -> Vec<(Direction, i64, Timestamp, String)> {
        let of_account = self.bank.entries.iter().filter(|(_, entry)| entry.account == number);
        let mut list: Vec<_> = of_account
            .map(|(_, entry)| (entry.direction, entry.amount_minor, entry.at, entry.order_no.clone()))
            .collect();
        list.sort_by_key(|(_, _, at, _)| *at);
        list
    }

    /// Opens an account by hand.
    pub fn open_account(&mut self, new: NewAccount) -> Result<&Account, EditError> {
        let digits = new.number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(8..=34).contains(&new.number.len()) {
            return Err(EditError::BadNumber);
        }
        not_negative(&[new.balance_minor, new.single_limit_minor, new.daily_limit_minor])?;
        if self.bank.accounts.get(&new.number).is_some() {
            return Err(EditError::Exists);
        }
        let mut account = plain_account(Elements {
            number: &new.number,
            holder_name: &new.holder_name,
            id_number: &new.id_number,
            mobile: &new.mobile,
        });
        account.balance_minor = new.balance_minor.unwrap_or(self.world.balance_minor);
        account.single_limit_minor = new.single_limit_minor.unwrap_or(self.world.single_limit_minor);
        account.daily_limit_minor = new.daily_limit_minor.unwrap_or(self.world.daily_limit_minor);
        account.state = new.state.unwrap_or(AccountState::Normal);
        account.income = new.income;
        self.bank.accounts.put(new.number.clone(), account);
        self.bank.accounts.get(&new.number).ok_or(EditError::Absent)
    }

    /// Changes an account by hand, after everything that was due has happened.
    pub fn change_account(
        &mut self,
        number: &str,
        change: AccountChange,
        now: Timestamp,
    ) -> Result<&Account, EditError> {
        self.advance(now);
        not_negative(&[change.balance_minor, change.single_limit_minor, change.daily_limit_minor])?;
        let changed = self.bank.accounts.edit(number, |account| {
            account.receive_income(now);
            if let Some(state) = change.state {
                account.state = state;
                account.turns = None;
            }
            account.balance_minor = change.balance_minor.unwrap_or(account.balance_minor);
            account.single_limit_minor = change.single_limit_minor.unwrap_or(account.single_limit_minor);
            account.daily_limit_minor = change.daily_limit_minor.unwrap_or(account.daily_limit_minor);
            if let Some(income) = change.income {
                account.income = income;
            }
        });
        changed.ok_or(EditError::Absent)?;
        if let Some(mobile) = &change.mobile {
            self.bank.change_phone(number, mobile);
        }
        self.bank.accounts.get(number).ok_or(EditError::Absent)
    }
}
