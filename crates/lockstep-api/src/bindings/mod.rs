//! Bindings: a borrower's instruments, how they are proven, and their mandates.

mod code;
mod create;
mod get;
mod list;
mod mandate;
mod mandates;
mod stand_in;
mod terms;
mod unbind;
mod verify;
mod view;
mod wanted;

use utoipa::IntoParams;

pub(crate) use self::code::*;
pub(crate) use self::create::*;
pub(crate) use self::get::*;
pub(crate) use self::list::*;
pub(crate) use self::mandates::*;
pub(crate) use self::stand_in::*;
pub(crate) use self::unbind::*;
pub(crate) use self::verify::*;
pub(crate) use self::view::{BindingView, STATUSES};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct BindingPath {
    /// The binding's id.
    #[param(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$", example = "bnd_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
