//! Things that belong to a lender. To every other lender they don't exist.

use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId, TenantId};
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;

use crate::http::Missing;
use crate::problem::Problem;

/// Something that belongs to a lender.
pub(crate) trait Owned {
    type Id: Missing;

    fn owner(&self) -> TenantId;
}

macro_rules! owned {
    ($($thing:ident by $id:ident),*) => {$(
        impl Owned for $thing {
            type Id = $id;

            fn owner(&self) -> TenantId {
                self.tenant
            }
        }
    )*};
}
owned!(Borrower by BorrowerId, Binding by BindingId, Order by OrderId, Payment by PaymentId);

/// What was found, if it is this lender's.
pub(crate) fn visible<T: Owned>(found: Option<T>, tenant: TenantId) -> Result<T, Problem> {
    found.filter(|thing| thing.owner() == tenant).ok_or_else(|| Problem::new(T::Id::MISSING))
}
