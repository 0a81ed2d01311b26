//! Everything the engine may ask of the world: one closed list.
//!
//! Effects are written in the same transaction as the events that caused them, then performed by the loop, and
//! their answers come back as commands.

use serde::{Deserialize, Serialize};

use crate::binding::CodeRef;
use crate::channel::ChannelId;
use crate::id::{BindingId, BorrowerId, NoticeId, OrderId, PaymentId, TenantId, VaultItemId};
use crate::money::Money;
use crate::notice::Notice;
use crate::time::{Day, Timestamp};
use crate::payment::RefundWay;

/// Whether doing it again does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Money or a signature may move: it is marked `sending` before the call, and a crash while sending becomes
    /// "outcome unknown", never a second send.
    Once,
    /// Asking twice is as good as asking once.
    Repeatable,
}

/// Something to be done in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Move money on a channel (a debit or a credit, by the order's direction).
    MoveMoney(MoneyOrder),
    /// Ask a channel what became of an attempt.
    QueryPayment(PaymentQuery),
    /// Ask a channel to undo an attempt that may have moved money.
    Reverse(ReversalOrder),
    /// Look an attempt up in a channel's statement of a day.
    ReadStatement(StatementQuery),
    /// Give money back on a channel.
    Refund(RefundOrder),
    /// Ask a channel what became of a try of a refund.
    QueryRefund(RefundQuery),
    /// Ask a channel to check the elements and text a code.
    RequestCode(SignRequest),
    /// Sign a mandate.
    Sign(SignRequest),
    /// Ask a channel what became of a signature.
    QueryMandate(SignRequest),
    /// End a mandate at the channel.
    CancelMandate {
        /// The binding it belongs to.
        binding: BindingId,
        /// The channel.
        channel: ChannelId,
        /// The channel's number for it.
        agreement_no: String,
    },
    /// Tell the lender's systems.
    Notify {
        /// Its id: the same on every try and for every endpoint.
        id: NoticeId,
        /// What happened.
        notice: Notice,
    },
    /// Come back at the effect's due time with this command.
    Wake(Wake),
    /// Tell a person who operates the service.
    Alarm(Alarm),
}

/// A movement of money on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyOrder {
    /// The payment.
    pub payment: PaymentId,
    /// Attempt number, from 1.
    pub attempt: u16,
    /// Where to.
    pub channel: ChannelId,
    /// The number under which the channel knows this attempt. Derived from payment and attempt.
    pub order_no: String,
    /// Debit or credit.
    pub direction: crate::channel::Direction,
    /// How much.
    pub money: Money,
    /// Whose.
    pub borrower: BorrowerId,
    /// The lender.
    pub tenant: TenantId,
    /// The instrument's secrets, for channels that want the account itself.
    pub vault_item: VaultItemId,
    /// The channel's number of the mandate; a credit has none.
    pub agreement_no: Option<String>,
}

/// A question about one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentQuery {
    /// The payment.
    pub payment: PaymentId,
    /// Attempt number.
    pub attempt: u16,
    /// Whom to ask.
    pub channel: ChannelId,
    /// The number under which the channel knows this attempt.
    pub order_no: String,
    /// When the attempt was sent.
    pub sent_at: Timestamp,
}

/// The reversal of an attempt. Sending it again is harmless: its number is always the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalOrder {
    /// The payment.
    pub payment: PaymentId,
    /// Attempt number.
    pub attempt: u16,
    /// Where to.
    pub channel: ChannelId,
    /// The number of the reversal. Derived from payment and attempt.
    pub reversal_no: String,
    /// The number of what is to be reversed.
    pub order_no: String,
    /// How much, always the whole amount.
    pub money: Money,
    /// When the attempt was sent.
    pub sent_at: Timestamp,
}

/// A look at a channel's statement of one day, for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementQuery {
    /// The payment.
    pub payment: PaymentId,
    /// Attempt number.
    pub attempt: u16,
    /// Whose statement.
    pub channel: ChannelId,
    /// The number under which the channel knows this attempt.
    pub order_no: String,
    /// Of which day.
    pub day: Day,
}

