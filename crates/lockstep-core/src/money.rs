//! Money is an integer count of the currency's minor unit, with its currency. There is no float anywhere.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Largest amount that one order or payment may carry: 10¹³ minor units. Sums of a million of them still fit.
pub const MAX_AMOUNT_MINOR: i64 = 10_000_000_000_000;

/// Currencies and how many decimal digits their minor unit has (ISO 4217, active list), in the order of their codes.
const EXPONENTS: &[(&str, u8)] = &[
    ("AED", 2),
    ("AUD", 2),
    ("BDT", 2),
    ("BHD", 3),
    ("BND", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CLF", 4),
    ("CLP", 0),
    ("CNY", 2),
    ("COP", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EGP", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("ILS", 2),
    ("INR", 2),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KES", 2),
    ("KHR", 2),
    ("KRW", 0),
    ("KWD", 3),
    ("KZT", 2),
    ("LAK", 2),
    ("LKR", 2),
    ("LYD", 3),
    ("MMK", 2),
    ("MNT", 2),
    ("MOP", 2),
    ("MXN", 2),
    ("MYR", 2),
    ("NGN", 2),
    ("NOK", 2),
    ("NPR", 2),
    ("NZD", 2),
    ("OMR", 3),
    ("PEN", 2),
    ("PHP", 2),
    ("PKR", 2),
    ("PLN", 2),
    ("PYG", 0),
    ("QAR", 2),
    ("RON", 2),
    ("RUB", 2),
    ("RWF", 0),
    ("SAR", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TND", 3),
    ("TRY", 2),
    ("TWD", 2),
    ("TZS", 2),
    ("UAH", 2),
    ("UGX", 0),
    ("USD", 2),
    ("UYU", 2),
    ("UYW", 4),
    ("UZS", 2),
    ("VND", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("ZAR", 2),
];

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(&'static str, u8);

impl Currency {
    /// Chinese yuan, the default of the sandbox.
    pub const CNY: Self = Self("CNY", 2);

    /// Looks a currency up by its three-letter code.
    pub fn from_code(code: &str) -> Option<Self> {
        let place = EXPONENTS.binary_search_by_key(&code, |(known, _)| known).ok()?;
        EXPONENTS.get(place).map(|(known, exponent)| Self(known, *exponent))
    }

    /// The three-letter code.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Decimal digits of the minor unit: 2 for CNY (fen), 0 for JPY, 3 for KWD.
    pub const fn exponent(self) -> u8 {
        self.1
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| serde::de::Error::custom("unknown ISO 4217 currency"))
    }
}

/// Why a text or number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("is not a plain decimal number such as 1250.00")]
    NotANumber,
    /// Zero or negative.
    #[error("must be greater than zero")]
    NotPositive,
    /// More decimals than the currency has.
    #[error("has more decimals than its currency allows")]
    TooManyDecimals,
    /// Above [`MAX_AMOUNT_MINOR`].
    #[error("is larger than any amount this service accepts")]
    TooLarge,
}

/// A positive amount of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Count of minor units (fen for CNY), 1 to [`MAX_AMOUNT_MINOR`].
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// A checked amount.
    pub fn new(amount_minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if amount_minor <= 0 {
            return Err(AmountError::NotPositive);
        }
        if amount_minor > MAX_AMOUNT_MINOR {
            return Err(AmountError::TooLarge);
        }
        Ok(Self { amount_minor, currency })
    }

    /// Parses a decimal such as `1250`, `1250.5` or `1250.00`; no sign, no grouping, no exponent.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(if text.starts_with('-') {
                AmountError::NotPositive
            } else {
                AmountError::NotANumber
            });
        }
        let exponent = usize::from(currency.exponent());
        if fraction.len() > exponent {
            return Err(AmountError::TooManyDecimals);
        }
        let minor: i64 =
            format!("{whole}{fraction:0<exponent$}").parse().map_err(|_| AmountError::TooLarge)?;
        Self::new(minor, currency)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let exponent = u32::from(self.currency.exponent());
        let unit = 10_i64.pow(exponent);
        let (whole, part) = (self.amount_minor / unit, self.amount_minor % unit);
        if exponent == 0 {
            write!(f, "{} {whole}", self.currency.code())
        } else {
            write!(f, "{} {whole}.{part:0width$}", self.currency.code(), width = exponent as usize)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_currency_is_found() {
        assert!(EXPONENTS.is_sorted_by_key(|(code, _)| code));
        for (code, exponent) in EXPONENTS {
            assert_eq!(Currency::from_code(code), Some(Currency(code, *exponent)));
        }
        assert_eq!((Currency::from_code("AAA"), Currency::from_code("")), (None, None));
    }

    #[test]
    fn parses_what_people_write_and_says_what_is_wrong() {
        let cny = Currency::CNY;
        for (text, expected) in [
            ("1250", Ok(125_000)),
            ("1250.5", Ok(125_050)),
            ("0.01", Ok(1)),
            ("0", Err(AmountError::NotPositive)),
            ("-5", Err(AmountError::NotPositive)),
            ("1,250.00", Err(AmountError::NotANumber)),
            ("1e3", Err(AmountError::NotANumber)),
            (".5", Err(AmountError::NotANumber)),
            ("5.", Err(AmountError::NotANumber)),
            ("", Err(AmountError::NotANumber)),
            ("1.001", Err(AmountError::TooManyDecimals)),
            ("99999999999999999999", Err(AmountError::TooLarge)),
        ] {
            assert_eq!(Money::parse(text, cny).map(|money| money.amount_minor), expected, "{text:?}");
        }
    }

    proptest! {
        /// F19: what is shown parses back to the same minor units, for every exponent 0, 2, 3 and 4.
        #[test]
        fn shown_amounts_parse_back(minor in 1..MAX_AMOUNT_MINOR, index in 0..EXPONENTS.len()) {
            let currency = Currency::from_code(EXPONENTS[index].0).unwrap();
            let money = Money::new(minor, currency).unwrap();
            let shown = money.to_string();
            let (_, number) = shown.split_once(' ').unwrap();
            prop_assert_eq!(Money::parse(number, currency), Ok(money));
        }
    }
}
