//! The response catalogue: what a bank or channel said, in one vocabulary.
//!
//! `catalogue/reasons.toml` names every reason once, with who can act on it, when to try again and the texts
//! for borrowers and support agents. `catalogue/codes.csv` maps the codes of each scheme onto those reasons.
//! The build turns both into the tables here, so the retry rule, the diagnosis, the API, the console and the
//! docs can't disagree.
//!
//! A [`Verdict`] is careful by construction: where a code leaves any doubt that money stayed where it was,
//! its disposition is [`Disposition::Unknown`], and a code nobody has met yet is unknown too.
//!
//! Look up the code that speaks of the *order* (UnionPay `origRespCode`, NetsUnion `BizStsCd` next to its
//! transaction status), never the one that speaks of the query that asked about it.

mod embedded;
mod reason;
mod text;
mod verdict;
pub(crate) mod words;

pub use embedded::find_embedded;
pub use reason::{Actor, Layer, Reason, ReasonEntry, RetryRule};
pub use text::{Lang, Text};
pub use verdict::{Disposition, Scheme, Verdict, codes, look_up};
pub use words::UnknownWord;

#[cfg(test)]
mod tests;
