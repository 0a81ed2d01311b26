//! Refunds of a payment: money that goes back.

mod approve;
mod create;
mod get;
mod list;
mod view;
mod withdraw;
mod words;

use utoipa::IntoParams;

pub(crate) use self::approve::*;
pub(crate) use self::create::*;
pub(crate) use self::get::*;
pub(crate) use self::list::*;
pub(crate) use self::view::RefundView;
pub(crate) use self::withdraw::*;
pub(super) use self::words::{type_of, words_of};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct RefundPath {
    /// The payment's id.
    #[param(pattern = "^pay_[0-9A-HJKMNP-TV-Z]{26}$", example = "pay_0A01KJP3Q8ZB00000000000000")]
    id: String,
    /// The refund's number within the payment, from 1.
    #[param(minimum = 1, maximum = 999, example = 1)]
    number: u16,
}
