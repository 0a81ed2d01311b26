//! Moving money, and answering what became of it.

use std::time::Duration;

use lockstep_channels::sandbox::wire::{
    GiveBack, Original, Pay, PayQuestion, PayQuestionReply, PayReply, WireNotice,
};
use lockstep_core::channel::Direction;
use lockstep_core::money::Currency;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::bank::Transfer;
use super::dice::Dice;
use super::fault::{Fault, Spot};
use super::finding::{Finding, Stage};
use super::rail::Rail;
use super::reaction::{self, DueNotice, Seal};
use super::signing::number_of;
use super::world::Elements;
use super::{Sandbox, Task};

/// An order that a channel knows of.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) rail: Rail,
    pub(super) pay: StoredPay,
    /// When the channel got it, which may be long before it looked at it.
    received_at: Timestamp,
    pub(super) settles_at: Timestamp,
    /// The result; `None` while it runs.
    pub(super) finding: Option<Finding>,
}

/// A request to move money that hangs somewhere.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Late {
    pub(super) rail: Rail,
    pub(super) pay: StoredPay,
    pub(super) received_at: Timestamp,
    pub(super) arrives_at: Timestamp,
}

/// When an order came, and the moment at which it is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub(super) received_at: Timestamp,
    pub(super) now: Timestamp,
}

/// A request as the channel's own book keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredPay {
    pub(super) order_no: String,
    direction: Direction,
    pub(super) amount_minor: i64,
    currency: Currency,
    agreement_no: Option<String>,
    account: Option<String>,
    holder_name: Option<String>,
    /// The number of the debit that this gives back.
    #[serde(default)]
    refund_of: Option<String>,
}

impl From<&Pay> for StoredPay {
    fn from(pay: &Pay) -> Self {
        Self {
            order_no: pay.order_no.clone(),
            direction: pay.direction,
            amount_minor: pay.amount_minor,
            currency: pay.currency,
            agreement_no: pay.agreement_no.clone(),
            account: pay.card_number.as_ref().map(|card| card.expose().to_owned()),
            holder_name: pay.holder_name.as_ref().map(|name| name.expose().to_owned()),
            refund_of: None,
        }
    }
}

impl From<&GiveBack> for StoredPay {
    fn from(back: &GiveBack) -> Self {
        Self {
            order_no: back.order_no.clone(),
            direction: Direction::PayOut,
            amount_minor: back.amount_minor,
            currency: back.currency,
            agreement_no: None,
            account: None,
            holder_name: None,
            refund_of: Some(back.original_no.clone()),
        }
    }
}

pub(super) fn key(rail: Rail, order_no: &str) -> String {
    format!("{}/{order_no}", rail.as_str())
}

impl Sandbox {
    pub(super) fn pay(&mut self, rail: Rail, pay: &StoredPay, now: Timestamp, dice: &mut Dice) -> PayReply {
        let finding = self.take_order(rail, pay, Moments { received_at: now, now }, dice);
        PayReply {
            order_no: pay.order_no.clone(),
            code: rail.code(finding, Stage::Pay).to_owned(),
            channel_ref: Some(number_of(rail, "T", &pay.order_no)),
            amount_minor: pay.amount_minor,
        }
    }

    /// Puts an order into the channel's book and runs it, now or when its time comes.
    pub(super) fn take_order(
        &mut self,
        rail: Rail,
        pay: &StoredPay,
        Moments { received_at, now }: Moments,
        dice: &mut Dice,
    ) -> Finding {
        let key = key(rail, &pay.order_no);
        if let Some(order) = self.orders.get(&key) {
            let same = order.pay == *pay && rail.manner().repeats_answer;
            return if same { order.finding.unwrap_or(Finding::Processing) } else { Finding::Duplicate };
        }
        if let Some(refused) = self.refuse(rail, pay, now) {
            // NetsUnion has no code for "closed now": it takes nothing and remembers nothing.
            if rail.code(refused, Stage::Pay) != rail.code(Finding::Processing, Stage::Pay) {
                let pay = pay.clone();
                let order = Order { rail, pay, received_at, settles_at: now, finding: Some(refused) };
                self.orders.put(key, order);
            }
            return refused;
        }
        let spot = Spot { rail, call: None, now };
        let think = match rail.manner().settles_ms {
            Some(_) if self.faults.hits(spot, dice, Fault::EarlyCallbacks {}) => 0,
            Some(range) => self.paced(dice.between(range)),
            None => 0,
        };
        let settles_at = now.plus(Duration::from_millis(think));
        let order = Order { rail, pay: pay.clone(), received_at, settles_at, finding: None };
        self.orders.put(key.clone(), order);
        if rail.manner().settles_ms.is_none() {
            return self.settle(&key, now);
        }
        self.agenda.insert((settles_at, Task::Settle(key)));
        Finding::Processing
    }

