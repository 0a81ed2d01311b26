//! A world in memory: entities, effects and the clock. It loads slices as a store does, and after every
//! decision it checks the laws that hold always.

use std::collections::{BTreeMap, BTreeSet};

use super::{channels, laws};
use crate::binding::{Binding, BindingCommand};
use crate::borrower::Borrower;
use crate::channel::{ChannelBook, ChannelId};
use crate::command::{Command, decide};
use crate::decision::{Decision, Event, Facts, Slice};
use crate::effect::{Effect, Planned, RefundWake, Wake};
use crate::health::HealthBook;
use crate::id::{BindingId, BorrowerId, Bucket, Mint, OrderId, PaymentId, TenantId};
use crate::ledger::Entry;
use crate::notice::Notice;
use crate::order::Order;
use crate::payment::{
    FundsClock, Payment, PaymentCommand, RefundCommand, RefundPolicy, RetryBudget, RetryPolicy,
};
use crate::refusal::Refusal;
use crate::routing::RoutingRules;
use crate::time::Timestamp;

/// Which slice a command needs.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// A borrower by the lender's own name.
    Reference(String),
    /// A borrower and its living binding of this fingerprint.
    NewBinding(BorrowerId, String),
    /// A borrower and its order of this reference.
    NewOrder(BorrowerId, String),
    /// A binding and its borrower.
    Binding(BindingId),
    /// An order.
    Order(OrderId),
    /// An order and a binding, for a new payment.
    Collect(OrderId, BindingId),
    /// A payment with its binding and order.
    Payment(PaymentId),
}

/// An effect that was written down.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What, and when.
    pub(crate) planned: Planned,
    /// Where it stands.
    pub(crate) state: RowState,
}

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowState {
    /// To be performed.
    Ready,
    /// Being performed; only once-effects.
    Sending,
    /// Finished.
    Done,
}

/// Everything there is.
pub(crate) struct World {
    /// The clock.
    pub(crate) now: Timestamp,
    /// The channels.
    pub(crate) book: ChannelBook,
    /// When to try again.
    pub(crate) retry: RetryPolicy,
    /// How refunds are handled.
    pub(crate) refunds: RefundPolicy,
    /// When money arrives.
    pub(crate) funds: FundsClock,
    /// Tries again after technical troubles.
    pub(crate) budget: RetryBudget,
    /// How well the channels work.
    pub(crate) health: HealthBook,
    /// The lender's rules.
    pub(crate) rules: RoutingRules,
    /// The only lender.
    pub(crate) tenant: TenantId,
    /// Entities.
    pub(crate) borrowers: BTreeMap<BorrowerId, Borrower>,
    /// Entities.
    pub(crate) bindings: BTreeMap<BindingId, Binding>,
    /// Entities.
    pub(crate) orders: BTreeMap<OrderId, Order>,
    /// Entities.
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    /// Every effect there ever was, in the order of writing.
    pub(crate) effects: Vec<Row>,
    /// Every entity as its stored events fold, by id.
    pub(crate) folded: BTreeMap<String, Slice>,
    /// Every ledger entry.
    pub(crate) ledger: Vec<Entry>,
    /// What the lender was told.
    pub(crate) notices: Vec<Notice>,
    /// Payments of which a channel first proved that a refund had not moved and then said that it had.
    pub(crate) refunds_contradicted: BTreeSet<PaymentId>,
    draws: u64,
}

