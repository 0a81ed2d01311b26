//! Input checks: what can be known about a card, ID, mobile number or name before any of it travels.
//!
//! Each check takes what a person typed and forgives what means the same: spaces, hyphens, full-width digits.
//! It answers with findings and, unless one of them is an error, with the normalized value and the facts read
//! from it. Findings carry a stable code and a sentence with the fix; they never repeat the value.

mod bin;
mod card;
pub mod checksum;
mod finding;
mod id_number;
mod mobile;
mod name;
mod prose;
mod region;
mod typed;

pub use bin::{CardKind, Issuer};
pub use card::{CardCheck, CardFacts, check_card};
pub use finding::{Checked, Finding, FindingCode, Severity};
pub use id_number::{IdCheck, IdFacts, IdKind, check_id_number};
pub use mobile::{MobileCheck, MobileFacts, RangeKind, check_mobile};
pub use name::{NameCheck, NameFacts, NameScript, check_name};
pub use prose::names_someone;
