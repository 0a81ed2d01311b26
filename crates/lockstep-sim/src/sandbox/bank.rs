//! The banks: accounts, mandates, and the entries that are the truth about money.

use std::time::Duration;

use lockstep_core::channel::Direction;
use lockstep_core::time::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountState};
use super::finding::Finding;
use super::rail::Rail;
use super::shelf::Shelf;
use super::world::{Elements, World};

/// Whether a mandate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AgreementState {
    /// It holds.
    Live,
    /// It was ended.
    Cancelled,
    /// It fell when the phone on record changed.
    Void,
}

/// A mandate as the channel and the bank keep it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Agreement {
    pub(super) rail: Rail,
    pub(super) account: String,
    pub(super) state: AgreementState,
}

/// Money that moved.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) order_no: String,
    pub(super) account: String,
    pub(super) direction: Direction,
    pub(super) amount_minor: i64,
    pub(super) at: Timestamp,
    /// When the channel undid it.
    #[serde(default)]
    pub(super) reversed_at: Option<Timestamp>,
    /// The debit that it gives back, as `channel/order_no`.
    #[serde(default)]
    pub(super) refund_of: Option<String>,
}

pub(super) struct Bank {
    pub(super) accounts: Shelf<Account>,
    pub(super) agreements: Shelf<Agreement>,
    pub(super) entries: Shelf<Entry>,
}

/// A debit or credit as a channel asks for it.
#[derive(Clone, Copy)]
pub(super) struct Transfer<'a> {
    pub(super) rail: Rail,
    pub(super) order_no: &'a str,
    pub(super) amount_minor: i64,
    pub(super) at: Timestamp,
}

impl Transfer<'_> {
    /// One order moves money at most once on one channel. Another channel is another order.
    fn key(&self) -> String {
        format!("{}/{}", self.rail.as_str(), self.order_no)
    }
}

impl Bank {
    pub(super) fn new() -> Self {
        Self {
            accounts: Shelf::new("account"),
            agreements: Shelf::new("agreement"),
            entries: Shelf::new("entry"),
        }
    }

    /// The account of a number, opened by itself if it was never seen.
    pub(super) fn meet(&mut self, world: &World, elements: Elements<'_>, now: Timestamp) {
        if self.accounts.get(elements.number).is_none() {
            self.accounts.put(elements.number.to_owned(), world.open(elements, now));
        }
    }

    /// Compares the four elements and looks at the state.
    pub(super) fn check(&self, elements: Elements<'_>, now: Timestamp) -> Finding {
        let Some(account) = self.accounts.get(elements.number) else {
            return Finding::NoSuchAccount;
        };
        let state = account.state_at(now);
        if account.holder_name != elements.holder_name {
            Finding::NameMismatch
        } else if account.id_number != elements.id_number {
            Finding::IdMismatch
        } else if account.mobile != elements.mobile {
            Finding::PhoneMismatch
        } else if state != AccountState::Normal {
            Finding::State(state)
        } else {
            Finding::Done
        }
    }

    /// Debits on a mandate, or says why not.
    pub(super) fn debit(&mut self, transfer: Transfer<'_>, agreement_no: Option<&str>) -> Finding {
        if self.entries.get(&transfer.key()).is_some() {
            return Finding::Done;
        }
        let agreement = agreement_no.and_then(|number| self.agreements.get(number));
        let account = match agreement.filter(|agreement| agreement.rail == transfer.rail) {
            None => return Finding::NoMandate,
            Some(agreement) => match agreement.state {
                AgreementState::Live => agreement.account.clone(),
                AgreementState::Cancelled => return Finding::MandateCancelled,
                AgreementState::Void => return Finding::MandateVoid,
            },
        };
        let taken = self.accounts.edit(&account, |account| account.take(transfer.amount_minor, transfer.at));
        let finding = taken.unwrap_or(Finding::NoSuchAccount);
        if finding == Finding::Done {
            self.enter(transfer, account, Direction::Collect, None);
        }
        finding
    }

    /// Credits an account of this holder, or says why not. Frozen accounts still receive.
    pub(super) fn credit(&mut self, transfer: Transfer<'_>, number: &str, holder_name: &str) -> Finding {
        if self.entries.get(&transfer.key()).is_some() {
            return Finding::Done;
        }
        let Some(account) = self.accounts.get(number) else {
            return Finding::NoSuchAccount;
        };
        if account.holder_name != holder_name {
            return Finding::NameMismatch;
        }
        if account.state_at(transfer.at) == AccountState::Closed {
            return Finding::State(AccountState::Closed);
        }
        self.accounts.edit(number, |account| {
            account.balance_minor = account.balance_minor.saturating_add(transfer.amount_minor);
        });
        self.enter(transfer, number.to_owned(), Direction::PayOut, None);
        Finding::Done
    }

