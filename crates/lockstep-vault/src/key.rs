//! Master keys, the index key, and the ring that holds them.
//!
//! **Rotation.** A ring holds one current master key, which wraps, and older ones, which only unwrap. On one
//! node: [`key_file::rotate`](crate::key_file::rotate), then
//! [`Vault::replace_keyring`](crate::Vault::replace_keyring) (or a restart), then rewrap every stored data
//! key, then delete the old line. On several nodes the new key first goes to every node as an *older* key
//! (second line), and only then to the first line, so no node meets a data key it can't unwrap.
//!
//! **The index key** makes the blind indexes and fingerprints. Those are compared, not decrypted, so they
//! can't be made again without every clear text; a key that changed with the master key would lose all
//! look-ups. It is therefore a second random secret, made once with the first master key, kept beside it and
//! carried through every rotation.

use crate::key_text::{self, KeyTextError};
use crate::mac;
use crate::secret::Secret;
use crate::{VaultError, key_text::Entries};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The most master keys a ring takes; more means that rewrapping never happened.
pub(crate) const MAX_MASTER_KEYS: usize = 64;

/// A key that wraps data keys.
#[derive(Clone)]
pub struct MasterKey {
    secret: Secret,
    key_id: String,
}

impl MasterKey {
    /// A fresh random key.
    pub fn generate() -> Result<Self, VaultError> {
        Secret::random().map(Self::from_secret)
    }

    /// Eight hex digits that name this key and say nothing about it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn from_secret(secret: Secret) -> Self {
        let key_id = id_of(&secret, b"lockstep/master-key-id/v1");
        Self { secret, key_id }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, …)", self.key_id)
    }
}

/// The key behind blind indexes and fingerprints; see the module's text for why it is apart.
#[derive(Clone)]
pub struct IndexKey {
    secret: Secret,
    key_id: String,
}

impl IndexKey {
    /// A fresh random key.
    pub fn generate() -> Result<Self, VaultError> {
        Secret::random().map(Self::from_secret)
    }

    /// Eight hex digits that name this key. Worth storing beside the indexes, so that `doctor` notices
    /// another key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn from_secret(secret: Secret) -> Self {
        let key_id = id_of(&secret, b"lockstep/index-key-id/v1");
        Self { secret, key_id }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexKey({}, …)", self.key_id)
    }
}

fn id_of(secret: &Secret, label: &[u8]) -> String {
    mac::hmac_sha256(secret.bytes(), label)[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One current master key, older ones, and the index key.
#[derive(Clone)]
pub struct MasterKeyring {
    keys: Vec<MasterKey>,
    index_key: IndexKey,
}

impl MasterKeyring {
    /// A ring with one fresh master key and a fresh index key.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self { keys: vec![MasterKey::generate()?], index_key: IndexKey::generate()? })
    }

    /// Reads the text of a key file or of an environment variable.
    ///
    /// Entries stand on lines of their own or are separated by commas; `#` starts a comment. An entry is 32
    /// bytes as 64 hex digits or base64, optionally after `master:`, or after `index:`. The first master key
    /// is the current one. A text with a single master key may leave the index key out: it is then derived
    /// from that key. With several master keys it has to be there, because it can't be told which one it came
    /// from.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let Entries { masters, index } = key_text::entries(text)?;
        let keys: Vec<MasterKey> = masters.into_iter().map(MasterKey::from_secret).collect();
        for (position, key) in keys.iter().enumerate() {
            if keys[..position].iter().any(|earlier| earlier.key_id == key.key_id) {
                return Err(KeyTextError::RepeatedKey { key_id: key.key_id.clone() });
            }
        }
        let index_key = match (index, keys.as_slice()) {
            (_, []) => return Err(KeyTextError::NoMasterKey),
            (_, many) if many.len() > MAX_MASTER_KEYS => return Err(KeyTextError::TooManyKeys),
            (Some(index), _) if keys.iter().any(|key| same(&key.secret, &index)) => {
                return Err(KeyTextError::IndexKeyIsMasterKey);
            }
            (Some(index), _) => IndexKey::from_secret(index),
            (None, [only]) => IndexKey::from_secret(mac::expand(&only.secret, b"lockstep/index-key/v1")),
            (None, _) => return Err(KeyTextError::NoIndexKey),
        };
        Ok(Self { keys, index_key })
    }

    /// The ring as text that [`parse`](Self::parse) reads, index key included. It is the secret itself: only
    /// for a key file or a secret manager.
    pub fn to_text(&self) -> Zeroizing<String> {
        key_text::write(self.keys.iter().map(MasterKey::secret), self.index_key.secret())
    }

    /// The same ring with a fresh current master key in front.
    pub fn rotated(&self) -> Result<Self, VaultError> {
        let mut rotated = self.clone();
        rotated.keys.insert(0, MasterKey::generate()?);
        Ok(rotated)
    }

    /// The key that wraps.
    pub fn current(&self) -> &MasterKey {
        &self.keys[0]
    }

    /// The key with this id, current or older.
    pub fn find(&self, key_id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.key_id == key_id)
    }

    /// The ids of all master keys, the current one first.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(MasterKey::key_id)
    }

    /// The key of the blind indexes.
    pub fn index_key(&self) -> &IndexKey {
        &self.index_key
    }
}

