//! What an adapter may ask the vault for, at the moment it needs it.

use async_trait::async_trait;
use lockstep_core::binding::CodeRef;
use lockstep_core::id::{BorrowerId, TenantId, VaultItemId};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile, OneTimeCode};

/// The fields of one vault item. A bank account has no phone or ID number, so each may be absent.
#[derive(Debug, Clone, Default)]
pub struct PersonalFields {
    /// Card or account number.
    pub card_number: Option<CardNumber>,
    /// Number of the holder's identity document.
    pub id_number: Option<IdNumber>,
    /// The phone that the bank has on record.
    pub mobile: Option<Mobile>,
    /// The holder's name as the bank knows it.
    pub holder_name: Option<HolderName>,
}

/// Opens what a call needs. What it gives back is dropped with the call.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The personal data of one instrument; `None` when it can't be opened, for whatever reason.
    async fn personal(
        &self,
        tenant: TenantId,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Option<PersonalFields>;

    /// A code that a borrower entered; `None` when it is gone, for example after a restart.
    async fn code(&self, code: &CodeRef) -> Option<OneTimeCode>;
}
