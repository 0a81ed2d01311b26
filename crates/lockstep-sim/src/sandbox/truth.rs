//! What really happened to the money, for oracles: the banks' entries, not what any channel said.

use std::collections::BTreeMap;

use lockstep_core::channel::Direction;
use lockstep_core::payment::Refund;
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

impl Moved {
    fn add(&mut self, amount_minor: i64) {
        self.count += 1;
        self.sum_minor = self.sum_minor.saturating_add(amount_minor);
    }
}

/// What really happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Debits of borrowers' accounts that were kept: what a reversal undid is no debit.
    pub debits: Moved,
    /// Debits that were undone.
    pub reversals: Moved,
    /// Credits to them.
    pub credits: Moved,
    /// Debits by payment: the 26 characters with which every order number of a payment begins.
    pub debits_by_payment: BTreeMap<String, Moved>,
    /// Credits by payment.
    pub credits_by_payment: BTreeMap<String, Moved>,
    /// What went back, as refunds or as credits under a refund's number.
    pub refunds: Moved,
    /// The same by payment.
    pub refunds_by_payment: BTreeMap<String, Moved>,
    /// Payments of which more went back than was taken.
    pub over_refunded: Vec<String>,
    /// Refunds (payment and refund number) that moved money more than once.
    pub double_refunds: Vec<String>,
    /// Payments that moved money more than once, either way; refunds don't count here.
    pub double_debits: Vec<String>,
    /// Debits and credits that were kept, by `channel/order_no`, in minor units.
    pub by_order: BTreeMap<String, i64>,
    /// How often each fault has struck, as `channel/kind`.
    pub faults: BTreeMap<String, u64>,
}

impl Sandbox {
    /// What really happened so far.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth { faults: self.faults.struck(), ..Truth::default() };
        let mut by_refund = BTreeMap::<String, u64>::new();
        for (key, entry) in self.bank.entries.iter() {
            if entry.reversed_at.is_some() {
                truth.reversals.add(entry.amount_minor);
                continue;
            }
            let payment = entry.order_no.get(..26).unwrap_or(&entry.order_no).to_owned();
            let refund = Refund::of_order_no(&entry.order_no);
            if let Some((_, number, _)) = refund {
                *by_refund.entry(format!("{payment}/{number}")).or_default() += 1;
            }
            let (all, by_payment) = match entry.direction {
                _ if refund.is_some() => (&mut truth.refunds, &mut truth.refunds_by_payment),
                Direction::Collect => (&mut truth.debits, &mut truth.debits_by_payment),
                Direction::PayOut => (&mut truth.credits, &mut truth.credits_by_payment),
            };
            for moved in [all, by_payment.entry(payment).or_default()] {
                moved.add(entry.amount_minor);
            }
            truth.by_order.insert(key.clone(), entry.amount_minor);
        }
        let doubled = truth.debits_by_payment.iter().chain(&truth.credits_by_payment);
        truth.double_debits =
            doubled.filter(|(_, moved)| moved.count > 1).map(|(payment, _)| payment.clone()).collect();
        let taken =
            |payment: &String| truth.debits_by_payment.get(payment).map_or(0, |moved| moved.sum_minor);
        let refunded = truth.refunds_by_payment.iter();
        truth.over_refunded = refunded
            .filter(|(payment, moved)| moved.sum_minor > taken(payment))
            .map(|(payment, _)| payment.clone())
            .collect();
        truth.double_refunds =
            by_refund.into_iter().filter(|(_, count)| *count > 1).map(|(refund, _)| refund).collect();
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
