//! Personal data and secrets in types that can't be printed.
//!
//! None of these types implements `Display`, `Serialize` or a `Debug` that shows its content, so a card
//! number can't reach a log line, an event or an answer by accident. Reading one takes an explicit
//! [`expose`](CardNumber::expose), which is easy to find in review.
//!
//! ```compile_fail
//! let card = lockstep_core::sensitive::CardNumber::new("6222020000000000000".to_owned());
//! println!("{card}");
//! ```
//! ```compile_fail
//! let card = lockstep_core::sensitive::CardNumber::new("6222020000000000000".to_owned());
//! serde_json::to_string(&card).unwrap();
//! ```

use secrecy::{ExposeSecret, SecretString};

macro_rules! sensitive {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps a clear text. The given string is moved, not copied.
            pub fn new(clear: String) -> Self {
                Self(SecretString::from(clear))
            }

            /// The clear text. Only the vault, the checks and the channel adapters have a reason to call this.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    )*};
}

sensitive! {
    /// A card or account number, 8–34 characters (class C2/C3).
    CardNumber,
    /// A resident identity card or other document number (class C2).
    IdNumber,
    /// A mobile number as reserved at the bank (class C2).
    Mobile,
    /// The holder's name as the bank knows it (class C2).
    HolderName,
    /// A code sent by SMS. Never stored; lives in memory until it has been used (class C3).
    OneTimeCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let card = CardNumber::new("6222020000000000000".to_owned());
        assert_eq!(format!("{card:?}"), "CardNumber(…)");
        assert_eq!(card.expose(), "6222020000000000000");
    }
}