/// Money to give back on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOrder {
    /// The payment whose money it is.
    pub payment: PaymentId,
    /// The refund, from 1.
    pub refund: u16,
    /// Its try, from 1.
    pub try_no: u16,
    /// Where to.
    pub channel: ChannelId,
    /// The number under which the channel knows this try. Derived from payment, refund and try.
    pub order_no: String,
    /// As a refund of the debit, or as a credit.
    pub way: RefundWay,
    /// The number of the debit.
    pub original_no: String,
    /// The channel's own number of the debit, for channels that want it.
    pub original_ref: Option<String>,
    /// How much.
    pub money: Money,
    /// Whose.
    pub borrower: BorrowerId,
    /// The lender.
    pub tenant: TenantId,
    /// The instrument's secrets, for a credit.
    pub vault_item: VaultItemId,
}

/// A question about one try of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundQuery {
    /// The payment.
    pub payment: PaymentId,
    /// The refund.
    pub refund: u16,
    /// Its try.
    pub try_no: u16,
    /// Whom to ask.
    pub channel: ChannelId,
    /// The number under which the channel knows this try.
    pub order_no: String,
    /// As what it was sent.
    pub way: RefundWay,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// A step of signing a mandate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignRequest {
    /// The binding.
    pub binding: BindingId,
    /// Whose.
    pub borrower: BorrowerId,
    /// The lender.
    pub tenant: TenantId,
    /// The channel.
    pub channel: ChannelId,
    /// The number under which the channel knows this signing. Derived from mandate and round.
    pub request_no: String,
    /// The channel's own name for it, once it gave one.
    pub channel_ref: Option<String>,
    /// The instrument's secrets.
    pub vault_item: VaultItemId,
    /// Where the code that the borrower entered waits in memory; never the code itself.
    pub code: Option<CodeRef>,
}

/// A timer: which command to come back with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wake", rename_all = "snake_case")]
pub enum Wake {
    /// It is time for the next attempt of a payment that waits.
    TryPayment {
        /// The payment.
        payment: PaymentId,
        /// Attempts it had when the timer was set; a timer for an older state does nothing.
        attempts: u16,
    },
    /// It is time to ask about an unknown attempt.
    AskPayment {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
        /// Queries it had when the timer was set.
        asked: u16,
    },
    /// An unknown attempt has reached its deadline.
    UnknownDeadline {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
    },
    /// Ask once more about an attempt that was closed because its channel knew nothing of it: the channel may have
    /// been wrong, and money that moved has to be found.
    CheckClosed {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
    },
    /// It is time to reverse an unknown attempt, or to send its reversal again.
    ReverseAttempt {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
        /// Reversals sent when the timer was set.
        sent: u16,
    },
    /// A statement in which an attempt may stand is ready.
    ReadStatement {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
        /// The statement's day.
        day: Day,
    },
    /// It is time to ask what became of money that moved on a transaction the channel calls flawed.
    ConfirmDefect {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
        /// Questions asked when the timer was set.
        asked: u16,
    },

    /// It is time for the next part of an order that is collected in parts.
    CollectPart {
        /// The order.
        order: OrderId,
        /// The instrument.
        binding: BindingId,
        /// How much, in minor units.
        amount_minor: i64,
        /// Channels it may use; empty means every channel with a live mandate.
        channels: Vec<ChannelId>,
    },
    /// It is time to ask about a signature.
    AskMandate {
        /// The binding.
        binding: BindingId,
        /// The channel.
        channel: ChannelId,
        /// Queries it had when the timer was set.
        asked: u16,
    },
    /// A timer of a refund.
    Refund {
        /// The payment.
        payment: PaymentId,
        /// The refund.
        refund: u16,
        /// What for.
        #[serde(rename = "for")]
        wake: RefundWake,
    },
}

