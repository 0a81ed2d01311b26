//! What the simulated population is like.

use std::time::Duration;

use lockstep_core::binding::InstrumentKind;
use lockstep_core::check::{CardKind, check_card};
use lockstep_core::sensitive::CardNumber;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountState, Income, Turn, Used};
use super::dice::Dice;

/// How many in a thousand accounts have which trouble, and how large things are. An account that the sandbox
/// meets for the first time opens itself from a hash of seed and number, so it is the same in every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// Everything that happens by chance to an account follows from this.
    pub seed: u64,
    /// What an account holds when it opens, in minor units.
    pub balance_minor: i64,
    /// Largest single debit the bank allows.
    pub single_limit_minor: i64,
    /// Largest sum of debits a day the bank allows.
    pub daily_limit_minor: i64,
    /// Accounts without money until their income arrives.
    pub no_funds_permille: u16,
    /// Days until that income, 1 to this many.
    pub income_after_days: u16,
    /// Accounts that become frozen.
    pub frozen_permille: u16,
    /// Cards that are reported lost.
    pub lost_permille: u16,
    /// Accounts that are closed.
    pub closed_permille: u16,
    /// Days after the first meeting until those three happen; 0 for at once.
    pub trouble_after_days: u16,
    /// Accounts whose bank has another phone on record.
    pub phone_mismatch_permille: u16,
    /// Accounts with a low daily limit.
    pub low_daily_limit_permille: u16,
    /// That limit.
    pub low_daily_limit_minor: i64,
    /// How long channels think, in thousandths of the usual; 0 for not at all.
    pub pace_permille: u16,
    /// Channels never close for the night: for trying things out in real time, at whatever hour that happens to be.
    pub open_all_day: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            seed: 1,
            balance_minor: 5_000_000,
            single_limit_minor: 5_000_000,
            daily_limit_minor: 20_000_000,
            no_funds_permille: 0,
            income_after_days: 3,
            frozen_permille: 0,
            lost_permille: 0,
            closed_permille: 0,
            trouble_after_days: 0,
            phone_mismatch_permille: 0,
            low_daily_limit_permille: 0,
            low_daily_limit_minor: 10_000,
            pace_permille: 1000,
            open_all_day: false,
        }
    }
}

/// The four elements as somebody gave them.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    pub(super) number: &'a str,
    pub(super) holder_name: &'a str,
    pub(super) id_number: &'a str,
    pub(super) mobile: &'a str,
}

impl World {
    /// Opens an account that nobody opened by hand.
    pub(super) fn open(&self, elements: Elements<'_>, now: Timestamp) -> Account {
        let mut dice = Dice::of(self.seed, elements.number);
        let mut account = plain_account(elements);
        let trouble = self.trouble(&mut dice);
        let turns_at = now.plus(days(u64::from(self.trouble_after_days)));
        account.turns = trouble.map(|state| Turn { at: turns_at, state });
        account.balance_minor = self.balance_minor;
        account.single_limit_minor = self.single_limit_minor;
        account.daily_limit_minor = self.daily_limit_minor;
        if dice.hits(self.no_funds_permille) {
            let wait = dice.between((1, u64::from(self.income_after_days.max(1))));
            account.balance_minor = 0;
            account.income = vec![Income { at: now.plus(days(wait)), amount_minor: self.balance_minor }];
        }
        if dice.hits(self.phone_mismatch_permille) {
            account.mobile = other_phone(elements.mobile);
        }
        if dice.hits(self.low_daily_limit_permille) {
            account.daily_limit_minor = self.low_daily_limit_minor;
        }
        account
    }

    fn trouble(&self, dice: &mut Dice) -> Option<AccountState> {
        let mut roll = dice.below(1000);
        for (permille, state) in [
            (self.frozen_permille, AccountState::Frozen),
            (self.lost_permille, AccountState::Lost),
            (self.closed_permille, AccountState::Closed),
        ] {
            match roll.checked_sub(u64::from(permille)) {
                None => return Some(state),
                Some(rest) => roll = rest,
            }
        }
        None
    }
}

/// An account in good order with what a number says about itself.
pub(super) fn plain_account(elements: Elements<'_>) -> Account {
    let world = World::default();
    let facts = check_card(&CardNumber::new(elements.number.to_owned())).facts;
    let kind = match facts.as_ref().map(|facts| facts.kind) {
        Some(CardKind::Credit | CardKind::SemiCredit) => InstrumentKind::CreditCard,
        Some(CardKind::Debit | CardKind::Prepaid) => InstrumentKind::DebitCard,
        Some(CardKind::Unknown) | None => InstrumentKind::BankAccount,
    };
    Account {
        number: elements.number.to_owned(),
        holder_name: elements.holder_name.to_owned(),
        id_number: elements.id_number.to_owned(),
        mobile: elements.mobile.to_owned(),
        issuer: facts.and_then(|facts| facts.issuer).map(|issuer| issuer.code.to_owned()),
        kind,
        balance_minor: world.balance_minor,
        state: AccountState::Normal,
        turns: None,
        single_limit_minor: world.single_limit_minor,
        daily_limit_minor: world.daily_limit_minor,
        used: Used::default(),
        income: Vec::new(),
    }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// The same phone with another last digit.
fn other_phone(mobile: &str) -> String {
    let last = mobile.chars().last().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    let stem: String = mobile.chars().take(mobile.chars().count().saturating_sub(1)).collect();
    format!("{stem}{}", (last + 1) % 10)
}
