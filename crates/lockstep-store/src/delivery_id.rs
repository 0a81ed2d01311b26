//! Ids of deliveries are derived, so the same notice to the same endpoint is the same row in every replay.

use lockstep_core::id::{DeliveryId, EndpointId, Mint, NoticeId};
use lockstep_core::time::Timestamp;
use sha2::{Digest, Sha256};

/// The id of one notice's delivery to one endpoint. It lives in the notice's bucket.
pub(crate) fn of(notice: NoticeId, endpoint: EndpointId, at: Timestamp) -> DeliveryId {
    let mut hash = Sha256::new();
    hash.update(notice.body());
    hash.update(endpoint.body());
    let mut seed = [0; 16];
    seed.copy_from_slice(&hash.finalize()[..16]);
    DeliveryId::mint(&mut Mint::new(notice.bucket(), at, seed))
}
