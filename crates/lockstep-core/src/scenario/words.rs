//! What happened, in words.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::refund;
use super::world::World;
use crate::binding::{BindingEvent, BindingStatus, InstrumentStatus, Proof};
use crate::decision::{Decision, Event, Slice};
use crate::effect::{Alarm, Effect, Wake};
use crate::id::{BindingId, BorrowerId, OrderId, PaymentId};
use crate::order::{Order, OrderEvent, OrderState};
use crate::payment::{Outcome, PaymentEvent, ReversalState, Source, Stopped};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// The names of a scenario, both ways.
#[derive(Default)]
pub(super) struct Names {
    pub(super) borrowers: BTreeMap<String, BorrowerId>,
    pub(super) bindings: BTreeMap<String, BindingId>,
    pub(super) orders: BTreeMap<String, OrderId>,
    pub(super) payments: BTreeMap<String, PaymentId>,
}

/// `1250.00`
pub(super) fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}

/// `03-02 09:00`, in Shanghai, with seconds when there are some.
pub(super) fn moment(at: Timestamp) -> String {
    let zone = TimeZone::get("Asia/Shanghai").expect("the zone is built in");
    let zoned = jiff::Timestamp::from_millisecond(at.as_millis()).expect("a moment").to_zoned(zone);
    let pattern = if at.as_millis() % 60_000 == 0 { "%m-%d %H:%M" } else { "%m-%d %H:%M:%S" };
    zoned.strftime(pattern).to_string()
}

fn name_of<T: PartialEq>(names: &BTreeMap<String, T>, id: &T) -> String {
    names.iter().find(|(_, known)| *known == id).map_or("somebody's".to_owned(), |(name, _)| name.clone())
}

impl Names {
    /// Gives new entities of a slice their names.
    pub(super) fn learn(&mut self, after: &Slice) {
        let Some(payment) = &after.payment else { return };
        if self.payments.values().any(|known| *known == payment.id) {
            return;
        }
        let base = match payment.purpose.order() {
            Some(order) => name_of(&self.orders, &order),
            None => format!("deposit-{}", name_of(&self.bindings, &payment.binding)),
        };
        let free = ["", "b", "c", "d"].iter().map(|suffix| format!("{base}{suffix}"));
        let name = free.into_iter().find(|name| !self.payments.contains_key(name)).expect("few payments");
        self.payments.insert(name, payment.id);
    }

