//! A bank that remembers what it executed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::effect::{MoneyOrder, RefundOrder, ReversalOrder, SignRequest};
use crate::time::{Day, Timestamp, Zone};

/// What happens to a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It never arrives.
    Request,
    /// It is executed, and the answer is lost.
    Answer,
    /// It is executed at the very end of the late-execution window.
    Late,
}

/// What a reversal did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    /// The money is back.
    Reversed,
    /// There was nothing to undo.
    NotFound,
}

/// The bank behind every channel.
#[derive(Default)]
pub(crate) struct Bank {
    /// Every execution, in order; an order number twice here is a double debit.
    pub(crate) executed: Vec<MoneyOrder>,
    /// Every refund, in order.
    pub(crate) given_back: Vec<RefundOrder>,
    /// Mandates by request number.
    pub(crate) signed: BTreeMap<String, String>,
    /// Codes that were texted, by request number.
    pub(crate) codes: BTreeMap<String, String>,
    /// What happens to the next requests; the rest arrive and are answered.
    pub(crate) losses: VecDeque<Loss>,
    /// What happens to the next reversals.
    pub(crate) reversal_losses: VecDeque<Loss>,
    /// This channel answers no questions.
    pub(crate) mute: Option<&'static str>,
    /// Asked about an order that was reversed, it goes on showing the order's old success.
    pub(crate) shows_reversed: bool,
    late: Vec<(Timestamp, MoneyOrder)>,
    late_reversals: Vec<(Timestamp, String)>,
    moments: BTreeMap<String, Timestamp>,
    reversed: BTreeSet<String>,
    late_refunds: Vec<(Timestamp, RefundOrder)>,
    /// What happens to the next refunds.
    pub(crate) refund_losses: VecDeque<Loss>,
}

impl Bank {
    /// Takes an order. `false` when it gives no answer.
    pub(crate) fn move_money(&mut self, order: &MoneyOrder, now: Timestamp, late_at: Timestamp) -> bool {
        self.settle(now);
        match self.losses.pop_front() {
            None => self.execute(order.clone(), now),
            Some(Loss::Answer) => {
                self.execute(order.clone(), now);
                return false;
            }
            Some(Loss::Request) => return false,
            Some(Loss::Late) => {
                self.late.push((late_at, order.clone()));
                return false;
            }
        }
        true
    }

    fn execute(&mut self, order: MoneyOrder, at: Timestamp) {
        self.moments.insert(order.order_no.clone(), at);
        self.executed.push(order);
    }

    /// Lets what is late happen.
    fn settle(&mut self, now: Timestamp) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        for (at, order) in due {
            self.execute(order, at);
        }
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late_reversals).into_iter().partition(|(at, _)| *at <= now);
        self.late_reversals = later;
        for (at, order_no) in due {
            if self.moments.get(&order_no).is_some_and(|executed| *executed <= at) {
                self.reversed.insert(order_no);
            }
        }
    }

    /// What it executed under a number by now, and shows.
    pub(crate) fn find(&mut self, order_no: &str, now: Timestamp) -> Option<&MoneyOrder> {
        self.settle(now);
        let shown = self.shows_reversed || !self.reversed.contains(order_no);
        self.executed.iter().find(|order| order.order_no == order_no && shown)
    }

    /// Undoes an order, if it has executed it. The same reversal again gets the same answer. `None` is silence.
    pub(crate) fn reverse(
        &mut self,
        order: &ReversalOrder,
        now: Timestamp,
        late_at: Timestamp,
    ) -> Option<Undone> {
        self.settle(now);
        let loss = self.reversal_losses.pop_front();
        match loss {
            Some(Loss::Request) => return None,
            Some(Loss::Late) => {
                self.late_reversals.push((late_at, order.order_no.clone()));
                return None;
            }
            Some(Loss::Answer) | None => {}
        }
        let undone = if self.moments.contains_key(&order.order_no) {
            self.reversed.insert(order.order_no.clone());
            Undone::Reversed
        } else {
            Undone::NotFound
        };
        (loss.is_none()).then_some(undone)
    }

    /// What stands in the statement of a day.
    pub(crate) fn listed(&mut self, order_no: &str, day: Day, now: Timestamp) -> Option<&MoneyOrder> {
        self.settle(now);
        let of_day = self.moments.get(order_no).is_some_and(|at| Day::of(*at, Zone::shanghai()) == day);
        let listed = of_day && !self.reversed.contains(order_no);
        self.executed.iter().find(|order| order.order_no == order_no && listed)
    }

    /// What was executed and not undone.
    pub(crate) fn kept(&self) -> Vec<&MoneyOrder> {
        self.executed.iter().filter(|order| !self.reversed.contains(&order.order_no)).collect()
    }

    /// Takes a refund. `false` when it gives no answer.
    pub(crate) fn give_back(&mut self, order: &RefundOrder, late_at: Timestamp) -> bool {
        match self.refund_losses.pop_front() {
            None => self.given_back.push(order.clone()),
            Some(Loss::Answer) => {
                self.given_back.push(order.clone());
                return false;
            }
            Some(Loss::Request) => return false,
            Some(Loss::Late) => {
                self.late_refunds.push((late_at, order.clone()));
                return false;
            }
        }
        true
    }

    /// What it gave back under a number by now.
    pub(crate) fn find_refund(&mut self, order_no: &str, now: Timestamp) -> Option<&RefundOrder> {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late_refunds).into_iter().partition(|(at, _)| *at <= now);
        self.late_refunds = later;
        self.given_back.extend(due.into_iter().map(|(_, order)| order));
        self.given_back.iter().find(|order| order.order_no == order_no)
    }

    /// Texts a code; the same request texts once.
    pub(crate) fn text(&mut self, request: &SignRequest) {
        let code = format!("{:06}", self.codes.len() + 1);
        self.codes.entry(request.request_no.clone()).or_insert(code);
    }

    /// Signs, if the code is the one it texted (or none is needed).
    pub(crate) fn sign(&mut self, request: &SignRequest, code: Option<&String>) -> Option<String> {
        let right = request.code.is_none() || self.codes.get(&request.request_no) == code;
        if !right {
            return None;
        }
        let agreement_no = format!("AG{}", request.request_no);
        self.signed.insert(request.request_no.clone(), agreement_no.clone());
        Some(agreement_no)
    }
}
