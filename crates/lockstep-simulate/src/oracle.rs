//! The oracles: what we believe, compared with what the banks really did.

mod health;
mod refunds;

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::Event;
use lockstep_core::channel::ChannelId;
use lockstep_core::health::HealthReport;
use lockstep_core::id::{Bucket, OrderId, PaymentId};
use lockstep_core::order::{Order, OrderState};
use lockstep_core::payment::{AttemptState, Payment, PaymentStatus, Purpose, Refund};
use lockstep_core::time::Timestamp;
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::sandbox::{Rail, Truth};
use lockstep_store::MemoryStore;
use lockstep_store::memory::EntityId;

use crate::receiver::Taken;
use crate::swarm::{Kind, Swarm};
use crate::trace::{Broken, Trace};

/// Everything there is at the end of a world.
pub struct Evidence<'a> {
    /// What the world was like.
    pub swarm: &'a Swarm,
    /// What we stored.
    pub rows: &'a MemoryStore,
    /// What the banks did.
    pub banks: &'a SharedSandbox,
    /// What the lender was told.
    pub taken: Vec<Taken>,
    /// How the process thinks its channels are, and its own time; `None` when it is dead.
    pub health: Option<(Timestamp, HealthReport)>,
    /// Payments whose acceptance was answered.
    pub accepted: Vec<PaymentId>,
    /// Where findings go.
    pub trace: &'a Trace,
    /// The end.
    pub now: Timestamp,
}

impl Evidence<'_> {
    fn found(&self, broken: Broken, subject: impl std::fmt::Display, words: std::fmt::Arguments<'_>) {
        self.trace.found(self.now, broken, Some(&subject.to_string()), words);
    }
}

/// Judges the end of a world. Returns how many second debits there were that the world had declared.
pub fn judge(evidence: &Evidence<'_>) -> u64 {
    let truth = evidence.banks.with(|sandbox| sandbox.truth());
    let payments: BTreeMap<_, _> =
        evidence.rows.all_payments().into_iter().map(|payment| (payment.id, payment)).collect();
    let orders: BTreeMap<_, _> =
        evidence.rows.all_orders().into_iter().map(|order| (order.id, order)).collect();
    for payment in payments.values() {
        attempts(evidence, payment, &truth);
        refunds::judge(evidence, payment, &truth);
        ended(evidence, payment, &orders);
    }
    for id in &evidence.accepted {
        if !payments.contains_key(id) {
            evidence.found(Broken::Lost, id, format_args!("its acceptance was answered, and it is gone"));
        }
    }
    strays(evidence, &payments, &truth);
    let declared = one_debit(evidence, &payments, &orders, &truth) + refunds::bounded(evidence, &truth);
    books(evidence, &payments, &orders, &truth);
    health::judge(evidence, &truth);
    at_rest(evidence);
    told(evidence, &payments, &orders);
    explained(evidence);
    declared
}

/// Our word about each attempt is the bank's.
fn attempts(evidence: &Evidence<'_>, payment: &Payment, truth: &Truth) {
    for attempt in &payment.attempts {
        let key = format!("{}/{}", attempt.channel, attempt.order_no);
        let moved = truth.by_order.get(&key).copied();
        let order_no = &attempt.order_no;
        match (&attempt.state, moved) {
            (AttemptState::Succeeded { .. }, Some(amount)) if amount == payment.money.amount_minor => {}
            (AttemptState::Succeeded { .. }, Some(amount)) => {
                let what =
                    format_args!("{order_no}: the bank moved {amount}, the payment is about another amount");
                evidence.found(Broken::Wrong, payment.id, what);
            }
            (AttemptState::Succeeded { .. }, None) => {
                evidence.found(
                    Broken::Wrong,
                    payment.id,
                    format_args!("{order_no}: we say it moved, no bank did"),
                );
            }
            (AttemptState::Failed { .. }, Some(amount)) => {
                let what = format_args!("{order_no}: the bank moved {amount}, we say that nothing moved");
                evidence.found(Broken::Lost, payment.id, what);
            }
            (AttemptState::Failed { .. }, None) => {}
            (AttemptState::Sending | AttemptState::Unknown { .. }, moved) => {
                if !needs_a_person(evidence, &attempt.channel, order_no, &attempt.state) {
                    let what = format_args!("{order_no}: still open; the bank moved {moved:?}");
                    evidence.found(Broken::Stuck, payment.id, what);
                }
            }
        }
    }
}

