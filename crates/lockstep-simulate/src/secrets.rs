//! What the adapters may ask the vault for, in one life of the process.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_channels::{PersonalFields, Secrets};
use lockstep_core::binding::CodeRef;
use lockstep_core::id::{BorrowerId, TenantId, VaultItemId};
use lockstep_core::sensitive::OneTimeCode;
use lockstep_engine::port::{Clock, Shelf};
use lockstep_vault::{TransientSecrets, Vault};

use crate::clock::WallClock;
use crate::disk::Disk;

/// Opens sealed items at the moment a channel needs them.
pub struct OpenSecrets {
    /// Where sealed items lie.
    pub shelf: Arc<Disk>,
    /// Opens them.
    pub vault: Vault,
    /// Where codes wait; they die with the process.
    pub codes: Arc<TransientSecrets>,
    /// For the codes' expiry.
    pub clock: WallClock,
}

#[async_trait]
impl Secrets for OpenSecrets {
    async fn personal(
        &self,
        tenant: TenantId,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Option<PersonalFields> {
        let (wrapped, sealed) = self.shelf.sealed_item(borrower, item).await.ok()??;
        let (tenant, borrower) = (tenant.to_string(), borrower.to_string());
        let wrapped = wrapped.parse().ok()?;
        let data = self.vault.open_item(&tenant, &borrower, &wrapped, &item.to_string(), &sealed).ok()?;
        Some(PersonalFields {
            card_number: data.card_number,
            id_number: data.id_number,
            mobile: data.mobile,
            holder_name: data.holder_name,
        })
    }

    async fn code(&self, code: &CodeRef) -> Option<OneTimeCode> {
        self.codes.take(&code.0, self.clock.now().as_millis())
    }
}
