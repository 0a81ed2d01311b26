//! An order: what is owed, until when, and how much of it has come in.

use serde::{Deserialize, Serialize};

use crate::catalogue::Reason;
use crate::id::{BorrowerId, OrderId, PaymentId, TenantId};
use crate::money::Money;
use crate::payment::Excuse;
use crate::time::Timestamp;

/// What is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The lender.
    pub tenant: TenantId,
    /// Who owes.
    pub borrower: BorrowerId,
    /// The lender's own name for it, unique per borrower, 1–64 characters (a loan and instalment number, say).
    pub reference: String,
    /// The whole amount.
    pub money: Money,
    /// When it is due.
    pub due_at: Timestamp,
    /// Sum of what was collected, in minor units. Never above the amount unless money moved that should not
    /// have; then `surplus_minor` says by how much.
    pub collected_minor: i64,
    /// Money that moved beyond what was owed and has to go back.
    pub surplus_minor: i64,
    /// Money among what was collected that moved on a transaction the channel calls flawed: it may yet be sent
    /// back.
    #[serde(default)]
    pub unconfirmed: Vec<Unconfirmed>,
    /// What was collected and given back, in minor units. It is not owed again: that would take a new order.
    #[serde(default)]
    pub refunded_minor: i64,
    /// Whether it may be collected in parts; `None`: only whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// Why it is being collected in parts, once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// The time that need not be counted against the borrower, because something technical failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excused: Option<Excuse>,
    /// When the bank first named a cause of the borrower's own after the due moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_cause_at: Option<Timestamp>,
    /// Where it stands.
    pub state: OrderState,
    /// Events so far.
    pub version: u64,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// Money that was collected and has to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// Through this payment.
    pub payment: PaymentId,
    /// How much, in minor units.
    pub amount_minor: i64,
}

/// How an order may be collected in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// The smallest part, in minor units; nothing smaller is collected and nothing smaller is left over.
    pub min_minor: i64,
    /// Also when the account doesn't hold the whole amount at the end of the window, not only above a limit.
    #[serde(default)]
    pub when_no_funds: bool,
}

