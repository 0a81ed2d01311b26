//! What people and programs read and write: times, money, words, lists; and checks of what they wrote.

mod schema;
mod typed;

use lockstep_core::catalogue::Text;
use lockstep_core::money::Money;
use lockstep_core::text::Sentence;
use lockstep_core::time::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub(crate) use self::schema::*;
pub(crate) use self::typed::{Typed, moment};

/// A text in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Words {
    /// 中文
    pub(crate) zh: String,
    /// English
    pub(crate) en: String,
}

impl From<Text> for Words {
    fn from(text: Text) -> Self {
        Self { zh: text.zh.to_owned(), en: text.en.to_owned() }
    }
}

impl From<Sentence> for Words {
    fn from(text: Sentence) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

/// A moment, shown as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// An amount: a whole number of the currency's minor unit (fen for CNY). Never a fraction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MoneyView {
    /// Whole minor units.
    #[schema(example = 125_000)]
    amount_minor: i64,
    /// ISO 4217.
    #[schema(value_type = CurrencyCode)]
    currency: &'static str,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount_minor: money.amount_minor, currency: money.currency.code() }
    }
}

/// A page of a list, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Listing<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}
