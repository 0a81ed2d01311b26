//! The text form of a keyring, shared by the key file and the environment.

use crate::secret::{KEY_BYTES, Secret};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Why a text isn't a keyring. Names the line, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// No master key at all.
    #[error("it holds no master key; a key is 32 random bytes as 64 hex digits or base64")]
    NoMasterKey,
    /// An entry that isn't 32 bytes in hex or base64.
    #[error("line {line} isn't a key of 32 bytes in 64 hex digits or base64")]
    NotAKey {
        /// Counted from 1.
        line: usize,
    },
    /// An entry with a label other than `master:` and `index:`.
    #[error("line {line} has an unknown label; known are \"master:\" and \"index:\"")]
    UnknownLabel {
        /// Counted from 1.
        line: usize,
    },
    /// A key made of one repeated byte.
    #[error("line {line} is a placeholder (one byte repeated), not a random key")]
    Placeholder {
        /// Counted from 1.
        line: usize,
    },
    /// A second `index:` entry.
    #[error("line {line} is a second index key; there is exactly one")]
    SecondIndexKey {
        /// Counted from 1.
        line: usize,
    },
    /// The same master key twice.
    #[error("master key {key_id} is there twice")]
    RepeatedKey {
        /// The id of that key.
        key_id: String,
    },
    /// Several master keys without an index key.
    #[error(
        "several master keys need an explicit \"index:\" key, or look-ups by card and phone would be lost"
    )]
    NoIndexKey,
    /// The index key is one of the master keys.
    #[error("the index key is the same as a master key; it has to be a key of its own")]
    IndexKeyIsMasterKey,
    /// More master keys than rotation can explain.
    #[error("it holds more than 64 master keys")]
    TooManyKeys,
}

pub(crate) struct Entries {
    pub(crate) masters: Vec<Secret>,
    pub(crate) index: Option<Secret>,
}

pub(crate) fn entries(text: &str) -> Result<Entries, KeyTextError> {
    let mut found = Entries { masters: Vec::new(), index: None };
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default();
        for entry in content.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (label, value) = entry.split_once(':').unwrap_or(("master", entry));
            let is_index = match label.trim() {
                "master" => false,
                "index" => true,
                _ => return Err(KeyTextError::UnknownLabel { line }),
            };
            let secret = decode(value.trim()).ok_or(KeyTextError::NotAKey { line })?;
            if secret.bytes().iter().all(|byte| *byte == secret.bytes()[0]) {
                return Err(KeyTextError::Placeholder { line });
            }
            if !is_index {
                found.masters.push(secret);
            } else if found.index.replace(secret).is_some() {
                return Err(KeyTextError::SecondIndexKey { line });
            }
        }
    }
    Ok(found)
}

pub(crate) fn write<'a>(masters: impl Iterator<Item = &'a Secret>, index: &Secret) -> Zeroizing<String> {
    // Sized for the most keys there can be, so that growing leaves no copy of a key in freed memory.
    let mut text = Zeroizing::new(String::with_capacity((crate::key::MAX_MASTER_KEYS + 3) * 64));
    for (label, secret) in masters.map(|key| ("master:", key)).chain([("index:", index)]) {
        text.push_str(label);
        STANDARD.encode_string(secret.bytes(), &mut text);
        text.push('\n');
    }
    text
}

/// Hex is told from base64 by its length: 64 characters against 43 or 44.
fn decode(value: &str) -> Option<Secret> {
    if value.len() == KEY_BYTES * 2 {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        for (byte, digits) in bytes.iter_mut().zip(value.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        return Secret::copied_from(bytes.as_slice());
    }
    // The decoder wants room for its estimate, which is a little more than the 32 bytes.
    let mut bytes = Zeroizing::new([0; KEY_BYTES + 16]);
    let length = STANDARD_PAD_INDIFFERENT
        .decode_slice(value, bytes.as_mut_slice())
        .or_else(|_| URL_SAFE_NO_PAD.decode_slice(value.trim_end_matches('='), bytes.as_mut_slice()))
        .ok()?;
    Secret::copied_from(&bytes[..length])
}
