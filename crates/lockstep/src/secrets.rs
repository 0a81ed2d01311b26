//! What adapters may ask the vault for: the seam between the channels, the vault and the store.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_channels::{PersonalFields, Secrets};
use lockstep_core::binding::CodeRef;
use lockstep_core::id::{BorrowerId, TenantId, VaultItemId};
use lockstep_core::sensitive::OneTimeCode;
use lockstep_engine::port::{Clock, Shelf};
use lockstep_vault::{TransientSecrets, Vault};

/// Opens sealed items at the moment a channel needs them.
pub struct OpenSecrets {
    /// Where sealed items lie.
    pub shelf: Arc<dyn Shelf>,
    /// Opens them.
    pub vault: Vault,
    /// Where codes wait.
    pub codes: Arc<TransientSecrets>,
    /// For the codes' expiry.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Secrets for OpenSecrets {
    async fn personal(
        &self,
        tenant: TenantId,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Option<PersonalFields> {
        let (wrapped, sealed) = match self.shelf.sealed_item(borrower, item).await {
            Ok(found) => found?,
            Err(fault) => {
                tracing::error!(%fault, "could not read a sealed item");
                return None;
            }
        };
        let wrapped = wrapped.parse().ok()?;
        let (tenant, borrower) = (tenant.to_string(), borrower.to_string());
        match self.vault.open_item(&tenant, &borrower, &wrapped, &item.to_string(), &sealed) {
            Ok(data) => Some(PersonalFields {
                card_number: data.card_number,
                id_number: data.id_number,
                mobile: data.mobile,
                holder_name: data.holder_name,
            }),
            Err(error) => {
                tracing::error!(%error, "could not open a sealed item");
                None
            }
        }
    }

    async fn code(&self, code: &CodeRef) -> Option<OneTimeCode> {
        self.codes.take(&code.0, self.clock.now().as_millis())
    }
}
