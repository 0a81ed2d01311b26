//! What the rules are given and what they answer.

use crate::binding::{Binding, BindingEvent};
use crate::borrower::{Borrower, BorrowerEvent};
use crate::channel::ChannelBook;
use crate::effect::{Effect, Planned};
use crate::health::HealthBook;
use crate::id::{BindingId, Bucket, Mint, TenantId};
use crate::order::{Order, OrderEvent};
use crate::payment::{FundsClock, Payment, PaymentEvent, RefundPolicy, RetryBudget, RetryPolicy};
use crate::routing::RoutingRules;
use crate::time::Timestamp;

/// The part of one borrower's world that a command concerns: at most one entity of each kind, and the instruments
/// that may stand in, all of one bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slice {
    /// The borrower.
    pub borrower: Option<Borrower>,
    /// The instrument.
    pub binding: Option<Binding>,
    /// What is owed.
    pub order: Option<Order>,
    /// The payment.
    pub payment: Option<Payment>,
    /// Other instruments of the same borrower that may stand in for the payment's own: agreed to, not given up, at
    /// most [`MAX_STAND_INS`]; and those that the payment's attempts have used.
    pub stand_ins: Vec<Binding>,
}

/// The most stand-in instruments that are looked at for one payment.
pub const MAX_STAND_INS: usize = 8;

/// What comes in from outside and may not be asked for: the moment, randomness, configuration.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The moment of the decision.
    pub now: Timestamp,
    /// When the question was asked whose answer is decided about; `now` for everything else. An answer can be old when it
    /// is decided about (the database was away), and "no such order" proves nothing unless it was *asked* late enough.
    pub asked_at: Timestamp,
    /// Drawn by the shell for this decision; ids and jitter come from it.
    pub seed: [u8; 16],
    /// What the channels can do.
    pub channels: &'a ChannelBook,
    /// When and how often to try again.
    pub retry: &'a RetryPolicy,
    /// How refunds are handled.
    pub refunds: &'a RefundPolicy,
    /// When money arrives on this lender's borrowers' accounts, as far as it was seen.
    pub funds: &'a FundsClock,
    /// How many tries again technical troubles have caused of late.
    pub budget: &'a RetryBudget,
    /// How well the channels and issuers work now.
    pub health: &'a HealthBook,
    /// The lender's own rules about channels.
    pub rules: &'a RoutingRules,
}

impl Facts<'_> {
    /// A mint for this decision.
    pub fn mint(&self, bucket: Bucket) -> Mint {
        Mint::new(bucket, self.now, self.seed)
    }
}

/// Something that happened, to one entity of the slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// To the borrower.
    Borrower(BorrowerEvent),
    /// To the binding.
    Binding(BindingEvent),
    /// To the order.
    Order(OrderEvent),
    /// To the payment.
    Payment(PaymentEvent),
    /// To a stand-in instrument: an event of a binding that is not the slice's own.
    StandIn {
        /// Which.
        binding: BindingId,
        /// What happened to it.
        event: BindingEvent,
    },
}

macro_rules! event_from {
    ($($variant:ident($event:ty)),*) => {$(
        impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        }
    )*};
}
event_from!(Borrower(BorrowerEvent), Binding(BindingEvent), Order(OrderEvent), Payment(PaymentEvent));

/// What the rules decided. Empty when the command had already been applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What has to be done because of it.
    pub effects: Vec<Planned>,
}

impl Decision {
    /// Nothing to do: the command was applied before or concerns a past state.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn event(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// Adds what was decided on top of it.
    pub fn append(&mut self, more: Self) {
        self.events.extend(more.events);
        self.effects.extend(more.effects);
    }

    /// Adds an event of the instrument that an attempt used.
    pub fn instrument_event(&mut self, stand_in: Option<BindingId>, event: BindingEvent) {
        self.events.push(match stand_in {
            None => Event::Binding(event),
            Some(binding) => Event::StandIn { binding, event },
        });
    }

    /// Adds an effect that is due at once.
    pub fn effect(&mut self, now: Timestamp, effect: Effect) {
        self.effects.push(Planned { effect, due_at: now });
    }

    /// Adds an effect that is due later.
    pub fn effect_at(&mut self, due_at: Timestamp, effect: Effect) {
        self.effects.push(Planned { effect, due_at });
    }
}

impl Slice {
    /// The slice after an event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Borrower(event) => self.borrower = Borrower::evolve(self.borrower.take(), event),
            Event::Binding(event) => self.binding = Binding::evolve(self.binding.take(), event),
            Event::Order(event) => self.order = Order::evolve(self.order.take(), event),
            Event::Payment(event) => self.payment = Payment::evolve(self.payment.take(), event),
            Event::StandIn { binding, event } => {
                if let Some(known) = self.stand_ins.iter_mut().find(|known| known.id == *binding) {
                    *known = Binding::evolve(Some(known.clone()), event).unwrap_or_else(|| known.clone());
                }
            }
        }
    }

    /// The slice after all events of a decision.
    #[must_use]
    pub fn after(&self, decision: &Decision) -> Self {
        let mut slice = self.clone();
        for event in &decision.events {
            slice.apply(event);
        }
        slice
    }

    /// The instrument an attempt used: the payment's own, or a stand-in of the slice.
    pub fn instrument(&self, stand_in: Option<BindingId>) -> Option<&Binding> {
        match stand_in {
            None => self.binding.as_ref(),
            Some(id) => self.stand_ins.iter().find(|binding| binding.id == id),
        }
    }

    /// Whether everything in it belongs to this lender.
    pub fn belongs_to(&self, tenant: TenantId) -> bool {
        let owners = [
            self.borrower.as_ref().map(|borrower| borrower.tenant),
            self.binding.as_ref().map(|binding| binding.tenant),
            self.order.as_ref().map(|order| order.tenant),
            self.payment.as_ref().map(|payment| payment.tenant),
        ];
        let stand_ins = self.stand_ins.iter().map(|binding| binding.tenant);
        owners.into_iter().flatten().chain(stand_ins).all(|owner| owner == tenant)
    }

    /// The lender it belongs to; `None` when it is empty.
    pub fn tenant(&self) -> Option<TenantId> {
        let borrower = self.borrower.as_ref().map(|borrower| borrower.tenant);
        let binding = self.binding.as_ref().map(|binding| binding.tenant);
        let order = self.order.as_ref().map(|order| order.tenant);
        borrower.or(binding).or(order).or(self.payment.as_ref().map(|payment| payment.tenant))
    }
}
