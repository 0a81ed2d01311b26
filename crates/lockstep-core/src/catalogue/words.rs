//! Words that travel on the wire: one spelling for serde, `as_str` and `from_str`.

/// A word that is not in a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}; it is one of: {legal}")]
pub struct UnknownWord {
    /// What kind of word was expected, e.g. `scheme`.
    pub what: &'static str,
    /// The words that would have been accepted, separated by commas.
    pub legal: String,
}

/// `FromStr` and `Display` over `ALL` and `as_str`, which the type has already.
macro_rules! spelled {
    ($name:ident, $what:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::catalogue::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word).ok_or_else(|| {
                    let legal: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    $crate::catalogue::UnknownWord { what: $what, legal: legal.join(", ") }
                })
            }
        }
    };
}

/// An enum whose variants are words of the wire.
macro_rules! wire_words {
    ($(#[$doc:meta])* $name:ident, $what:literal {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable word used on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }

        $crate::catalogue::words::spelled!($name, $what);
    };
}

pub(crate) use {spelled, wire_words};
