//! A bank that remembers what it executed.

use std::collections::{BTreeMap, VecDeque};

use crate::effect::{MoneyOrder, RefundOrder, SignRequest};
use crate::time::Timestamp;

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
    late: Vec<(Timestamp, MoneyOrder)>,
    late_refunds: Vec<(Timestamp, RefundOrder)>,
    /// What happens to the next refunds.
    pub(crate) refund_losses: VecDeque<Loss>,
}

impl Bank {
    /// Takes an order. `false` when it gives no answer.
    pub(crate) fn move_money(&mut self, order: &MoneyOrder, late_at: Timestamp) -> bool {
        match self.losses.pop_front() {
            None => self.executed.push(order.clone()),
            Some(Loss::Answer) => {
                self.executed.push(order.clone());
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

    /// What it executed under a number by now.
    pub(crate) fn find(&mut self, order_no: &str, now: Timestamp) -> Option<&MoneyOrder> {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(Timestamp, MoneyOrder)> = due;
        self.executed.extend(due.into_iter().map(|(_, order)| order));
        self.executed.iter().find(|order| order.order_no == order_no)
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