/// Why and until when an order is collected in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What stood against the whole amount.
    pub reason: Reason,
    /// No part is tried at or after this moment.
    pub window_ends: Timestamp,
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum OrderState {
    /// Something is still owed and no payment is under way.
    Open,
    /// One payment is under way. There is never a second (see the store's partial unique index).
    Collecting {
        /// That payment.
        payment: PaymentId,
    },
    /// Everything came in.
    Collected {
        /// When the last of it came in.
        at: Timestamp,
    },
    /// The lender took it back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// What can happen to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderEvent {
    /// Made known by the lender.
    Created {
        /// Its id.
        id: OrderId,
        /// The lender.
        tenant: TenantId,
        /// Who owes.
        borrower: BorrowerId,
        /// The lender's own name for it.
        reference: String,
        /// The whole amount.
        money: Money,
        /// When it is due.
        due_at: Timestamp,
        /// Whether it may be collected in parts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partial: Option<Partial>,
        /// When.
        at: Timestamp,
    },
    /// A payment for it began.
    PaymentOpened {
        /// The payment.
        payment: PaymentId,
    },
    /// Money came in.
    Collected {
        /// Through this payment.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
        /// When.
        at: Timestamp,
    },
    /// The payment ended without money.
    PaymentClosed {
        /// The payment.
        payment: PaymentId,
        /// When.
        at: Timestamp,
    },
    /// The whole amount can't be collected at once; it goes on in parts.
    WentOnInParts {
        /// What stood against the whole amount.
        reason: Reason,
        /// No part is tried at or after this moment.
        window_ends: Timestamp,
    },
    /// It could not be collected in time because something technical failed.
    Excused {
        /// From when the lender need not count the borrower late.
        since: Timestamp,
        /// What failed.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// The bank named a cause of the borrower's own: an excuse ends here, and none begins any more.
    OwnCauseSeen {
        /// The cause.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// Money came in that the order did not ask for any more (a late success of a closed attempt).
    SurplusFound {
        /// Through this payment.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
    },
    /// What was collected through a payment has to be confirmed by the channel.
    ToBeConfirmed {
        /// The payment.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
    },
    /// What was collected through a payment stands.
    Confirmed {
        /// The payment.
        payment: PaymentId,
    },
    /// What was collected through a payment was sent back by the channel: it is owed again.
    CollectionUndone {
        /// The payment.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
        /// When.
        at: Timestamp,
    },
    /// Money that had to go back was sent back by the channel itself.
    SurplusReturned {
        /// Through this payment it had come.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
    },

    /// Money went back to the borrower.
    Refunded {
        /// Of this payment.
        payment: PaymentId,
        /// How much.
        amount_minor: i64,
        /// The part of it that had been surplus.
        surplus_minor: i64,
    },
    /// The lender took it back.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

impl Order {
    /// What is still owed, in minor units.
    pub fn outstanding_minor(&self) -> i64 {
        (self.money.amount_minor - self.collected_minor).max(0)
    }

    /// Whether what was collected through a payment has to be confirmed.
    pub fn awaits_confirmation_of(&self, payment: PaymentId) -> bool {
        self.unconfirmed.iter().any(|one| one.payment == payment)
    }

    /// The state after an event.
    pub fn evolve(state: Option<Self>, event: &OrderEvent) -> Option<Self> {
        if let OrderEvent::Created { id, tenant, borrower, reference, money, due_at, partial, at } = event {
            debug_assert!(state.is_none(), "an order is created once");
            return Some(Self {
                id: *id,
                tenant: *tenant,
                borrower: *borrower,
                reference: reference.clone(),
                money: *money,
                due_at: *due_at,
                collected_minor: 0,
                surplus_minor: 0,
                unconfirmed: Vec::new(),
                refunded_minor: 0,
                partial: *partial,
                parts: None,
                excused: None,
                own_cause_at: None,
                state: OrderState::Open,
                version: 1,
                created_at: *at,
            });
        }
        state.map(|mut order| {
            order.version += 1;
            order.apply(event);
            order
        })
    }

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Created { .. } => {}
            OrderEvent::PaymentOpened { payment } => {
                self.state = OrderState::Collecting { payment: *payment }
            }
            OrderEvent::Collected { payment, amount_minor, at } => {
                self.collected_minor += amount_minor;
                self.settle(*payment, *at);
            }
            OrderEvent::PaymentClosed { payment, at } => self.settle(*payment, *at),
            OrderEvent::WentOnInParts { reason, window_ends } => {
                self.parts = Some(Parts { reason: *reason, window_ends: *window_ends });
            }
            OrderEvent::Excused { since, reason, .. } => {
                self.excused = Some(Excuse { since: *since, until: None, reason: *reason });
            }
            OrderEvent::OwnCauseSeen { at, .. } => {
                self.own_cause_at = Some(*at);
                if let Some(excuse) = &mut self.excused {
                    excuse.until = Some(*at);
                }
            }
            OrderEvent::SurplusFound { amount_minor, .. } => self.surplus_minor += amount_minor,
            OrderEvent::ToBeConfirmed { payment, amount_minor } => {
                self.unconfirmed.push(Unconfirmed { payment: *payment, amount_minor: *amount_minor });
            }
            OrderEvent::Confirmed { payment } => self.unconfirmed.retain(|one| one.payment != *payment),
            OrderEvent::CollectionUndone { payment, amount_minor, at } => {
                self.unconfirmed.retain(|one| one.payment != *payment);
                self.collected_minor = (self.collected_minor - amount_minor).max(0);
                self.settle(*payment, *at);
            }
            OrderEvent::SurplusReturned { amount_minor, .. } => {
                self.surplus_minor = (self.surplus_minor - amount_minor).max(0);
            }
            OrderEvent::Refunded { amount_minor, surplus_minor, .. } => {
                self.surplus_minor -= surplus_minor;
                self.refunded_minor += amount_minor - surplus_minor;
            }
            OrderEvent::Cancelled { at } => self.state = OrderState::Cancelled { at: *at },
        }
    }

    /// After a payment ended: the order is collected or open again, unless another payment is under way.
    fn settle(&mut self, ended: PaymentId, at: Timestamp) {
        match &self.state {
            OrderState::Collecting { payment } if *payment != ended => {}
            OrderState::Cancelled { .. } => {}
            OrderState::Collecting { .. } | OrderState::Open | OrderState::Collected { .. } => {
                self.state = if self.outstanding_minor() == 0 {
                    OrderState::Collected { at }
                } else {
                    OrderState::Open
                };
            }
        }
    }
}