impl fmt::Debug for MasterKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKeyring").field("keys", &self.keys).field("index_key", &self.index_key).finish()
    }
}

pub(crate) fn same(one: &Secret, other: &Secret) -> bool {
    one.bytes().ct_eq(other.bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OTHER: &str = "101112131415161718191a1b1c1d1e1f000102030405060708090a0b0c0d0e0f";

    #[test]
    fn hex_base64_and_labels_name_the_same_key() {
        let ids = |text: &str| {
            let ring = MasterKeyring::parse(text).unwrap();
            (ring.current().key_id().to_owned(), ring.index_key().key_id().to_owned())
        };
        let expected = ids(HEX);
        assert_eq!(expected.0.len(), 8);
        assert_ne!(expected.0, expected.1);
        for text in [
            BASE64.to_owned(),
            BASE64.trim_end_matches('=').to_owned(),
            HEX.to_uppercase(),
            format!("master:{HEX}\n"),
            format!("\r\n# a comment, with a comma\r\n  master: {BASE64} # the current one\r\n"),
        ] {
            assert_eq!(ids(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_and_back() {
        let ring = MasterKeyring::generate().unwrap().rotated().unwrap();
        let again = MasterKeyring::parse(&ring.to_text()).unwrap();
        assert!(ring.key_ids().eq(again.key_ids()));
        assert_eq!(ring.index_key().key_id(), again.index_key().key_id());
    }

    #[test]
    fn rotation_keeps_the_index_key_and_the_old_master_key() {
        let ring = MasterKeyring::parse(HEX).unwrap();
        let rotated = ring.rotated().unwrap();
        assert_ne!(rotated.current().key_id(), ring.current().key_id());
        assert!(rotated.find(ring.current().key_id()).is_some());
        assert_eq!(rotated.index_key().key_id(), ring.index_key().key_id());
        assert_eq!(
            MasterKeyring::parse(&rotated.to_text()).unwrap().index_key().key_id(),
            ring.index_key().key_id()
        );
    }

    #[test]
    fn wrong_texts_are_refused_by_name() {
        let refused = |text: &str| MasterKeyring::parse(text).unwrap_err();
        let many: String = (0..65).map(|n| format!("{n:02x}{}\n", &HEX[2..])).collect();
        assert_eq!(refused(""), KeyTextError::NoMasterKey);
        assert_eq!(refused("# only a comment"), KeyTextError::NoMasterKey);
        assert_eq!(refused(&format!("index:{HEX}")), KeyTextError::NoMasterKey);
        assert_eq!(refused(&format!("{HEX},{OTHER}")), KeyTextError::NoIndexKey);
        assert_eq!(
            refused(&format!("{HEX}\n{HEX}")).to_string(),
            refused(&format!("{HEX},{BASE64}")).to_string()
        );
        assert_eq!(refused(&format!("{HEX},index:{BASE64}")), KeyTextError::IndexKeyIsMasterKey);
        assert_eq!(
            refused(&format!("{HEX},index:{OTHER},index:{OTHER}")),
            KeyTextError::SecondIndexKey { line: 1 }
        );
        assert_eq!(refused(&format!("{many}index:{OTHER}")), KeyTextError::TooManyKeys);
        assert_eq!(refused(&"0".repeat(64)), KeyTextError::Placeholder { line: 1 });
        assert_eq!(refused(&format!("\n{}", &HEX[1..])), KeyTextError::NotAKey { line: 2 });
        assert_eq!(refused("AAECAwQFBgc="), KeyTextError::NotAKey { line: 1 });
        assert_eq!(refused("口令"), KeyTextError::NotAKey { line: 1 });
        assert_eq!(refused(&format!("mistress:{HEX}")), KeyTextError::UnknownLabel { line: 1 });
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,120}", hexes in "([0-9a-f,:\n# =]|index:|master:){0,200}") {
            let _ = MasterKeyring::parse(&text);
            let _ = MasterKeyring::parse(&hexes);
        }
    }
}
