//! A borrower: the person or company that repays, and the unit of sharding.

use serde::{Deserialize, Serialize};

use crate::id::{BorrowerId, TenantId};
use crate::time::Timestamp;

/// A borrower as the rules see it. Names and numbers are in the vault; here is only what is not personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borrower {
    /// Its id.
    pub id: BorrowerId,
    /// The lender it belongs to.
    pub tenant: TenantId,
    /// The lender's own name for it, unique within the lender, 1–64 characters.
    pub reference: String,
    /// Events so far.
    pub version: u64,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// What can happen to a borrower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BorrowerEvent {
    /// Made known by its lender.
    Created {
        /// Its id.
        id: BorrowerId,
        /// Its lender.
        tenant: TenantId,
        /// The lender's own name for it.
        reference: String,
        /// When.
        at: Timestamp,
    },
}

impl Borrower {
    /// The state after an event.
    pub fn evolve(state: Option<Self>, event: &BorrowerEvent) -> Option<Self> {
        match event {
            BorrowerEvent::Created { id, tenant, reference, at } => {
                debug_assert!(state.is_none(), "a borrower is created once");
                let reference = reference.clone();
                Some(Self { id: *id, tenant: *tenant, reference, version: 1, created_at: *at })
            }
        }
    }
}
