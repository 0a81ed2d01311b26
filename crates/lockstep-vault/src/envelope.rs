//! Data keys wrapped by the master key, and what data keys seal.
//!
//! Erasing a borrower is deleting the [`WrappedDataKey`]: nothing else in the world opens that borrower's
//! items.

use crate::secret::Secret;
use crate::{MasterKey, MasterKeyring, VaultError, aead, context};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The longest clear text an item may have. An item is a few short fields; more is a mistake.
pub(crate) const MAX_CLEAR_BYTES: usize = 64 * 1024;

/// AES-256-GCM with a random nonce. Another cipher (SM4-GCM) gets another number.
const FORMAT_AES_256_GCM: u8 = 1;
const WRAPPED_BYTES: usize = aead::NONCE_BYTES + 32 + aead::TAG_BYTES;
const WRAPPED: &str = "wrapped data key";
const SEALED: &str = "sealed item";

/// A borrower's own key, in clear only in memory.
#[derive(Clone)]
pub struct DataKey(Secret);

impl DataKey {
    /// A fresh random key.
    pub fn generate() -> Result<Self, VaultError> {
        Secret::random().map(Self)
    }

    /// Wraps this key with the ring's current master key, bound to its owner.
    pub fn wrap(
        &self,
        ring: &MasterKeyring,
        tenant: &str,
        borrower: &str,
    ) -> Result<WrappedDataKey, VaultError> {
        let master = ring.current();
        let blob = aead::seal(master.secret(), &wrap_context(master, tenant, borrower), self.0.bytes())?;
        Ok(WrappedDataKey { key_id: master.key_id().to_owned(), blob })
    }

    /// Seals a clear text, bound to the place it belongs to.
    pub fn seal(&self, place: &ItemContext<'_>, clear: &[u8]) -> Result<Sealed, VaultError> {
        if clear.len() > MAX_CLEAR_BYTES {
            return Err(VaultError::TooLarge { bytes: clear.len(), limit: MAX_CLEAR_BYTES });
        }
        let mut bytes = vec![FORMAT_AES_256_GCM];
        bytes.extend(aead::seal(&self.0, &place.encode(), clear)?);
        Ok(Sealed(bytes))
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    pub fn open(&self, place: &ItemContext<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        aead::open(&self.0, &place.encode(), &sealed.0[1..]).ok_or(VaultError::NotAuthentic { what: SEALED })
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

fn wrap_context(master: &MasterKey, tenant: &str, borrower: &str) -> Vec<u8> {
    context::encode("lockstep/dek/v1", &[tenant, borrower, master.key_id()])
}

/// A data key as it may be stored: `v1.<master key id>.<base64url>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct WrappedDataKey {
    key_id: String,
    blob: Vec<u8>,
}

impl WrappedDataKey {
    /// The id of the master key that wrapped it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The data key, if the ring has the master key and the owner is the one it was wrapped for.
    pub fn unwrap(&self, ring: &MasterKeyring, tenant: &str, borrower: &str) -> Result<DataKey, VaultError> {
        let master = ring
            .find(&self.key_id)
            .ok_or_else(|| VaultError::UnknownMasterKey { key_id: self.key_id.clone() })?;
        aead::open(master.secret(), &wrap_context(master, tenant, borrower), &self.blob)
            .and_then(|clear| Secret::copied_from(&clear))
            .map(DataKey)
            .ok_or(VaultError::NotAuthentic { what: WRAPPED })
    }

    /// The same data key under the ring's current master key. What it sealed stays as it is.
    pub fn rewrap(&self, ring: &MasterKeyring, tenant: &str, borrower: &str) -> Result<Self, VaultError> {
        self.unwrap(ring, tenant, borrower)?.wrap(ring, tenant, borrower)
    }
}

impl fmt::Display for WrappedDataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}.{}", self.key_id, URL_SAFE_NO_PAD.encode(&self.blob))
    }
}

impl fmt::Debug for WrappedDataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedDataKey(v1.{}.…)", self.key_id)
    }
}

impl FromStr for WrappedDataKey {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let read = || {
            let (key_id, blob) = text.strip_prefix("v1.")?.split_once('.')?;
            let is_id = key_id.len() == 8 && key_id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let blob = URL_SAFE_NO_PAD.decode(blob).ok()?;
            (is_id && blob.len() == WRAPPED_BYTES).then(|| Self { key_id: key_id.to_owned(), blob })
        };
        read().ok_or(VaultError::Malformed { what: WRAPPED })
    }
}

impl From<WrappedDataKey> for String {
    fn from(key: WrappedDataKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for WrappedDataKey {
    type Error = VaultError;

    fn try_from(text: String) -> Result<Self, VaultError> {
        text.parse()
    }
}

/// Where a sealed text belongs. A text moved to another tenant, borrower, item or field doesn't open.
#[derive(Debug, Clone, Copy)]
pub struct ItemContext<'a> {
    /// The tenant that owns the borrower.
    pub tenant: &'a str,
    /// The borrower whose data key seals it.
    pub borrower: &'a str,
    /// The item's id.
    pub item: &'a str,
    /// Which of the item's sealed texts it is.
    pub field: &'a str,
}

impl ItemContext<'_> {
    fn encode(&self) -> Vec<u8> {
        context::encode("lockstep/item/v1", &[self.tenant, self.borrower, self.item, self.field])
    }
}

