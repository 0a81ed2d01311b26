//! A pure model of banks and channels. No I/O and no clock: the moment and the dice come in with each call, so
//! the same calls give the same bytes.
//!
//! `bank` holds accounts, mandates and entries; `signing` and `paying` are what every channel does with them;
//! `unionpay`, `netsunion` and `bankdirect` say how each differs; `fault` says what goes wrong.

mod account;
mod bank;
mod bankdirect;
mod dice;
mod edit;
mod fault;
mod finding;
mod netsunion;
mod paying;
mod rail;
mod reaction;
mod shelf;
mod signing;
mod truth;
mod undoing;
mod unionpay;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use lockstep_channels::sandbox::wire::{Call, WireRequest};
use lockstep_core::time::Timestamp;

pub use self::account::{Account, AccountState, Income, Turn, Used};
pub use self::dice::Dice;
pub use self::edit::{AccountChange, EditError, NewAccount};
pub use self::fault::{Fault, Script, Scripted};
pub use self::finding::{Finding, Stage};
pub use self::rail::Rail;
pub use self::reaction::{DueNotice, Reaction, Reply, Seal};
pub use self::signing::Message;
pub use self::truth::{Moved, Truth};
pub use self::world::World;

use self::bank::Bank;
use self::fault::{FaultBook, Spot};
use self::paying::{Late, Moments, Order, StoredPay};
use self::reaction::Answer;
use self::shelf::Shelf;
use self::signing::Signing;
use self::undoing::LateReversal;

/// Something that runs by itself when its time comes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// A late request arrives.
    Arrive(String),
    /// An order in a channel's book runs.
    Settle(String),
    /// A late reversal arrives.
    Undo(String),
}

/// Banks and channels with everything they remember.
pub struct Sandbox {
    world: World,
    bank: Bank,
    signings: Shelf<Signing>,
    messages: Shelf<Vec<Message>>,
    orders: Shelf<Order>,
    late: Shelf<Late>,
    late_reversals: Shelf<LateReversal>,
    notices: Shelf<DueNotice>,
    faults: FaultBook,
    agenda: BTreeSet<(Timestamp, Task)>,
}

/// A stored record that can't be taken back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// No shelf has this name.
    #[error("the record {0} belongs nowhere")]
    UnknownShelf(String),
    /// The JSON doesn't fit.
    #[error("the record {0} can't be read: {1}")]
    Unreadable(String, serde_json::Error),
}

impl Sandbox {
    /// A new world in which nothing has happened.
    pub fn new(world: World) -> Self {
        Self {
            world,
            bank: Bank::new(),
            signings: Shelf::new("signing"),
            messages: Shelf::new("messages"),
            orders: Shelf::new("order"),
            late: Shelf::new("late"),
            late_reversals: Shelf::new("late-reversal"),
            notices: Shelf::new("notice"),
            faults: FaultBook::new(),
            agenda: BTreeSet::new(),
        }
    }

    /// One request to one channel.
    pub fn handle(&mut self, rail: Rail, request: &WireRequest, now: Timestamp, dice: &mut Dice) -> Reaction {
        self.advance(now);
        let spot = Spot { rail, call: Some(request.call()), now };
        if self.faults.strike(spot, dice, |scripted| fault::is_down(scripted, now).then_some(())).is_some() {
            return Reaction::Refused;
        }
        if self.faults.hits(spot, dice, Fault::LoseRequest {}) {
            return Reaction::NoReply;
        }
        if matches!(request, WireRequest::Pay(_) | WireRequest::Refund(_) | WireRequest::PayReverse(_)) {
            let delay = self.faults.strike(spot, dice, |scripted| match scripted.fault {
                Fault::LateExecution { delay_s } => Some(delay_s),
                _ => None,
            });
            if let Some(delay_s) = delay {
                self.hold_back(rail, request, now, Duration::from_secs(delay_s));
                return Reaction::NoReply;
            }
        }
        let answer = match request {
            WireRequest::SignCode(step) => Answer::Sign(self.sign_code(rail, step, now, dice)),
            WireRequest::SignConfirm(step) => Answer::Sign(self.sign_confirm(rail, step, now)),
            WireRequest::SignQuery(question) => Answer::Sign(self.sign_query(rail, question, now)),
            WireRequest::SignCancel(request) => Answer::Cancel(self.sign_cancel(rail, request)),
            WireRequest::Refund(back) => Answer::Pay(self.pay(rail, &back.into(), now, dice)),
            WireRequest::Pay(pay) => {
                if self.faults.hits(spot, dice, Fault::DuplicateRequest {}) {
                    self.pay(rail, &pay.into(), now, dice);
                }
                Answer::Pay(self.pay(rail, &pay.into(), now, dice))
            }
            WireRequest::PayQuery(question) => Answer::PayQuestion(self.pay_query(rail, question, now, dice)),
            WireRequest::PayReverse(reversal) => Answer::Reverse(self.pay_reverse(rail, reversal, now)),
            WireRequest::Statement(question) => Answer::Statement(self.statement(rail, question, now)),
        };
        self.let_out(answer, spot, dice)
    }

