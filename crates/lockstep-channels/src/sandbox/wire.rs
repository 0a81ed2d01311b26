//! What travels between the adapter and the sandbox. One definition for both sides.

use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::money::Currency;
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile, OneTimeCode};
use lockstep_core::time::{Day, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// The nine calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Check the four elements and text a code.
    SignCode,
    /// Sign with the code, or with an account proven by micro-deposit.
    SignConfirm,
    /// What became of a signature?
    SignQuery,
    /// End a mandate.
    SignCancel,
    /// Move money.
    Pay,
    /// What became of a payment or refund?
    PayQuery,
    /// Undo a payment that may have moved money.
    PayReverse,
    /// What stands about a payment in the statement of a day?
    Statement,
    /// Give a debit back, whole or in part.
    Refund,
}

impl Call {
    /// All nine.
    pub const ALL: [Self; 9] = [
        Self::SignCode,
        Self::SignConfirm,
        Self::SignQuery,
        Self::SignCancel,
        Self::Pay,
        Self::PayQuery,
        Self::PayReverse,
        Self::Statement,
        Self::Refund,
    ];

    /// The last part of its path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignCode => "sign_code",
            Self::SignConfirm => "sign_confirm",
            Self::SignQuery => "sign_query",
            Self::SignCancel => "sign_cancel",
            Self::Pay => "pay",
            Self::PayQuery => "pay_query",
            Self::PayReverse => "pay_reverse",
            Self::Statement => "statement",
            Self::Refund => "refund",
        }
    }

    /// The call of a path's last part.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.as_str() == word)
    }

    /// The path on which a channel takes it.
    pub fn path(self, channel: &ChannelId) -> String {
        format!("/channels/{channel}/{}", self.as_str())
    }
}

macro_rules! clear {
    ($($name:ident: $type:ty),*) => {$(
        /// Personal data leaves in clear here and nowhere else; the line itself is encrypted.
        fn $name<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
            value.as_ref().map(|value| value.expose()).serialize(serializer)
        }
    )*};
}
clear!(card: CardNumber, id: IdNumber, mobile: Mobile, name: HolderName, one_time: OneTimeCode);

/// A step of signing: `sign_code` and `sign_confirm`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignStep {
    /// Our number for this signing.
    pub request_no: String,
    /// The channel's own name for it, once it gave one.
    pub channel_ref: Option<String>,
    /// Card or account number.
    #[serde(serialize_with = "card")]
    pub card_number: Option<CardNumber>,
    /// The holder's name.
    #[serde(serialize_with = "name")]
    pub holder_name: Option<HolderName>,
    /// The holder's document number.
    #[serde(serialize_with = "id")]
    pub id_number: Option<IdNumber>,
    /// The phone the bank has on record.
    #[serde(serialize_with = "mobile")]
    pub mobile: Option<Mobile>,
    /// The code that was texted; absent for an account proven by micro-deposit.
    #[serde(serialize_with = "one_time")]
    pub code: Option<OneTimeCode>,
}

/// A question about a signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignQuestion {
    /// Our number for the signing.
    pub request_no: String,
    /// The channel's own name for it, once it gave one.
    pub channel_ref: Option<String>,
}

/// The end of a mandate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignCancel {
    /// The channel's number of the mandate.
    pub agreement_no: String,
}

/// A movement of money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// Our number for this attempt.
    pub order_no: String,
    /// Debit or credit.
    pub direction: Direction,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// The mandate that a debit rests on.
    pub agreement_no: Option<String>,
    /// Where a credit goes.
    #[serde(serialize_with = "card")]
    pub card_number: Option<CardNumber>,
    /// Whose account that is.
    #[serde(serialize_with = "name")]
    pub holder_name: Option<HolderName>,
}

/// A debit to be given back, whole or in part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveBack {
    /// Our number for this try of the refund.
    pub order_no: String,
    /// Our number of the debit.
    pub original_no: String,
    /// The channel's own number of the debit.
    pub original_ref: Option<String>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// A question about a movement of money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayQuestion {
    /// Our number for the attempt.
    pub order_no: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// The reversal of a movement of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayReverse {
    /// Our number for the reversal; the same on every sending.
    pub reversal_no: String,
    /// Our number for the attempt to be undone.
    pub order_no: String,
    /// Its whole amount, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// When the attempt was sent.
    pub sent_at: Timestamp,
}

