//! How a destroyed key is remembered, in every database.

use sha2::{Digest, Sha256};

/// What is kept of a wrapped key that was destroyed: enough to know it again, nothing to open anything with.
pub(crate) fn hash(wrapped_key: &str) -> String {
    Sha256::digest(wrapped_key).iter().map(|byte| format!("{byte:02x}")).collect()
}