    pub(super) fn refused(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::BindingNotUsable { reason } | Refusal::NoLiveMandate { reason, .. } => {
                format!("refused: {} ({reason})", refusal.code())
            }
            Refusal::CodeTooSoon { free_at } => format!("refused: code_too_soon until {}", moment(*free_at)),
            Refusal::PaymentUnderWay { payment } => {
                format!("refused: payment_under_way {}", name_of(&self.payments, payment))
            }
            _ => format!("refused: {}", refusal.code()),
        }
    }

    /// Events first, then effects.
    pub(super) fn tell(&self, world: &World, after: &Slice, decision: &Decision) -> String {
        let mut told: Vec<String> = Vec::new();
        for event in &decision.events {
            told.extend(match event {
                Event::Borrower(_) => None,
                Event::Binding(event) => self.binding_event(event),
                Event::Order(event) => order_event(event, after.order.as_ref()),
                Event::Payment(event) => self.payment_event(event, after),
                Event::StandIn { binding, event } => self
                    .binding_event(event)
                    .map(|told| format!("{} {told}", name_of(&self.bindings, binding))),
            });
        }
        told.extend(
            decision.effects.iter().filter_map(|planned| self.effect(&planned.effect, planned.due_at, world)),
        );
        if told.is_empty() { "nothing".to_owned() } else { told.join("; ") }
    }

    fn attempt(&self, payment: PaymentId, number: u16) -> String {
        format!("{}-{number}", name_of(&self.payments, &payment))
    }

    fn payment_event(&self, event: &PaymentEvent, after: &Slice) -> Option<String> {
        let payment = after.payment.as_ref().expect("an event has its payment").id;
        Some(match event {
            PaymentEvent::Created { .. } | PaymentEvent::AttemptOpened { .. } => return None,
            PaymentEvent::AttemptUnknown { reason, .. } => format!("unknown: {reason}"),
            PaymentEvent::StillUnknown { .. } => "still unknown".to_owned(),
            PaymentEvent::DeadlinePassed { number, .. } => {
                format!("{} overdue", self.attempt(payment, *number))
            }
            PaymentEvent::Noticed { code, .. } => format!("noticed {code}"),
            PaymentEvent::ReversalSent { .. } => return None,
            PaymentEvent::ReversalBack { state, .. } => match state {
                ReversalState::Sending => "reversal on its way".to_owned(),
                ReversalState::Unanswered { .. } => "reversal unanswered".to_owned(),
                ReversalState::Reversed { .. } => "reversed".to_owned(),
                ReversalState::Refused { code, .. } => format!("reversal refused {code}"),
                ReversalState::NotFound { .. } => "nothing to reverse".to_owned(),
            },
            PaymentEvent::NotInStatement { day, .. } => format!("not in the statement of {day}"),
            PaymentEvent::OutcomeProposed { outcome, .. } => format!("proposed: {}", outcome_word(*outcome)),
            PaymentEvent::ProposalWithdrawn { .. } => "proposal withdrawn".to_owned(),
            PaymentEvent::OutcomeApproved { outcome, .. } => format!("decided: {}", outcome_word(*outcome)),
            PaymentEvent::DecisionContradicted { .. } => "people contradicted".to_owned(),
            PaymentEvent::DefectSettled { number, .. } => {
                format!("{} stands", self.attempt(payment, *number))
            }
            PaymentEvent::SentBack { number, .. } => format!("{} sent back", self.attempt(payment, *number)),
            PaymentEvent::AttemptSucceeded { number, source, defect, .. } => {
                let source = match source {
                    Source::Answer => "answer",
                    Source::Query => "query",
                    Source::Notice => "notice",
                    Source::Statement => "statement",
                    Source::People => "people",
                };
                let flaw = defect.as_ref().map_or(String::new(), |code| format!(", flawed {code}"));
                format!("{} succeeded by {source}{flaw}", self.attempt(payment, *number))
            }
            PaymentEvent::AttemptFailed { number, reason, proof, .. } => {
                let proof = match proof.kind() {
                    "not_found_after_window" => "window over",
                    kind => kind,
                };
                format!("{} failed: {reason} ({proof})", self.attempt(payment, *number))
            }
            PaymentEvent::Waiting { until, reason: None, .. } => format!("waits until {}", moment(*until)),
            PaymentEvent::Waiting { until, reason: Some(reason), .. } => {
                format!("waits until {} for {reason}", moment(*until))
            }
            PaymentEvent::Succeeded { attempt, .. } => format!("paid by {}", self.attempt(payment, *attempt)),
            PaymentEvent::Failed { reason, stopped, .. } => {
                let stopped = match stopped {
                    Stopped::Final => "final",
                    Stopped::AttemptsUsedUp => "attempts used up",
                    Stopped::WindowOver => "window over",
                    Stopped::InParts => "in parts",
                };
                format!("not paid: {reason} ({stopped})")
            }
            PaymentEvent::Cancelled { .. } => "cancelled".to_owned(),
            PaymentEvent::Refund { number, event, .. } => {
                return refund::event_words(
                    &format!("{}/{number}", name_of(&self.payments, &payment)),
                    event,
                );
            }
        })
    }

    fn binding_event(&self, event: &BindingEvent) -> Option<String> {
        Some(match event {
            BindingEvent::Created { .. }
            | BindingEvent::DebitDeclined { .. }
            | BindingEvent::CodeAsked { .. }
            | BindingEvent::SignatureSent { .. }
            | BindingEvent::AmountReserved { .. }
            | BindingEvent::AmountReleased { .. }
            | BindingEvent::LimitReached { .. }
            | BindingEvent::DepositSent { .. } => return None,
            BindingEvent::MandateWanted { channel, .. } => format!("wants {channel}"),
            BindingEvent::CodeSent { channel, expires_at, tries, .. } => {
                format!("{channel} texted a code for {tries} tries until {}", moment(*expires_at))
            }
            BindingEvent::CodeWrong { channel } => format!("{channel}: code wrong"),
            BindingEvent::SignatureNotSent { channel } => format!("{channel}: enter the code again"),
            BindingEvent::SignatureUnknown { channel, .. } => format!("{channel}: signature unknown"),
            BindingEvent::SignatureStillUnknown { channel } => format!("{channel}: signature still unknown"),
            BindingEvent::MandateLive { channel, agreement_no, .. } => {
                format!("{channel} live as {agreement_no}")
            }
            BindingEvent::MandateRefused { channel, reason, .. } => format!("{channel} refused: {reason}"),
            BindingEvent::MandateEnded { channel, reason, .. } => format!("{channel} ended: {reason}"),
            BindingEvent::DepositArrived { expires_at, tries, .. } => {
                format!("deposit arrived, {tries} tries until {}", moment(*expires_at))
            }
            BindingEvent::AmountWrong => "amount wrong".to_owned(),
            BindingEvent::VerificationFailed { reason, .. } => format!("proof failed: {reason}"),
            BindingEvent::Proven { proof: Proof::FourElementsAndCode, .. } => "proven by code".to_owned(),
            BindingEvent::Proven { proof: Proof::MicroDeposit, .. } => "proven by deposit".to_owned(),
            BindingEvent::Observed { observation } if observation.status == InstrumentStatus::Usable => {
                return None;
            }
            BindingEvent::Observed { observation } => {
                format!("observed {:?}", observation.status).to_lowercase()
            }
            BindingEvent::StandInAgreed { .. } => "may stand in".to_owned(),
            BindingEvent::StandInWithdrawn { .. } => "may not stand in".to_owned(),
            BindingEvent::Unbound { .. } => "unbound".to_owned(),
        })
    }

    fn effect(&self, effect: &Effect, due_at: Timestamp, world: &World) -> Option<String> {
        let pause = due_at.since(world.now);
        Some(match effect {
            Effect::MoveMoney(order) => {
                let attempt = world.payments[&order.payment].attempt(order.attempt);
                let stand_in = attempt
                    .and_then(|attempt| attempt.binding)
                    .map_or(String::new(), |used| format!(" from {}", name_of(&self.bindings, &used)));
                format!("sends {} {}{stand_in}", order.channel, self.attempt(order.payment, order.attempt))
            }
            Effect::QueryPayment(query) => {
                let later = if pause.is_zero() { String::new() } else { format!(" in {}s", pause.as_secs()) };
                format!("asks {} about {}{later}", query.channel, self.attempt(query.payment, query.attempt))
            }
            Effect::Reverse(order) => {
                format!("reverses {} {}", order.channel, self.attempt(order.payment, order.attempt))
            }
            Effect::ReadStatement(query) => {
                let attempt = self.attempt(query.payment, query.attempt);
                format!("reads {} of {} for {attempt}", query.channel, query.day)
            }
            Effect::RequestCode(request) => format!("asks {} for a code", request.channel),
            Effect::Sign(request) => format!("signs {}", request.channel),
            Effect::QueryMandate(request) => format!("asks {} about the signature", request.channel),
            Effect::CancelMandate { channel, agreement_no, .. } => {
                format!("ends {agreement_no} at {channel}")
            }
            Effect::Alarm(Alarm::UnknownTooLong { .. }) => "alarm: unknown too long".to_owned(),
            Effect::Alarm(Alarm::SurplusMoney { amount_minor, .. }) => {
                format!("alarm: surplus {}", amount(*amount_minor))
            }
            Effect::Alarm(Alarm::DefectiveSuccess { .. }) => "alarm: flawed success".to_owned(),
            Effect::Alarm(Alarm::DecisionContradicted { .. }) => "alarm: people contradicted".to_owned(),
            Effect::Wake(Wake::AskPayment { payment, attempt, .. }) => {
                let channel = &world.payments[payment].attempt(*attempt).expect("an attempt").channel;
                let ladder = &world
                    .book
                    .get(channel)
                    .and_then(|one| one.query.as_ref())
                    .expect("it is asked")
                    .ladder_s;
                // The rung of the ladder, without its jitter of up to a tenth.
                let rung =
                    |rung: &&u64| (**rung * 1000..=**rung * 1100).contains(&(pause.as_millis() as u64));
                match ladder.iter().find(rung) {
                    Some(rung) => format!("asks {channel} in {rung}s"),
                    None => format!("asks {channel} when its window ends"),
                }
            }
            Effect::Wake(Wake::AskMandate { channel, .. }) => {
                format!("asks {channel} in {}s", pause.as_secs())
            }
            Effect::Refund(_)
            | Effect::QueryRefund(_)
            | Effect::Wake(Wake::Refund { .. })
            | Effect::Alarm(Alarm::Refund { .. }) => {
                return refund::effect_words(&|payment| name_of(&self.payments, &payment), effect);
            }
            Effect::Wake(Wake::CollectPart { amount_minor, .. }) => {
                format!("collects {} at {}", amount(*amount_minor), moment(due_at))
            }
            Effect::Notify { .. }
            | Effect::Wake(
                Wake::TryPayment { .. }
                | Wake::UnknownDeadline { .. }
                | Wake::CheckClosed { .. }
                | Wake::ReverseAttempt { .. }
                | Wake::ReadStatement { .. }
                | Wake::ConfirmDefect { .. },
            ) => {
                return None;
            }
        })
    }
}