/// A sealed text as it may be stored: `1 || nonce || ciphertext || tag`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Reads stored bytes; whether they open is for the data key to say.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, VaultError> {
        let long_enough = bytes.len() > aead::NONCE_BYTES + aead::TAG_BYTES;
        match bytes.first() {
            Some(&FORMAT_AES_256_GCM) if long_enough => Ok(Self(bytes)),
            _ => Err(VaultError::Malformed { what: SEALED }),
        }
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: ItemContext<'_> =
        ItemContext { tenant: "t1", borrower: "b1", item: "i1", field: "personal" };

    #[test]
    fn a_sealed_text_opens_only_in_its_own_place() {
        let key = DataKey::generate().unwrap();
        let sealed = key.seal(&PLACE, b"6222020000000000000").unwrap();
        assert_eq!(&**key.open(&PLACE, &sealed).unwrap(), b"6222020000000000000");
        for place in [
            ItemContext { tenant: "t2", ..PLACE },
            ItemContext { borrower: "b2", ..PLACE },
            ItemContext { item: "i2", ..PLACE },
            ItemContext { field: "secret", ..PLACE },
            ItemContext { tenant: "t1b1", borrower: "", ..PLACE },
        ] {
            assert_eq!(key.open(&place, &sealed).unwrap_err(), VaultError::NotAuthentic { what: SEALED });
        }
        assert!(DataKey::generate().unwrap().open(&PLACE, &sealed).is_err());
    }

    #[test]
    fn another_format_number_is_refused() {
        let mut bytes = DataKey::generate().unwrap().seal(&PLACE, b"").unwrap().into_bytes();
        assert!(Sealed::from_bytes(bytes.clone()).is_ok());
        bytes[0] = 2;
        assert_eq!(Sealed::from_bytes(bytes), Err(VaultError::Malformed { what: SEALED }));
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_owner_and_with_its_master_key() {
        let ring = MasterKeyring::generate().unwrap();
        let key = DataKey::generate().unwrap();
        let wrapped = key.wrap(&ring, "t1", "b1").unwrap();
        assert_eq!(wrapped.unwrap(&ring, "t1", "b1").unwrap().0.bytes(), key.0.bytes());
        for (tenant, borrower) in [("t2", "b1"), ("t1", "b2"), ("t1b1", "")] {
            let refused = wrapped.unwrap(&ring, tenant, borrower).unwrap_err();
            assert_eq!(refused, VaultError::NotAuthentic { what: WRAPPED });
        }
        let other = MasterKeyring::generate().unwrap();
        let refused = wrapped.unwrap(&other, "t1", "b1").unwrap_err();
        assert_eq!(refused, VaultError::UnknownMasterKey { key_id: ring.current().key_id().to_owned() });
        let relabelled = WrappedDataKey { key_id: other.current().key_id().to_owned(), ..wrapped };
        assert!(relabelled.unwrap(&other, "t1", "b1").is_err());
    }

    #[test]
    fn rewrapping_keeps_what_was_sealed() {
        let ring = MasterKeyring::generate().unwrap();
        let key = DataKey::generate().unwrap();
        let sealed = key.seal(&PLACE, b"clear").unwrap();
        let rotated = ring.rotated().unwrap();
        let rewrapped = key.wrap(&ring, "t1", "b1").unwrap().rewrap(&rotated, "t1", "b1").unwrap();
        assert_eq!(rewrapped.key_id(), rotated.current().key_id());
        assert!(rewrapped.unwrap(&ring, "t1", "b1").is_err());
        let reopened = rewrapped.unwrap(&rotated, "t1", "b1").unwrap().open(&PLACE, &sealed).unwrap();
        assert_eq!(&**reopened, b"clear");
    }

    #[test]
    fn too_long_a_text_is_refused() {
        let refused = DataKey::generate().unwrap().seal(&PLACE, &vec![0; MAX_CLEAR_BYTES + 1]).unwrap_err();
        assert_eq!(refused, VaultError::TooLarge { bytes: MAX_CLEAR_BYTES + 1, limit: MAX_CLEAR_BYTES });
    }

    #[test]
    fn a_wrapped_key_is_one_string_in_json() {
        let wrapped =
            DataKey::generate().unwrap().wrap(&MasterKeyring::generate().unwrap(), "t1", "b1").unwrap();
        let json = serde_json::to_string(&wrapped).unwrap();
        assert_eq!(json, format!("\"{wrapped}\""));
        assert_eq!(serde_json::from_str::<WrappedDataKey>(&json).unwrap(), wrapped);
        assert!(serde_json::from_str::<WrappedDataKey>(&json.replace("v1", "v2")).is_err());
        assert!(serde_json::from_str::<WrappedDataKey>(&json.to_uppercase()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_text_panic(
            bytes: Vec<u8>, text in "(v1\\.)?[0-9a-f]{0,9}\\.?[A-Za-z0-9_=-]{0,90}",
        ) {
            let key = DataKey::generate().unwrap();
            if let Ok(sealed) = Sealed::from_bytes(bytes) {
                prop_assert!(key.open(&PLACE, &sealed).is_err());
            }
            if let Ok(wrapped) = text.parse::<WrappedDataKey>() {
                prop_assert_eq!(wrapped.to_string(), text);
            }
        }

        #[test]
        fn whatever_is_sealed_comes_back(
            clear: Vec<u8>, tenant: String, borrower: String, item: String, field: String,
        ) {
            let place = ItemContext { tenant: &tenant, borrower: &borrower, item: &item, field: &field };
            let key = DataKey::generate().unwrap();
            let stored = key.seal(&place, &clear).unwrap().into_bytes();
            prop_assert_eq!(stored.len(), 1 + 12 + clear.len() + 16);
            prop_assert_eq!(&**key.open(&place, &Sealed::from_bytes(stored).unwrap()).unwrap(), &*clear);
        }
    }
}