/// What a refund's timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refund_wake", rename_all = "snake_case")]
pub enum RefundWake {
    /// It is time for the next try.
    Try {
        /// Tries it had when the timer was set.
        tries: u16,
    },
    /// It is time to ask about an unknown try.
    Ask {
        /// The try.
        try_no: u16,
        /// Queries it had when the timer was set.
        asked: u16,
    },
    /// An unknown try has reached its deadline.
    Deadline {
        /// The try.
        try_no: u16,
    },
    /// Ask once more about a try that was closed because its channel knew nothing of it.
    CheckClosed {
        /// The try.
        try_no: u16,
    },
}

/// A message to the people who operate the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// An unknown outlived its deadline.
    UnknownTooLong {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
    },
    /// Money moved on an attempt that had been closed; it has to go back.
    SurplusMoney {
        /// The payment.
        payment: PaymentId,
        /// The order it was for.
        order: Option<OrderId>,
        /// How much, in minor units of the payment's currency.
        amount_minor: i64,
    },
    /// Money moved, but the channel calls the transaction flawed.
    DefectiveSuccess {
        /// The payment.
        payment: PaymentId,
    },
    /// Two people said that money had moved, and the channel proved that it had not.
    DecisionContradicted {
        /// The payment.
        payment: PaymentId,
        /// The attempt.
        attempt: u16,
    },
    /// A refund needs a person.
    Refund {
        /// The payment.
        payment: PaymentId,
        /// The refund.
        refund: u16,
        /// Why.
        trouble: RefundTrouble,
    },
}

/// Why a refund needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundTrouble {
    /// It will not go back by itself; another way has to be found.
    Failed,
    /// Its outcome is unknown and outlived its deadline.
    UnknownTooLong,
    /// More went back than was asked or taken: a channel broke its word about its window.
    MovedTooMuch,
}

impl Effect {
    /// Whether doing it again does harm.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::MoveMoney(_) | Self::Refund(_) | Self::Sign(_) => Delivery::Once,
            Self::QueryPayment(_)
            | Self::Reverse(_)
            | Self::ReadStatement(_)
            | Self::QueryRefund(_)
            | Self::RequestCode(_)
            | Self::QueryMandate(_)
            | Self::CancelMandate { .. }
            | Self::Notify { .. }
            | Self::Wake(_)
            | Self::Alarm(_) => Delivery::Repeatable,
        }
    }

    /// The kind, as stored and shown.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MoveMoney(_) => "move_money",
            Self::QueryPayment(_) => "query_payment",
            Self::Reverse(_) => "reverse",
            Self::ReadStatement(_) => "read_statement",
            Self::Refund(_) => "refund",
            Self::QueryRefund(_) => "query_refund",
            Self::RequestCode(_) => "request_code",
            Self::Sign(_) => "sign",
            Self::QueryMandate(_) => "query_mandate",
            Self::CancelMandate { .. } => "cancel_mandate",
            Self::Notify { .. } => "notify",
            Self::Wake(_) => "wake",
            Self::Alarm(_) => "alarm",
        }
    }

    /// The channel it goes to, for those that go to one.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::MoveMoney(order) => Some(&order.channel),
            Self::QueryPayment(query) => Some(&query.channel),
            Self::Reverse(reversal) => Some(&reversal.channel),
            Self::ReadStatement(query) => Some(&query.channel),
            Self::Refund(order) => Some(&order.channel),
            Self::QueryRefund(query) => Some(&query.channel),
            Self::RequestCode(request) | Self::Sign(request) | Self::QueryMandate(request) => {
                Some(&request.channel)
            }
            Self::CancelMandate { channel, .. } => Some(channel),
            Self::Notify { .. } | Self::Wake(_) | Self::Alarm(_) => None,
        }
    }
}

/// An effect and when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What.
    pub effect: Effect,
    /// Not before this moment.
    pub due_at: Timestamp,
}
