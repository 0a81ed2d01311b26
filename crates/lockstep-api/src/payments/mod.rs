//! Payments: collecting what is owed, and saying why it worked or not.

mod attempt;
mod cancel;
mod create;
mod diagnosis;
mod get;
mod list;
mod offer;
mod outcome;
mod refunds;
mod timeline;
mod try_now;
mod view;
mod words;

use utoipa::IntoParams;

pub(crate) use self::cancel::*;
pub(crate) use self::create::*;
pub(crate) use self::diagnosis::*;
pub(crate) use self::get::*;
pub(crate) use self::list::*;
pub(crate) use self::offer::OfferView;
pub(crate) use self::outcome::*;
pub(crate) use self::refunds::*;
pub(crate) use self::timeline::*;
pub(crate) use self::try_now::*;
pub(crate) use self::view::{PaymentView, refundable};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct AttemptPath {
    /// The payment's id.
    #[param(pattern = "^pay_[0-9A-HJKMNP-TV-Z]{26}$", example = "pay_0A01KJP3Q8ZB00000000000000")]
    id: String,
    /// The attempt's number, from 1.
    #[param(pattern = "^[1-9][0-9]{0,4}$", example = "1")]
    attempt: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct PaymentPath {
    /// The payment's id.
    #[param(pattern = "^pay_[0-9A-HJKMNP-TV-Z]{26}$", example = "pay_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