/// A channel that takes no questions and never saw the request can tell nobody; a person has to end it.
fn needs_a_person(
    evidence: &Evidence<'_>,
    channel: &ChannelId,
    order_no: &str,
    state: &AttemptState,
) -> bool {
    let Some(rail) = Rail::named(channel.as_str()).filter(|rail| *rail == Rail::Netsunion) else {
        return false;
    };
    let unknown = matches!(state, AttemptState::Unknown { .. });
    let unseen = !evidence.banks.with(|sandbox| sandbox.knows_order(rail, order_no));
    evidence.swarm.notices_only && unknown && unseen
}

/// Everything ends.
fn ended(evidence: &Evidence<'_>, payment: &Payment, orders: &BTreeMap<OrderId, Order>) {
    let waits_for_a_person = payment
        .live_attempt()
        .is_some_and(|attempt| needs_a_person(evidence, &attempt.channel, &attempt.order_no, &attempt.state));
    if payment.status().is_live() && !waits_for_a_person {
        let what = format_args!("still {} at the end", payment.status().as_str());
        evidence.found(Broken::Stuck, payment.id, what);
    }
    let order = payment.purpose.order().and_then(|id| orders.get(&id));
    let held = order.is_some_and(|order| order.state == OrderState::Collecting { payment: payment.id });
    if held && !payment.status().is_live() {
        evidence.found(
            Broken::Stuck,
            payment.id,
            format_args!("it has ended and its order still waits for it"),
        );
    }
}

/// Money that the banks moved and we never asked for.
fn strays(evidence: &Evidence<'_>, payments: &BTreeMap<PaymentId, Payment>, truth: &Truth) {
    for key in truth.by_order.keys() {
        let order_no = key.split_once('/').map_or(key.as_str(), |(_, order_no)| order_no);
        let attempt =
            Payment::of_order_no(order_no).and_then(|(id, number)| payments.get(&id)?.attempt(number));
        let ours = attempt.is_some_and(|attempt| key.starts_with(attempt.channel.as_str()))
            || refunds::is_ours(key, order_no, payments);
        if !ours {
            let payment =
                Payment::of_order_no(order_no).map_or_else(|| key.clone(), |(id, _)| id.to_string());
            evidence.found(
                Broken::Lost,
                payment,
                format_args!("{key}: the bank moved money that we know nothing of"),
            );
        }
    }
}

/// Every order was debited once at most, or what was too much is known to be.
fn one_debit(
    evidence: &Evidence<'_>,
    payments: &BTreeMap<PaymentId, Payment>,
    orders: &BTreeMap<OrderId, Order>,
    truth: &Truth,
) -> u64 {
    let mut debited: BTreeMap<OrderId, i64> = BTreeMap::new();
    let mut returned: BTreeMap<OrderId, i64> = BTreeMap::new();
    let declares = evidence.swarm.strength(Kind::NotFoundBeyondWindow) > 0;
    let mut declared = 0;
    for payment in payments.values() {
        let (moved, order) = match payment.purpose {
            Purpose::Repayment { order } => (&truth.debits_by_payment, Some(order)),
            Purpose::MicroDeposit => (&truth.credits_by_payment, None),
        };
        let Some(moved) = moved.get(payment.id.body()) else { continue };
        if let Some(order) = order {
            *debited.entry(order).or_default() += moved.sum_minor;
            *returned.entry(order).or_default() += refunds::surplus_returned(payment);
        } else if moved.count > 1 && declares {
            // Each of them is a successful attempt of its own in our books, which `attempts` and `books` check.
            declared += 1;
        } else if moved.count > 1 {
            let what = format_args!("the micro-deposit was paid {} times", moved.count);
            evidence.found(Broken::DoubleDebit, payment.id, what);
        }
    }
    for (id, sum) in debited {
        let Some(order) = orders.get(&id) else { continue };
        let owed = order.money.amount_minor;
        let back = returned.get(&id).copied().unwrap_or_default();
        let known = order.collected_minor + order.surplus_minor + back;
        if known != sum {
            let what = format_args!("the banks debited {sum}, our books know of {known}");
            evidence.found(if known < sum { Broken::Lost } else { Broken::Wrong }, id, what);
        }
        if sum > owed && declares {
            declared += 1;
        } else if sum > owed {
            evidence.found(Broken::DoubleDebit, id, format_args!("{sum} debited for {owed} owed"));
        }
    }
    declared
}

