//! What can go wrong when sealing and opening.

/// A fault of the vault. No message carries a key, a clear text or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The data key was wrapped by a master key that is no longer (or not yet) in the keyring.
    #[error("master key {key_id} isn't in the keyring; add it back as an older key")]
    UnknownMasterKey {
        /// The id of the missing key.
        key_id: String,
    },
    /// The seal doesn't fit. Which of the reasons it was can't be told apart, by design of the cipher.
    #[error("{what} doesn't open: another key, another owner, or changed bytes")]
    NotAuthentic {
        /// What was being opened.
        what: &'static str,
    },
    /// The bytes or the text aren't in a format this version reads.
    #[error("{what} is malformed or was written by a newer version")]
    Malformed {
        /// What was being read.
        what: &'static str,
    },
    /// The clear text is longer than an item may be.
    #[error("the data to seal has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// The length given.
        bytes: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// A keyring with another index key was offered; look-ups by card, id and mobile would find nothing.
    #[error(
        "the new keyring's index key is {new_id}, the running one is {running_id}; they have to be the same"
    )]
    OtherIndexKey {
        /// The id of the index key in use.
        running_id: String,
        /// The id of the index key offered.
        new_id: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system's random source failed")]
    Randomness,
}
