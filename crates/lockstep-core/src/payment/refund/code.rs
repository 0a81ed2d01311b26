//! Why money goes back: a code, never free text, which might name people.

use serde::{Deserialize, Serialize};

/// A lender's own code such as `goodwill` or `order_cancelled`, or `surplus`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefundReason(String);

impl RefundReason {
    /// Money that should never have been taken.
    pub fn surplus() -> Self {
        Self("surplus".to_owned())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RefundReason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text))
        } else {
            Err("a refund's reason is a code of 1 to 64 characters of a-z, 0-9 and _")
        }
    }
}

impl From<RefundReason> for String {
    fn from(reason: RefundReason) -> Self {
        reason.0
    }
}