/// A look at the statement of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementQuestion {
    /// Our number for the attempt.
    pub order_no: String,
    /// Of which day.
    pub day: Day,
}

/// A request as the other side reads it.
#[derive(Debug, Clone)]
pub enum WireRequest {
    /// Check the four elements and text a code.
    SignCode(SignStep),
    /// Sign.
    SignConfirm(SignStep),
    /// What became of a signature?
    SignQuery(SignQuestion),
    /// End a mandate.
    SignCancel(SignCancel),
    /// Move money.
    Pay(Pay),
    /// What became of a payment or refund?
    PayQuery(PayQuestion),
    /// Undo a payment.
    PayReverse(PayReverse),
    /// What stands in the statement of a day?
    Statement(StatementQuestion),
    /// Give a debit back.
    Refund(GiveBack),
}

impl WireRequest {
    /// Reads the body of a call.
    pub fn read(call: Call, body: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(match call {
            Call::SignCode => Self::SignCode(serde_json::from_slice(body)?),
            Call::SignConfirm => Self::SignConfirm(serde_json::from_slice(body)?),
            Call::SignQuery => Self::SignQuery(serde_json::from_slice(body)?),
            Call::SignCancel => Self::SignCancel(serde_json::from_slice(body)?),
            Call::Pay => Self::Pay(serde_json::from_slice(body)?),
            Call::PayQuery => Self::PayQuery(serde_json::from_slice(body)?),
            Call::PayReverse => Self::PayReverse(serde_json::from_slice(body)?),
            Call::Statement => Self::Statement(serde_json::from_slice(body)?),
            Call::Refund => Self::Refund(serde_json::from_slice(body)?),
        })
    }

    /// Which call it is.
    pub fn call(&self) -> Call {
        match self {
            Self::SignCode(_) => Call::SignCode,
            Self::SignConfirm(_) => Call::SignConfirm,
            Self::SignQuery(_) => Call::SignQuery,
            Self::SignCancel(_) => Call::SignCancel,
            Self::Pay(_) => Call::Pay,
            Self::PayQuery(_) => Call::PayQuery,
            Self::PayReverse(_) => Call::PayReverse,
            Self::Statement(_) => Call::Statement,
            Self::Refund(_) => Call::Refund,
        }
    }
}

/// The reply to a step of signing or a question about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignReply {
    /// The signing it is about.
    pub request_no: String,
    /// Response code.
    pub code: String,
    /// The channel's own name for the signing.
    pub channel_ref: Option<String>,
    /// The number of the mandate, when it holds.
    pub agreement_no: Option<String>,
}

/// The reply to the end of a mandate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelReply {
    /// The mandate it is about.
    pub agreement_no: String,
    /// Response code.
    pub code: String,
    /// Whether the mandate still holds afterwards.
    pub live: bool,
}

/// The reply to a movement of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayReply {
    /// The attempt it is about.
    pub order_no: String,
    /// Response code.
    pub code: String,
    /// The channel's own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it is about, in minor units.
    pub amount_minor: i64,
}

/// The reply to a question about a movement of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayQuestionReply {
    /// The attempt it is about.
    pub order_no: String,
    /// Response code of the question.
    pub code: String,
    /// What became of the order, if it was found.
    pub original: Option<Original>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// The order's own response code.
    pub code: String,
    /// The channel's own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it is about, in minor units.
    pub amount_minor: i64,
}

/// The reply to a reversal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseReply {
    /// The reversal it is about.
    pub reversal_no: String,
    /// The attempt it is about.
    pub order_no: String,
    /// Response code of the reversal.
    pub code: String,
    /// The amount it is about, in minor units.
    pub amount_minor: i64,
}

/// What a statement says about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementReply {
    /// The attempt it is about.
    pub order_no: String,
    /// The statement's day.
    pub day: Day,
    /// Whether the statement is complete; before that it says nothing.
    pub ready: bool,
    /// The order's line, if it has one.
    pub line: Option<Original>,
}

/// A message that a channel sends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireNotice {
    /// The same on every copy and every try.
    pub message_id: String,
    /// The attempt it is about.
    pub order_no: String,
    /// The order's response code.
    pub code: String,
    /// The channel's own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it is about, in minor units.
    pub amount_minor: i64,
}
