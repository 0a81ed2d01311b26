//! What only this backend can get wrong: the file, its lock, its settings, batches that fail.

mod batches;
mod files;

use lockstep_core::id::{Bucket, Mint, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Tenant;

const NOW: Timestamp = Timestamp::from_millis(1_772_413_200_000);

fn mint(seed: u8) -> Mint {
    Mint::new(Bucket::of_tenant("t"), NOW, [seed; 16])
}

fn tenant(seed: u8) -> Tenant {
    Tenant { id: TenantId::mint(&mut mint(seed)), name: format!("tenant {seed}"), created_at: NOW }
}