    /// Undoes a debit of the same day. Yesterday's are settled. Undoing it again changes nothing.
    pub(super) fn reverse(&mut self, key: &str, at: Timestamp) -> Finding {
        let day = |moment: Timestamp| moment.day_in(Zone::shanghai());
        let Some(entry) = self.entries.get(key).cloned() else {
            return Finding::NotFound;
        };
        if entry.reversed_at.is_some() {
            return Finding::Done;
        }
        if day(entry.at) != day(at) {
            return Finding::AlreadySettled;
        }
        self.accounts.edit(&entry.account, |account| account.take_back(entry.amount_minor, entry.at));
        self.entries.edit(key, |entry| entry.reversed_at = Some(at));
        Finding::Done
    }

    /// Gives a debit back, whole or in part, if all that was given back of it stays within it, it isn't too old and the
    /// account still takes money.
    pub(super) fn give_back(&mut self, transfer: Transfer<'_>, original_no: &str) -> Finding {
        if self.entries.get(&transfer.key()).is_some() {
            return Finding::Done;
        }
        let original_key = Transfer { order_no: original_no, ..transfer }.key();
        let Some(original) = self.entries.get(&original_key) else { return Finding::RefundNotAllowed };
        let Some(rules) = transfer.rail.capability().refund else { return Finding::Unsupported };
        let ends = original.at.plus(Duration::from_secs(u64::from(rules.max_age_days) * 86_400));
        let given_back: i64 = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.refund_of.as_ref() == Some(&original_key))
            .map(|(_, entry)| entry.amount_minor)
            .sum();
        let left = original.amount_minor.saturating_sub(given_back);
        let whole = transfer.amount_minor == original.amount_minor;
        let allowed = original.direction == Direction::Collect
            && original.reversed_at.is_none()
            && transfer.at < ends
            && (1..=left).contains(&transfer.amount_minor)
            && (rules.partial || whole);
        if !allowed {
            return Finding::RefundNotAllowed;
        }
        let account = original.account.clone();
        match self.accounts.get(&account).map(|account| account.state_at(transfer.at)) {
            None => return Finding::NoSuchAccount,
            Some(AccountState::Closed) => return Finding::State(AccountState::Closed),
            Some(_) => {}
        }
        self.accounts.edit(&account, |account| {
            account.balance_minor = account.balance_minor.saturating_add(transfer.amount_minor);
        });
        self.enter(transfer, account, Direction::PayOut, Some(original_key));
        Finding::Done
    }

    fn enter(
        &mut self,
        transfer: Transfer<'_>,
        account: String,
        direction: Direction,
        refund_of: Option<String>,
    ) {
        let Transfer { order_no, amount_minor, at, .. } = transfer;
        let order_no = order_no.to_owned();
        let entry = Entry { order_no, account, direction, amount_minor, at, reversed_at: None, refund_of };
        self.entries.put(transfer.key(), entry);
    }

    /// Whether a channel has paid something to this account: what a micro-deposit proof rests on.
    pub(super) fn was_credited(&self, rail: Rail, number: &str) -> bool {
        let prefix = format!("{}/", rail.as_str());
        let on_rail = self.entries.iter().filter(|(key, _)| key.starts_with(&prefix));
        on_rail
            .into_iter()
            .filter(|(_, entry)| entry.refund_of.is_none())
            .any(|(_, entry)| entry.direction == Direction::PayOut && entry.account == number)
    }

    /// Puts another phone on record; every mandate signed with the old one falls.
    pub(super) fn change_phone(&mut self, number: &str, mobile: &str) {
        let changed = self.accounts.edit(number, |account| {
            let changed = account.mobile != mobile;
            account.mobile = mobile.to_owned();
            changed
        });
        if changed != Some(true) {
            return;
        }
        let of_account = self.agreements.iter().filter(|(_, agreement)| agreement.account == number);
        let fallen: Vec<_> = of_account
            .filter(|(_, agreement)| agreement.state == AgreementState::Live)
            .map(|(key, _)| key.clone())
            .collect();
        for key in fallen {
            self.agreements.edit(&key, |agreement| agreement.state = AgreementState::Void);
        }
    }
}