    /// Runs an order that is in the book.
    pub(super) fn settle(&mut self, key: &str, at: Timestamp) -> Finding {
        let Some(order) = self.orders.get(key).cloned() else {
            return Finding::NotFound;
        };
        if let Some(finding) = order.finding {
            return finding;
        }
        let finding = self.execute(order.rail, &order.pay, at);
        self.orders.edit(key, |order| order.finding = Some(finding));
        if order.rail.manner().notices {
            self.plan_notice(order.rail, &order.pay, finding, at);
        }
        finding
    }

    /// What a channel says before it looks at any account.
    fn refuse(&self, rail: Rail, pay: &StoredPay, now: Timestamp) -> Option<Finding> {
        let capability = rail.capability();
        let closed = !self.world.open_all_day && !capability.hours.open_at(now);
        // A refund is bounded by its debit, not by the limits of payments.
        if pay.refund_of.is_some() {
            return match capability.refund {
                None => Some(Finding::Unsupported),
                Some(_) => closed.then_some(Finding::OutsideHours),
            };
        }
        let Some(limits) = capability.limits(pay.direction) else {
            return Some(Finding::Unsupported);
        };
        let in_range = (limits.min_minor..=limits.max_minor).contains(&pay.amount_minor);
        if !in_range || pay.currency != limits.currency {
            return Some(Finding::AmountRange);
        }
        closed.then_some(Finding::OutsideHours)
    }

    fn execute(&mut self, rail: Rail, pay: &StoredPay, at: Timestamp) -> Finding {
        let transfer = Transfer { rail, order_no: &pay.order_no, amount_minor: pay.amount_minor, at };
        if let Some(original_no) = &pay.refund_of {
            return self.bank.give_back(transfer, original_no);
        }
        match pay.direction {
            Direction::Collect => self.bank.debit(transfer, pay.agreement_no.as_deref()),
            Direction::PayOut => {
                let (Some(number), Some(holder_name)) = (&pay.account, &pay.holder_name) else {
                    return Finding::NoSuchAccount;
                };
                self.bank.meet(&self.world, Elements { number, holder_name, id_number: "", mobile: "" }, at);
                self.bank.credit(transfer, number, holder_name)
            }
        }
    }

    fn plan_notice(&mut self, rail: Rail, pay: &StoredPay, finding: Finding, at: Timestamp) {
        let mut dice = Dice::of(self.world.seed, &key(rail, &pay.order_no));
        let dice = &mut dice;
        let spot = Spot { rail, call: None, now: at };
        if self.faults.hits(spot, dice, Fault::DropCallbacks {}) {
            return;
        }
        let mut notice = WireNotice {
            message_id: format!("{}-{}", rail.as_str(), pay.order_no),
            order_no: pay.order_no.clone(),
            code: rail.code(finding, Stage::Pay).to_owned(),
            channel_ref: Some(number_of(rail, "T", &pay.order_no)),
            amount_minor: pay.amount_minor,
        };
        if self.faults.hits(spot, dice, Fault::WrongAmount {}) {
            notice.amount_minor += 1;
        }
        if self.faults.hits(spot, dice, Fault::CrossTalk {}) {
            notice.code = rail.code(Finding::Done, Stage::Pay).to_owned();
            notice.amount_minor += 1;
        }
        if self.faults.hits(spot, dice, Fault::WrongOrder {}) {
            notice.order_no = self.unpaid_order(rail, &notice.order_no);
        }
        let forged = self.faults.hits(spot, dice, Fault::WrongSignature {});
        let seal = if forged { Seal::Forged } else { Seal::Genuine };
        let copies = self.faults.strike(spot, dice, |scripted| match scripted.fault {
            Fault::DuplicateCallbacks { copies } => Some(copies),
            _ => None,
        });
        for copy in 0..=copies.unwrap_or(0) {
            let delay = self.faults.strike(spot, dice, |scripted| match scripted.fault {
                Fault::DelayCallbacks { delay_s } => Some((delay_s, delay_s)),
                Fault::ReorderCallbacks { within_s } => Some((0, within_s)),
                _ => None,
            });
            let late_ms = delay.map_or(0, |(least, most)| dice.between((least * 1000, most * 1000)));
            let due_at = at.plus(Duration::from_millis(late_ms)).plus(Duration::from_millis(u64::from(copy)));
            let row = DueNotice { rail, due_at, body: reaction::notice_json(&notice), seal };
            self.notices.put(format!("{}-{copy}", notice.message_id), row);
        }
    }

