//! Thirty-two secret bytes: the one representation of a key.

use crate::VaultError;
use zeroize::Zeroize;

/// The length of every key in this crate.
pub(crate) const KEY_BYTES: usize = 32;

/// A key on the heap, so that moving it moves a pointer and leaves no copy behind; wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Box<[u8; KEY_BYTES]>);

impl Secret {
    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut secret = Self::zeroed();
        fill_random(secret.0.as_mut_slice())?;
        Ok(secret)
    }

    pub(crate) fn copied_from(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::zeroed();
        if bytes.len() != KEY_BYTES {
            return None;
        }
        secret.0.copy_from_slice(bytes);
        Some(secret)
    }

    /// A key filled in place by `fill`.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; KEY_BYTES])) -> Self {
        let mut secret = Self::zeroed();
        fill(&mut secret.0);
        secret
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn zeroed() -> Self {
        Self(Box::new([0; KEY_BYTES]))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[expect(clippy::disallowed_methods, reason = "keys and nonces are drawn here, for the whole vault")]
pub(crate) fn fill_random(buffer: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(buffer).map_err(|_| VaultError::Randomness)
}