/// The ledger sums to zero, and each account is what the banks say.
fn books(
    evidence: &Evidence<'_>,
    payments: &BTreeMap<PaymentId, Payment>,
    orders: &BTreeMap<OrderId, Order>,
    truth: &Truth,
) {
    let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
    for entry in evidence.rows.all_entries() {
        *accounts.entry(entry.account).or_default() += entry.amount_minor;
    }
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (key, amount) in &truth.by_order {
        let (channel, order_no) = key.split_once('/').unwrap_or((key.as_str(), ""));
        let credit = truth.credits_by_payment.contains_key(order_no.get(..26).unwrap_or_default())
            || Refund::of_order_no(order_no).is_some();
        let signed = if credit { -amount } else { *amount };
        *expected.entry(format!("channel:{channel}")).or_default() += signed;
    }
    let sum = |of: fn(&Order) -> i64| orders.values().map(of).sum::<i64>();
    expected.insert("receivable".to_owned(), -sum(|order| order.collected_minor));
    expected.insert("surplus".to_owned(), -sum(|order| order.surplus_minor));
    let overpaid = refunds::overpaid(truth);
    let returned: i64 = payments.values().map(refunds::surplus_returned).sum();
    expected.insert("overpaid".to_owned(), overpaid);
    expected.insert("refunded".to_owned(), truth.refunds.sum_minor - overpaid - returned);
    expected.insert("verification".to_owned(), truth.credits.sum_minor);
    if evidence.swarm.strength(Kind::NotFoundBeyondWindow) > 0 {
        // What goes back beyond all that was taken may be covered by a debit that turns up later, when the channel had
        // denied that one, too. The ledger doesn't book it anew, so only the sum of the two accounts is certain here.
        for books in [&mut accounts, &mut expected] {
            let overpaid = books.remove("overpaid").unwrap_or_default();
            *books.entry("refunded".to_owned()).or_default() += overpaid;
        }
    }
    let names: BTreeSet<_> = accounts.keys().chain(expected.keys()).cloned().collect();
    for name in names {
        let of = |map: &BTreeMap<String, i64>| map.get(&name).copied().unwrap_or(0);
        let (ours, theirs) = (of(&accounts), of(&expected));
        if ours != theirs {
            evidence.found(
                Broken::Wrong,
                &name,
                format_args!("the ledger says {ours}, the truth is {theirs}"),
            );
        }
    }
    let total: i64 = accounts.values().sum();
    if total != 0 {
        evidence.found(Broken::Wrong, "ledger", format_args!("the ledger sums to {total}"));
    }
}

/// Nothing is left to do.
fn at_rest(evidence: &Evidence<'_>) {
    let (effects, deliveries, messages) = evidence.rows.work_left();
    if (effects, deliveries, messages) != (0, 0, 0) {
        let what =
            format_args!("{effects} effects, {deliveries} deliveries and {messages} messages are left");
        evidence.found(Broken::Stuck, "work", what);
    }
}

