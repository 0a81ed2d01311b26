//! API keys: made here, shown once, stored as a keyed hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_vault::{Vault, VaultError};

/// What every key begins with, so that scanners find one that leaked.
pub(crate) const PREFIX: &str = "lsk_";
const RANDOM_BYTES: usize = 32;

/// A new key and its hash: show the first once, store the second.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new_api_key(vault: &Vault) -> Result<(String, String), VaultError> {
    let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*vault.random_bytes(RANDOM_BYTES)?));
    let hash = api_key_hash(vault, &secret);
    Ok((secret, hash))
}

/// The keyed hash under which a key is stored and found.
pub fn api_key_hash(vault: &Vault, secret: &str) -> String {
    vault.fingerprint(format!("api-key/{secret}").as_bytes())
}
