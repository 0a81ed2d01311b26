//! Where and how long answers to idempotency keys are kept, in every database.

use std::time::Duration;

use lockstep_core::id::Bucket;

/// How long an answer is kept at least. Published: a caller may repeat a request this long.
pub(crate) const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Rows removed in one transaction, so that a sweep never holds up the changes of callers for long.
pub(crate) const SWEPT_AT_ONCE: i64 = 500;

/// Callers look an answer up by tenant and key alone, so these choose its bucket.
pub(crate) fn bucket(tenant: &str, key: &str) -> Bucket {
    Bucket::of_tenant(&format!("{tenant}\0{key}"))
}
