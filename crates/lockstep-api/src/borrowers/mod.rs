//! Borrowers.

mod create;
mod get;
mod list;

use lockstep_core::borrower::Borrower;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::create::*;
pub(crate) use self::get::*;
pub(crate) use self::list::*;
use crate::wire::Time;

/// A borrower. Personal data is with the bindings, in the vault.
#[derive(Serialize, ToSchema)]
#[schema(as = Borrower)]
pub(crate) struct BorrowerView {
    /// Its id.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// The lender's own name for it.
    #[schema(example = "customer-1029")]
    reference: String,
    /// Counts its changes.
    version: u64,
    /// When it was made known.
    created_at: Time,
}

impl From<&Borrower> for BorrowerView {
    fn from(borrower: &Borrower) -> Self {
        Self {
            id: borrower.id.to_string(),
            reference: borrower.reference.clone(),
            version: borrower.version,
            created_at: borrower.created_at.into(),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct BorrowerPath {
    /// The borrower's id.
    #[param(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$", example = "bor_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