impl World {
    /// Empty, on Monday 2026-03-02 at 09:00 in Shanghai.
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap();
        Self {
            now,
            book: channels::book(),
            retry: channels::retry(),
            refunds: RefundPolicy::default(),
            funds: FundsClock::default(),
            budget: RetryBudget::default(),
            health: HealthBook::default(),
            rules: RoutingRules::default(),
            tenant: TenantId::mint(&mut Mint::new(Bucket::of_tenant("lender"), now, [1; 16])),
            borrowers: BTreeMap::new(),
            bindings: BTreeMap::new(),
            orders: BTreeMap::new(),
            payments: BTreeMap::new(),
            effects: Vec::new(),
            folded: BTreeMap::new(),
            ledger: Vec::new(),
            notices: Vec::new(),
            refunds_contradicted: BTreeSet::new(),
            draws: 0,
        }
    }

    /// Sixteen bytes that differ at every call.
    pub(crate) fn seed(&mut self) -> [u8; 16] {
        self.draws += 1;
        u128::from(self.draws).to_be_bytes()
    }

    /// What a store would load for a key.
    pub(crate) fn load(&self, key: &Key) -> Slice {
        let mut slice = Slice::default();
        match key {
            Key::Reference(reference) => {
                slice.borrower = self.borrowers.values().find(|known| known.reference == *reference).cloned();
            }
            Key::NewBinding(borrower, fingerprint) => {
                slice.borrower = self.borrowers.get(borrower).cloned();
                let living = |known: &&Binding| {
                    known.unbound_at.is_none()
                        && known.instrument.fingerprint == *fingerprint
                        && known.borrower == *borrower
                };
                slice.binding = self.bindings.values().find(living).cloned();
            }
            Key::NewOrder(borrower, reference) => {
                slice.borrower = self.borrowers.get(borrower).cloned();
                let same = |known: &&Order| known.reference == *reference && known.borrower == *borrower;
                slice.order = self.orders.values().find(same).cloned();
            }
            Key::Binding(id) => {
                slice.binding = self.bindings.get(id).cloned();
                let borrower = slice.binding.as_ref().map(|binding| binding.borrower);
                slice.borrower = borrower.and_then(|borrower| self.borrowers.get(&borrower).cloned());
            }
            Key::Order(id) => slice.order = self.orders.get(id).cloned(),
            Key::Collect(order, binding) => {
                slice.order = self.orders.get(order).cloned();
                slice.binding = self.bindings.get(binding).cloned();
                slice.stand_ins = self.stand_ins(&slice);
            }
            Key::Payment(id) => {
                slice.payment = self.payments.get(id).cloned();
                let payment = slice.payment.as_ref();
                slice.binding = payment.and_then(|payment| self.bindings.get(&payment.binding).cloned());
                let order = payment.and_then(|payment| payment.purpose.order());
                slice.order = order.and_then(|order| self.orders.get(&order).cloned());
                slice.stand_ins = self.stand_ins(&slice);
            }
        }
        slice
    }

    /// Those the borrower agreed to, and those that attempts have used.
    fn stand_ins(&self, slice: &Slice) -> Vec<Binding> {
        let Some(own) = &slice.binding else { return Vec::new() };
        let attempts = slice.payment.iter().flat_map(|payment| &payment.attempts);
        let used: Vec<_> = attempts.filter_map(|attempt| attempt.binding).collect();
        let others = self.bindings.values().filter(|one| one.borrower == own.borrower && one.id != own.id);
        let others = others.filter(|one| one.may_stand_in() || used.contains(&one.id));
        others.take(crate::decision::MAX_STAND_INS).cloned().collect()
    }

    /// Loads, decides, checks the laws and commits. Gives back the slice afterwards too.
    pub(crate) fn run(&mut self, key: &Key, command: &Command) -> Result<(Slice, Decision), Refusal> {
        let seed = self.seed();
        let before = self.load(key);
        let facts = Facts {
            now: self.now,
            asked_at: self.now,
            seed,
            channels: &self.book,
            retry: &self.retry,
            refunds: &self.refunds,
            funds: &self.funds,
            budget: &self.budget,
            health: &self.health,
            rules: &self.rules,
        };
        let decision = match decide(&before, command, &facts) {
            Ok(decision) => decision,
            Err(refusal) => {
                laws::refusal(&refusal);
                return Err(refusal);
            }
        };
        assert_eq!(
            decide(&before, command, &facts),
            Ok(decision.clone()),
            "the same facts give the same decision"
        );
        let after = before.after(&decision);
        laws::decision(self, &before, &after, &decision);
        self.refunds_contradicted.extend(laws::refund_contradicted(&before, &decision));
        self.commit(&after, &decision);
        self.budget.learn(&before, &after, &self.retry.storm);
        laws::world(self, &before, &after);
        Ok((after, decision))
    }

    fn commit(&mut self, after: &Slice, decision: &Decision) {
        self.borrowers.extend(after.borrower.iter().map(|one| (one.id, one.clone())));
        self.bindings.extend(after.binding.iter().map(|one| (one.id, one.clone())));
        self.bindings.extend(after.stand_ins.iter().map(|one| (one.id, one.clone())));
        self.orders.extend(after.order.iter().map(|one| (one.id, one.clone())));
        self.payments.extend(after.payment.iter().map(|one| (one.id, one.clone())));
        for event in &decision.events {
            let id = match event {
                Event::Borrower(_) => after.borrower.as_ref().map(|one| one.id.to_string()),
                Event::Binding(_) => after.binding.as_ref().map(|one| one.id.to_string()),
                Event::Order(_) => after.order.as_ref().map(|one| one.id.to_string()),
                Event::Payment(_) => after.payment.as_ref().map(|one| one.id.to_string()),
                Event::StandIn { binding, .. } => Some(binding.to_string()),
            };
            let folded = self.folded.entry(id.expect("an event has its entity")).or_default();
            folded.apply(&match laws::stored(event) {
                Event::StandIn { event, .. } => Event::Binding(event),
                event => event,
            });
        }
        self.ledger.extend(crate::ledger::entries(after, &decision.events));
        for planned in &decision.effects {
            if let Effect::Notify { notice, .. } = &planned.effect {
                self.notices.push(notice.clone());
            }
            self.effects.push(Row { planned: planned.clone(), state: RowState::Ready });
        }
    }

    /// Calls every effect so far done, after a preparation that is not the test's concern.
    pub(crate) fn finish_effects(&mut self) {
        self.effects.iter_mut().for_each(|row| row.state = RowState::Done);
    }

    /// The earliest timer that is due at or before a moment, taken out.
    pub(crate) fn take_timer(&mut self, until: Timestamp) -> Option<(Timestamp, Wake)> {
        let ready = self.effects.iter().enumerate().filter(|(_, row)| row.state == RowState::Ready);
        let timers = ready.filter(|(_, row)| matches!(row.planned.effect, Effect::Wake(_)));
        let (index, _) = timers
            .min_by_key(|(_, row)| row.planned.due_at)
            .filter(|(_, row)| row.planned.due_at <= until)?;
        let row = &mut self.effects[index];
        row.state = RowState::Done;
        match &row.planned.effect {
            Effect::Wake(wake) => Some((row.planned.due_at, wake.clone())),
            _ => None,
        }
    }

    /// A channel by its name.
    pub(crate) fn channel(name: &str) -> ChannelId {
        ChannelId::try_from(name).expect("a channel name")
    }
}

