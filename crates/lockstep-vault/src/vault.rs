//! The one door to everything in this crate.

use crate::data_key_cache::DataKeyCache;
use crate::secret::fill_random;
use crate::{
    DataKey, IndexField, ItemContext, MasterKeyring, PersonalData, Sealed, VaultError, VaultItem,
    WrappedDataKey,
};
use lockstep_core::sensitive::{CardNumber, IdNumber, Mobile};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How many borrowers' data keys stay unwrapped in memory.
const CACHED_DATA_KEYS: usize = 4096;

/// Seals, opens and indexes personal data. A clone is the same vault.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ring: RwLock<Arc<MasterKeyring>>,
    cache: Mutex<DataKeyCache>,
}

impl Vault {
    /// A vault on these keys.
    pub fn new(ring: MasterKeyring) -> Self {
        let cache = Mutex::new(DataKeyCache::new(CACHED_DATA_KEYS));
        Self(Arc::new(Inner { ring: RwLock::new(Arc::new(ring)), cache }))
    }

    /// Swaps the keys of a running vault after a rotation. Refused when the index key isn't the same.
    pub fn replace_keyring(&self, ring: MasterKeyring) -> Result<(), VaultError> {
        let mut running = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        let (running_id, new_id) = (running.index_key().key_id(), ring.index_key().key_id());
        if running_id != new_id {
            return Err(VaultError::OtherIndexKey {
                running_id: running_id.to_owned(),
                new_id: new_id.to_owned(),
            });
        }
        *running = Arc::new(ring);
        // A key taken out of the ring must not live on in what it once unwrapped.
        self.cache().clear();
        Ok(())
    }

    /// The keys in use.
    pub fn keyring(&self) -> Arc<MasterKeyring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A data key for a new borrower, wrapped and ready to store. Deleting it erases the borrower's data.
    pub fn new_borrower_key(&self, tenant: &str, borrower: &str) -> Result<WrappedDataKey, VaultError> {
        DataKey::generate()?.wrap(&self.keyring(), tenant, borrower)
    }

    /// The data key under the current master key, or `None` when it already is.
    pub fn rewrap_borrower_key(
        &self,
        tenant: &str,
        borrower: &str,
        key: &WrappedDataKey,
    ) -> Result<Option<WrappedDataKey>, VaultError> {
        let ring = self.keyring();
        if key.key_id() == ring.current().key_id() {
            return Ok(None);
        }
        key.rewrap(&ring, tenant, borrower).map(Some)
    }

    /// Drops a borrower's data key from memory; part of an erasure, after the stored key is gone. (A call
    /// that is just using the key may keep it a little longer; without the stored key nobody can ask for it.)
    pub fn forget_borrower(&self, tenant: &str, borrower: &str) {
        self.cache().forget(tenant, borrower);
    }

    /// Seals the personal data of one item into bytes to store.
    pub fn seal_item(
        &self,
        tenant: &str,
        borrower: &str,
        key: &WrappedDataKey,
        item_id: &str,
        data: &PersonalData,
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.data_key(tenant, borrower, key)?;
        Ok(VaultItem::seal(&key, tenant, borrower, item_id, data)?.sealed.into_bytes())
    }

    /// Opens what [`seal_item`](Self::seal_item) made for the same tenant, borrower and item.
    pub fn open_item(
        &self,
        tenant: &str,
        borrower: &str,
        key: &WrappedDataKey,
        item_id: &str,
        sealed: &[u8],
    ) -> Result<PersonalData, VaultError> {
        let key = self.data_key(tenant, borrower, key)?;
        let item = VaultItem { id: item_id.to_owned(), sealed: Sealed::from_bytes(sealed.to_vec())? };
        item.open(&key, tenant, borrower)
    }

    /// Seals any other secret, for instance a webhook's signing key. `place.field` says which.
    pub fn seal_secret(
        &self,
        key: &WrappedDataKey,
        place: &ItemContext<'_>,
        clear: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.data_key(place.tenant, place.borrower, key)?;
        key.seal(place, clear).map(Sealed::into_bytes)
    }

    /// Opens what [`seal_secret`](Self::seal_secret) made for the same place.
    pub fn open_secret(
        &self,
        key: &WrappedDataKey,
        place: &ItemContext<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = self.data_key(place.tenant, place.borrower, key)?;
        key.open(place, &Sealed::from_bytes(sealed.to_vec())?)
    }

    /// The blind index of a card or account number within a tenant.
    pub fn card_index(&self, tenant: &str, card: &CardNumber) -> String {
        self.keyring().index_key().index(tenant, IndexField::Card, card.expose())
    }

    /// The blind index of a mobile number within a tenant.
    pub fn mobile_index(&self, tenant: &str, mobile: &Mobile) -> String {
        self.keyring().index_key().index(tenant, IndexField::Mobile, mobile.expose())
    }

    /// The blind index of a document number within a tenant.
    pub fn id_index(&self, tenant: &str, id: &IdNumber) -> String {
        self.keyring().index_key().index(tenant, IndexField::IdNumber, id.expose())
    }

    /// A keyed digest: of a request, to tell whether a repeat has the same content; of an API key, to store
    /// instead of it. Survives rotation. Callers put what it is for in front of the bytes.
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        self.keyring().index_key().fingerprint(bytes)
    }

    /// Whether the bytes have this fingerprint, in a time that doesn't tell how much of it was right.
    pub fn has_fingerprint(&self, bytes: &[u8], expected: &str) -> bool {
        self.fingerprint(bytes).as_bytes().ct_eq(expected.as_bytes()).into()
    }

    /// Random bytes fit for keys and tokens.
    pub fn random_bytes(&self, n: usize) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut bytes = Zeroizing::new(vec![0; n]);
        fill_random(&mut bytes)?;
        Ok(bytes)
    }

    fn data_key(
        &self,
        tenant: &str,
        borrower: &str,
        wrapped: &WrappedDataKey,
    ) -> Result<DataKey, VaultError> {
        if let Some(key) = self.cache().get(tenant, borrower, wrapped) {
            return Ok(key);
        }
        // The ring stays locked until the key is cached, so that a swap of keyrings clears this one too.
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        let key = wrapped.unwrap(&ring, tenant, borrower)?;
        self.cache().put(tenant, borrower, wrapped.clone(), key.clone());
        Ok(key)
    }

    /// At worst a panic loses an entry of the cache, so a poisoned lock is still good.
    fn cache(&self) -> MutexGuard<'_, DataKeyCache> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("keyring", &self.keyring())
            .field("cached_data_keys", &self.cache().len())
            .finish()
    }
}