/// Each final state was told, under one id, and in order.
fn told(evidence: &Evidence<'_>, payments: &BTreeMap<PaymentId, Payment>, orders: &BTreeMap<OrderId, Order>) {
    let told: BTreeSet<_> = evidence
        .taken
        .iter()
        .map(|taken| (taken.subject.as_str(), taken.kind.as_str(), taken.refund))
        .collect();
    let want_of = |subject: String, kind: &str, refund: Option<u16>| {
        if !told.contains(&(subject.as_str(), kind, refund)) {
            let of = refund.map_or_else(String::new, |number| format!(" of refund {number}"));
            evidence.found(Broken::ToldMissing, &subject, format_args!("{kind}{of} was never told"));
        }
    };
    let want = |subject: String, kind: &str| want_of(subject, kind, None);
    for payment in payments.values() {
        for refund in &payment.refunds {
            if let Some(kind) = refunds::last_word(refund) {
                want_of(payment.id.to_string(), kind, Some(refund.number));
            }
        }
        let last = match payment.status() {
            PaymentStatus::Succeeded => "payment.succeeded",
            PaymentStatus::Failed => "payment.failed",
            PaymentStatus::Cancelled => "payment.cancelled",
            PaymentStatus::Waiting | PaymentStatus::Trying | PaymentStatus::Unknown => continue,
        };
        want(payment.id.to_string(), last);
    }
    for order in orders.values() {
        if matches!(order.state, OrderState::Collected { .. }) {
            want(order.id.to_string(), "order.collected");
        }
        if order.surplus_minor > 0 {
            want(order.id.to_string(), "order.refund_needed");
        }
    }
    let mut ids: BTreeMap<(&str, &str, Option<u16>, u64), &str> = BTreeMap::new();
    let mut contents: BTreeMap<&str, (&str, &str, Option<u16>, u64)> = BTreeMap::new();
    let mut newest: BTreeMap<(String, &str), u64> = BTreeMap::new();
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    for taken in &evidence.taken {
        // Two refunds of one payment may change in one commit: then their numbers tell them apart.
        let content = (taken.subject.as_str(), taken.kind.as_str(), taken.refund, taken.version);
        let one_id = *ids.entry(content).or_insert(&taken.message) == taken.message;
        let one_content = *contents.entry(&taken.message).or_insert(content) == content;
        if !one_id || !one_content {
            let what = format_args!("{} v{} was told under two ids", taken.kind, taken.version);
            evidence.found(Broken::ToldMissing, &taken.subject, what);
        }
        // Repetitions may come at any time; the first of each comes in order.
        if seen.insert((taken.endpoint.to_string(), &taken.message)) {
            let newest = newest.entry((taken.endpoint.to_string(), &taken.subject)).or_default();
            if taken.version < *newest {
                let what = format_args!("{} v{} was told after v{newest}", taken.kind, taken.version);
                evidence.found(Broken::ToldMissing, &taken.subject, what);
            }
            *newest = (*newest).max(taken.version);
        }
    }
}

/// Every event has an audit entry of its moment, and the events of an entity lead to its state.
fn explained(evidence: &Evidence<'_>) {
    let audits: BTreeSet<(Bucket, Timestamp)> =
        evidence.rows.all_audits().iter().map(|entry| (entry.id.bucket(), entry.at)).collect();
    let mut unexplained = Vec::new();
    let mut entities = Vec::new();
    evidence.rows.each_history(|entity, events| {
        let bucket = bucket(entity);
        entities.push(entity);
        let missing = events.iter().find(|(at, _)| !audits.contains(&(bucket, *at)));
        if let Some((_, event)) = missing {
            unexplained.push((entity, words(event)));
        }
    });
    for (entity, event) in unexplained {
        evidence.found(Broken::Unexplained, entity, format_args!("no audit entry for {event}"));
    }
    for entity in entities {
        if !evidence.rows.folds(entity) {
            evidence.found(Broken::Wrong, entity, format_args!("its events don't lead to its state"));
        }
    }
}

fn bucket(entity: EntityId) -> Bucket {
    match entity {
        EntityId::Borrower(id) => id.bucket(),
        EntityId::Binding(id) => id.bucket(),
        EntityId::Order(id) => id.bucket(),
        EntityId::Payment(id) => id.bucket(),
    }
}

fn words(event: &Event) -> String {
    let mut words = format!("{event:?}");
    words.truncate(80);
    words
}