/// The command that a timer comes back with.
pub(crate) fn woken(wake: &Wake) -> (Key, Command) {
    match wake {
        Wake::TryPayment { payment, attempts } => {
            (Key::Payment(*payment), Command::Payment(PaymentCommand::Try { attempts: *attempts }))
        }
        Wake::AskPayment { payment, attempt, asked } => {
            let command = PaymentCommand::Ask { attempt: *attempt, asked: *asked };
            (Key::Payment(*payment), Command::Payment(command))
        }
        Wake::CheckClosed { payment, attempt } => {
            (Key::Payment(*payment), Command::Payment(PaymentCommand::CheckClosed { attempt: *attempt }))
        }
        Wake::UnknownDeadline { payment, attempt } => {
            (Key::Payment(*payment), Command::Payment(PaymentCommand::Deadline { attempt: *attempt }))
        }
        Wake::ReverseAttempt { payment, attempt, sent } => {
            let command = PaymentCommand::Reverse { attempt: *attempt, sent: *sent };
            (Key::Payment(*payment), Command::Payment(command))
        }
        Wake::ReadStatement { payment, attempt, day } => {
            let command = PaymentCommand::ReadStatement { attempt: *attempt, day: *day };
            (Key::Payment(*payment), Command::Payment(command))
        }
        Wake::ConfirmDefect { payment, attempt, asked } => {
            let command = PaymentCommand::ConfirmDefect { attempt: *attempt, asked: *asked };
            (Key::Payment(*payment), Command::Payment(command))
        }
        Wake::Refund { payment, refund, wake } => {
            let refund = *refund;
            let command = match *wake {
                RefundWake::Try { tries } => RefundCommand::Try { refund, tries },
                RefundWake::Ask { try_no, asked } => RefundCommand::AskAbout { refund, try_no, asked },
                RefundWake::Deadline { try_no } => RefundCommand::Deadline { refund, try_no },
                RefundWake::CheckClosed { try_no } => RefundCommand::CheckClosed { refund, try_no },
            };
            (Key::Payment(*payment), Command::Payment(PaymentCommand::Refund(command)))
        }
        Wake::CollectPart { order, binding, amount_minor, channels } => {
            let command =
                PaymentCommand::CollectPart { amount_minor: *amount_minor, channels: channels.clone() };
            (Key::Collect(*order, *binding), Command::Payment(command))
        }
        Wake::AskMandate { binding, channel, asked } => {
            let command = BindingCommand::AskMandate { channel: channel.clone(), asked: *asked };
            (Key::Binding(*binding), Command::Binding(command))
        }
    }
}
