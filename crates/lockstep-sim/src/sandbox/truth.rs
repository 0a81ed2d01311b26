//! What really happened to the money, for oracles: the banks' entries, not what any channel said.

use std::collections::BTreeMap;

use lockstep_core::channel::Direction;
use serde::Serialize;

use super::Sandbox;

/// How often and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// How many entries.
    pub count: u64,
    /// Their sum.
    pub sum_minor: i64,
}

/// What really happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Debits of borrowers' accounts.
    pub debits: Moved,
    /// Credits to them.
    pub credits: Moved,
    /// Debits by payment: the 26 characters with which every order number of a payment begins.
    pub debits_by_payment: BTreeMap<String, Moved>,
    /// Credits by payment.
    pub credits_by_payment: BTreeMap<String, Moved>,
    /// Payments that moved money more than once, either way.
    pub double_debits: Vec<String>,
    /// Debits and credits by `channel/order_no`, in minor units.
    pub by_order: BTreeMap<String, i64>,
    /// How often each fault has struck, as `channel/kind`.
    pub faults: BTreeMap<String, u64>,
}

impl Sandbox {
    /// What really happened so far.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth { faults: self.faults.struck(), ..Truth::default() };
        for (key, entry) in self.bank.entries.iter() {
            let payment = entry.order_no.get(..26).unwrap_or(&entry.order_no).to_owned();
            let (all, by_payment) = match entry.direction {
                Direction::Collect => (&mut truth.debits, &mut truth.debits_by_payment),
                Direction::PayOut => (&mut truth.credits, &mut truth.credits_by_payment),
            };
            for moved in [all, by_payment.entry(payment).or_default()] {
                moved.count += 1;
                moved.sum_minor = moved.sum_minor.saturating_add(entry.amount_minor);
            }
            truth.by_order.insert(key.clone(), entry.amount_minor);
        }
        let doubled = truth.debits_by_payment.iter().chain(&truth.credits_by_payment);
        truth.double_debits =
            doubled.filter(|(_, moved)| moved.count > 1).map(|(payment, _)| payment.clone()).collect();
        truth
    }

    /// Whether a channel has this order in its book: it reached it, whatever became of it.
    pub fn knows_order(&self, rail: super::Rail, order_no: &str) -> bool {
        self.orders.get(&super::paying::key(rail, order_no)).is_some()
    }

    /// Debits grouped by payment.
    pub fn debits_by_payment_prefix(&self) -> BTreeMap<String, Moved> {
        self.truth().debits_by_payment
    }

    /// Payments that moved money more than once.
    pub fn double_debits(&self) -> Vec<String> {
        self.truth().double_debits
    }
}