fn order_event(event: &OrderEvent, order: Option<&Order>) -> Option<String> {
    let order = order.expect("an event has its order");
    Some(match event {
        // `excuse R1` tells about these.
        OrderEvent::Created { .. }
        | OrderEvent::PaymentOpened { .. }
        | OrderEvent::Excused { .. }
        | OrderEvent::OwnCauseSeen { .. } => return None,
        OrderEvent::Collected { .. } => {
            format!("collected {} of {}", amount(order.collected_minor), amount(order.money.amount_minor))
        }
        OrderEvent::PaymentClosed { .. } => format!("order {}", order_word(order)),
        OrderEvent::SurplusFound { amount_minor, .. } => format!("surplus {}", amount(*amount_minor)),
        OrderEvent::ToBeConfirmed { .. } => "to be confirmed".to_owned(),
        OrderEvent::Confirmed { .. } => "confirmed".to_owned(),
        OrderEvent::CollectionUndone { .. } => {
            let sums = format!("{} of {}", amount(order.collected_minor), amount(order.money.amount_minor));
            format!("collection undone: {sums}, order {}", order_word(order))
        }
        OrderEvent::Refunded { .. } => {
            format!("refunded {}, surplus {}", amount(order.refunded_minor), amount(order.surplus_minor))
        }
        OrderEvent::SurplusReturned { amount_minor, .. } => {
            format!("surplus returned {}", amount(*amount_minor))
        }
        OrderEvent::WentOnInParts { .. } => "in parts".to_owned(),
        OrderEvent::Cancelled { .. } => "order cancelled".to_owned(),
    })
}

/// What people say, in words.
fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Moved => "moved",
        Outcome::NotMoved => "not moved",
    }
}

/// Where an order stands, in one word.
pub(super) fn order_word(order: &Order) -> &'static str {
    match order.state {
        OrderState::Open => "open",
        OrderState::Collecting { .. } => "collecting",
        OrderState::Collected { .. } => "collected",
        OrderState::Cancelled { .. } => "cancelled",
    }
}

/// Where a binding stands, in words.
pub(super) fn binding_word(status: &BindingStatus) -> String {
    match status {
        BindingStatus::Verifying => "verifying".to_owned(),
        BindingStatus::AwaitingCode { channel } => format!("awaiting the code of {channel}"),
        BindingStatus::AwaitingAmount => "awaiting the amount".to_owned(),
        BindingStatus::Usable => "usable".to_owned(),
        BindingStatus::Suspended { reason } => format!("suspended: {reason}"),
        BindingStatus::NotUsable { reason } => format!("not usable: {reason}"),
        BindingStatus::Unbound => "unbound".to_owned(),
    }
}