    /// Lets a request hang somewhere until later.
    fn hold_back(&mut self, rail: Rail, request: &WireRequest, now: Timestamp, delay: Duration) {
        let arrives_at = now.plus(delay);
        let pay: StoredPay = match request {
            WireRequest::Pay(pay) => pay.into(),
            WireRequest::Refund(back) => back.into(),
            WireRequest::PayReverse(reversal) => return self.hold_back_reversal(rail, reversal, arrives_at),
            _ => return,
        };
        let key = paying::key(rail, &pay.order_no);
        self.late.put(key.clone(), Late { rail, pay, received_at: now, arrives_at });
        self.agenda.insert((arrives_at, Task::Arrive(key)));
    }

    /// What may happen to a reply on its way out.
    fn let_out(&mut self, mut answer: Answer, spot: Spot, dice: &mut Dice) -> Reaction {
        let did_something =
            matches!(spot.call, Some(Call::Pay | Call::Refund | Call::PayReverse | Call::SignConfirm));
        if did_something && self.faults.hits(spot, dice, Fault::ExecuteThenTimeout {}) {
            return Reaction::NoReply;
        }
        if self.faults.hits(spot, dice, Fault::LoseAnswer {}) {
            return Reaction::NoReply;
        }
        let mixed_up = self.somebody_elses(spot.rail, &answer);
        let mixed_up = mixed_up.filter(|_| self.faults.hits(spot, dice, Fault::CrossTalk {}));
        if let Some((code, amount_minor)) = mixed_up {
            answer.mix_up(code, amount_minor);
        }
        if mixed_up.is_none() && self.faults.hits(spot, dice, Fault::WrongAmount {}) {
            answer.change_amount();
        }
        if self.faults.hits(spot, dice, Fault::WrongOrder {}) {
            let code = spot.rail.code(Finding::Done, Stage::Pay);
            match answer.order_no().and_then(|own| self.another_order(spot.rail, own)) {
                Some((order_no, amount_minor)) => answer.stray(&order_no, code, amount_minor),
                None => answer.change_order(),
            }
        }
        let mut reply = Reply { status: 200, body: answer.json(), seal: Seal::Genuine };
        if self.faults.hits(spot, dice, Fault::MalformedBody {}) {
            reply.body.truncate(reply.body.len() / 2);
        }
        if self.faults.hits(spot, dice, Fault::WrongSignature {}) {
            reply.seal = Seal::Forged;
        }
        if self.faults.hits(spot, dice, Fault::HtmlPage {}) {
            let page = b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec();
            reply = Reply { status: 200, body: page, seal: Seal::Absent };
        }
        if self.faults.hits(spot, dice, Fault::ServerError {}) {
            reply = Reply { status: 503, body: Vec::new(), seal: Seal::Absent };
        }
        let slower = self.faults.strike(spot, dice, |scripted| match scripted.fault {
            Fault::Slow { extra_ms } | Fault::SlowBody { extra_ms } => Some(extra_ms),
            _ => None,
        });
        let after_ms = self.paced(dice.between(spot.rail.manner().reply_ms)) + slower.unwrap_or(0);
        Reaction::Reply { after_ms, reply }
    }

    /// Another order of the channel that moved money, with its amount: the next one in its book.
    fn another_order(&self, rail: Rail, own: &str) -> Option<(String, i64)> {
        let moved =
            |(_, order): &(&String, &Order)| order.rail == rail && order.finding == Some(Finding::Done);
        let others = || self.orders.iter().filter(moved).filter(|(_, order)| order.pay.order_no != own);
        let next = others().find(|(_, order)| order.pay.order_no.as_str() > own).or_else(|| others().next());
        next.map(|(_, order)| (order.pay.order_no.clone(), order.pay.amount_minor))
    }

    /// A success with an amount that isn't this order's; `None` when the channel doesn't know what that would be.
    fn somebody_elses(&self, rail: Rail, answer: &Answer) -> Option<(&'static str, i64)> {
        let own = answer.order_no()?;
        let ours = self.orders.get(&paying::key(rail, own))?.pay.amount_minor;
        // An order that was closed before it was seen has no amount yet, so no amount could be told apart from it.
        if ours == 0 {
            return None;
        }
        let theirs = self.another_order(rail, own).map_or(ours, |(_, amount_minor)| amount_minor);
        let differs = if theirs == ours { theirs + 1 } else { theirs };
        Some((rail.code(Finding::Done, Stage::Pay), differs))
    }

