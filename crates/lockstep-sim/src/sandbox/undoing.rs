//! Undoing a debit, and the statement of a day.

use lockstep_channels::sandbox::wire::{
    Original, PayReverse, ReverseReply, StatementQuestion, StatementReply,
};
use lockstep_core::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Stage};
use super::paying::{Order, key};
use super::rail::Rail;
use super::signing::number_of;
use super::{Sandbox, Task};

/// A reversal that hangs somewhere.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LateReversal {
    pub(super) rail: Rail,
    pub(super) order_no: String,
    pub(super) arrives_at: Timestamp,
}

impl Sandbox {
    pub(super) fn hold_back_reversal(&mut self, rail: Rail, reversal: &PayReverse, arrives_at: Timestamp) {
        let key = key(rail, &reversal.reversal_no);
        let late = LateReversal { rail, order_no: reversal.order_no.clone(), arrives_at };
        self.late_reversals.put(key.clone(), late);
        self.agenda.insert((arrives_at, Task::Undo(key)));
    }

    pub(super) fn pay_reverse(&mut self, rail: Rail, reversal: &PayReverse, now: Timestamp) -> ReverseReply {
        let finding = self.undo(rail, &reversal.order_no, now);
        ReverseReply {
            reversal_no: reversal.reversal_no.clone(),
            order_no: reversal.order_no.clone(),
            code: rail.code(finding, Stage::Pay).to_owned(),
            amount_minor: reversal.amount_minor,
        }
    }

    /// Undoes an order. Doing it again finds the same.
    pub(super) fn undo(&mut self, rail: Rail, order_no: &str, now: Timestamp) -> Finding {
        let Some(rules) = &rail.capability().reversal else {
            return Finding::Unsupported;
        };
        let key = key(rail, order_no);
        let Some(order) = self.orders.get(&key) else {
            if rules.blocks_late_original {
                self.orders.put(key, Order::closed_unseen(rail, order_no, now));
            }
            return Finding::NotFound;
        };
        match order.finding {
            None => Finding::Processing,
            Some(Finding::ClosedUnseen) => Finding::NotFound,
            // The reversal is struck from the channel's book together with what it undoes.
            Some(Finding::Done) => {
                let undone = self.bank.reverse(&key, now);
                if undone == Finding::Done {
                    self.orders.edit(&key, |order| order.finding = Some(Finding::Reversed));
                }
                undone
            }
            // Of what was refused nothing has to be undone.
            Some(_) => Finding::Done,
        }
    }

    /// What the statement of a day says. It lists what was executed on that day and kept.
    pub(super) fn statement(
        &self,
        rail: Rail,
        question: &StatementQuestion,
        now: Timestamp,
    ) -> StatementReply {
        let (order_no, day) = (question.order_no.clone(), question.day);
        let rules = rail.capability().statement.as_ref().filter(|rules| now >= rules.ready(day));
        let entry = self.bank.entries.get(&key(rail, &order_no));
        let line = entry
            .zip(rules)
            .filter(|(entry, rules)| entry.reversed_at.is_none() && Day::of(entry.at, &rules.zone) == day);
        let line = line.map(|(entry, _)| Original {
            code: rail.code(Finding::Done, Stage::Pay).to_owned(),
            channel_ref: Some(number_of(rail, "T", &order_no)),
            amount_minor: entry.amount_minor,
        });
        StatementReply { order_no, day, ready: rules.is_some(), line }
    }
}