    /// The end of the late-execution window of an order, by the channel's own book where it is in it: whoever asks may
    /// have a clock that is wrong.
    fn window_end(&self, rail: Rail, key: &str, sent_at: Timestamp) -> Timestamp {
        let received_at = self.orders.get(key).map_or(sent_at, |order| order.received_at);
        received_at.min(sent_at).plus(rail.capability().late_execution_window())
    }

    /// Another order that has not moved money, or a number that never was.
    fn unpaid_order(&self, rail: Rail, own: &str) -> String {
        let unpaid = |order: &Order| order.rail == rail && order.finding != Some(Finding::Done);
        let other = self.orders.iter().find(|(_, order)| unpaid(order) && order.pay.order_no != own);
        other.map_or_else(|| reaction::other(own), |(_, order)| order.pay.order_no.clone())
    }

    pub(super) fn pay_query(
        &mut self,
        rail: Rail,
        question: &PayQuestion,
        now: Timestamp,
        dice: &mut Dice,
    ) -> PayQuestionReply {
        let key = key(rail, &question.order_no);
        let spot = Spot { rail, call: None, now };
        let window_open = now < self.window_end(rail, &key, question.sent_at);
        let lies = self.faults.hits(spot, dice, Fault::LiesNotFound {})
            || (window_open && self.faults.hits(spot, dice, Fault::DeniesInWindow {}));
        if !lies && self.orders.get(&key).is_none() && rail.manner().closes_unseen {
            self.close_unseen(rail, &key, question, now);
        }
        let Some(order) = self.orders.get(&key).filter(|_| !lies).cloned() else {
            let code = rail.code(Finding::NotFound, Stage::Pay).to_owned();
            return PayQuestionReply { order_no: question.order_no.clone(), code, original: None };
        };
        let stale = self.faults.hits(spot, dice, Fault::StaleQuery {});
        let finding = order.finding.filter(|_| !stale).unwrap_or(Finding::Processing);
        PayQuestionReply {
            order_no: question.order_no.clone(),
            code: rail.code(Finding::Done, Stage::Pay).to_owned(),
            original: Some(Original {
                code: rail.code(finding, Stage::Pay).to_owned(),
                channel_ref: Some(number_of(rail, "T", &question.order_no)),
                amount_minor: order.pay.amount_minor,
            }),
        }
    }

    /// After its window a channel without a "no such order" code closes the number, so that it never runs.
    fn close_unseen(&mut self, rail: Rail, key: &str, question: &PayQuestion, now: Timestamp) {
        if now < question.sent_at.plus(rail.capability().late_execution_window()) {
            return;
        }
        self.orders.put(key.to_owned(), Order::closed_unseen(rail, &question.order_no, now));
    }
}

impl Order {
    /// A number that was closed before its order came, so that it never runs.
    pub(super) fn closed_unseen(rail: Rail, order_no: &str, now: Timestamp) -> Self {
        let pay = StoredPay {
            order_no: order_no.to_owned(),
            direction: Direction::Collect,
            amount_minor: 0,
            currency: Currency::CNY,
            agreement_no: None,
            account: None,
            holder_name: None,
            refund_of: None,
        };
        Self { rail, pay, received_at: now, settles_at: now, finding: Some(Finding::ClosedUnseen) }
    }
}