    fn paced(&self, usual_ms: u64) -> u64 {
        usual_ms * u64::from(self.world.pace_permille) / 1000
    }

    /// Runs everything whose time has come, each at its own time and in order.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some((at, task)) = self.agenda.first().cloned().filter(|(at, _)| *at <= now) {
            self.agenda.pop_first();
            match task {
                Task::Arrive(key) => {
                    if let Some(late) = self.late.remove(&key) {
                        let mut dice = Dice::of(self.world.seed, &key);
                        let moments = Moments { received_at: late.received_at, now: at };
                        self.take_order(late.rail, &late.pay, moments, &mut dice);
                    }
                }
                Task::Settle(key) => {
                    self.settle(&key, at);
                }
                Task::Undo(key) => {
                    if let Some(late) = self.late_reversals.remove(&key) {
                        self.undo(late.rail, &late.order_no, at);
                    }
                }
            }
        }
    }

    /// Takes the notices that are due, earliest first. They are the caller's to deliver from then on.
    pub fn due_notices(&mut self, now: Timestamp) -> Vec<DueNotice> {
        self.advance(now);
        let due = self.notices.iter().filter(|(_, notice)| notice.due_at <= now);
        let mut keys: Vec<_> = due.map(|(key, notice)| (notice.due_at, key.clone())).collect();
        keys.sort();
        keys.into_iter().filter_map(|(_, key)| self.notices.remove(&key)).collect()
    }

    /// When something will next happen by itself, if anything will.
    pub fn next_due(&self) -> Option<Timestamp> {
        let task = self.agenda.first().map(|(at, _)| *at);
        let notice = self.notices.iter().map(|(_, notice)| notice.due_at).min();
        [task, notice].into_iter().flatten().min()
    }

    /// Whether a channel can't be reached at this moment.
    pub fn is_down(&self, rail: Rail, now: Timestamp) -> bool {
        self.faults.unreachable(rail, now)
    }

    /// Adds faults to those in force.
    pub fn add_faults(&mut self, script: &Script, now: Timestamp) {
        self.advance(now);
        self.faults.add(script, now);
    }

    /// Ends all faults. Requests that already hang still arrive.
    pub fn clear_faults(&mut self) {
        self.faults.scripted.clear();
    }

    /// The codes that were texted to a phone, oldest first.
    pub fn messages(&self, mobile: &str) -> &[Message] {
        self.messages.get(mobile).map_or(&[], Vec::as_slice)
    }

    /// What changed since the last time, as `(key, JSON)` for a key-value table; the JSON `null` means that the
    /// record is gone. The rows hold what a bank knows of its customers: keep them apart from the product's own.
    pub fn take_dirty(&mut self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        self.bank.accounts.take_dirty(&mut out);
        self.bank.agreements.take_dirty(&mut out);
        self.bank.entries.take_dirty(&mut out);
        self.signings.take_dirty(&mut out);
        self.messages.take_dirty(&mut out);
        self.orders.take_dirty(&mut out);
        self.late.take_dirty(&mut out);
        self.late_reversals.take_dirty(&mut out);
        self.notices.take_dirty(&mut out);
        self.faults.scripted.take_dirty(&mut out);
        self.faults.counts.take_dirty(&mut out);
        out
    }

    /// Takes stored records back, in any order, into a new sandbox of the same world.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = (String, String)>) -> Result<(), RestoreError> {
        for (key, json) in rows {
            let taken = self
                .restore_one(&key, &json)
                .map_err(|error| RestoreError::Unreadable(key.clone(), error))?;
            if !taken {
                return Err(RestoreError::UnknownShelf(key));
            }
        }
        let running = self.orders.iter().filter(|(_, order)| order.finding.is_none());
        self.agenda = running.map(|(key, order)| (order.settles_at, Task::Settle(key.clone()))).collect();
        self.agenda.extend(self.late.iter().map(|(key, late)| (late.arrives_at, Task::Arrive(key.clone()))));
        let undoing = self.late_reversals.iter();
        self.agenda.extend(undoing.map(|(key, late)| (late.arrives_at, Task::Undo(key.clone()))));
        Ok(())
    }

    fn restore_one(&mut self, key: &str, json: &str) -> Result<bool, serde_json::Error> {
        Ok(self.bank.accounts.restore(key, json)?
            || self.bank.agreements.restore(key, json)?
            || self.bank.entries.restore(key, json)?
            || self.signings.restore(key, json)?
            || self.messages.restore(key, json)?
            || self.orders.restore(key, json)?
            || self.late.restore(key, json)?
            || self.late_reversals.restore(key, json)?
            || self.notices.restore(key, json)?
            || self.faults.scripted.restore(key, json)?
            || self.faults.counts.restore(key, json)?)
    }
}
