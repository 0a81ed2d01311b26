//! The lender's codes, read through the production catalogue: one table decides how live payments are retried and how
//! a log is explained.

use std::collections::BTreeMap;

use lockstep_core::catalogue::{Disposition, Layer, Reason, Verdict, find_embedded, look_up};

use super::input::Codes;
use super::log::Outcome;

/// Different codes kept apart; what comes after is "other".
const MAX_CODES: usize = 4000;

/// A code of the file and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// As the file has it.
    pub text: String,
    /// What the catalogue says, if it has it.
    pub verdict: Option<Verdict>,
}

impl Code {
    /// The cause, if the catalogue knows it.
    pub fn reason(&self) -> Option<Reason> {
        self.verdict.map(|verdict| verdict.reason)
    }

    /// The layer, if the catalogue knows it.
    pub fn layer(&self) -> Option<Layer> {
        self.reason().map(|reason| reason.entry().layer)
    }
}

/// One looked-up code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) index: u16,
    pub(super) outcome: Option<Outcome>,
}

/// All codes of a file.
#[derive(Debug)]
pub(super) struct CodeBook {
    codes: Codes,
    success: Vec<String>,
    list: Vec<Code>,
    index: BTreeMap<String, Known>,
}

impl CodeBook {
    pub(super) fn new(codes: Codes, success: &[String]) -> Self {
        Self { codes, success: success.to_vec(), list: Vec::new(), index: BTreeMap::new() }
    }

    pub(super) fn look_up(&mut self, text: &str) -> Known {
        if let Some(known) = self.index.get(text) {
            return *known;
        }
        let verdict = self.verdict(text);
        let outcome = if self.success.iter().any(|code| code == text) {
            Some(Outcome::Succeeded)
        } else if let Some(verdict) = verdict {
            Some(outcome_of(verdict.disposition))
        } else {
            match self.codes {
                Codes::Raw if self.success.is_empty() => None,
                Codes::Raw => Some(Outcome::Failed),
                Codes::Scheme(_) | Codes::Embedded => Some(Outcome::Unknown),
            }
        };
        let full = self.list.len() >= MAX_CODES;
        let shown = if full { "…" } else { text };
        let index = match self.list.iter().position(|code| full && code.text == shown) {
            Some(index) => index,
            None => {
                self.list.push(Code { text: shown.to_owned(), verdict: verdict.filter(|_| !full) });
                self.list.len() - 1
            }
        };
        let known = Known { index: u16::try_from(index).unwrap_or(u16::MAX - 1), outcome };
        if !full {
            self.index.insert(text.to_owned(), known);
        }
        known
    }

    fn verdict(&self, text: &str) -> Option<Verdict> {
        let embedded = || {
            find_embedded(text).map(|(scheme, code)| look_up(scheme, code)).filter(|verdict| verdict.known)
        };
        match self.codes {
            Codes::Raw => None,
            Codes::Embedded => embedded(),
            Codes::Scheme(scheme) => {
                Some(look_up(scheme, text)).filter(|verdict| verdict.known).or_else(embedded)
            }
        }
    }

    pub(super) fn into_list(self) -> Vec<Code> {
        self.list
    }
}

/// A flawed success moved the money, so it was collected; what proves nothing is unknown, not failed.
const fn outcome_of(disposition: Disposition) -> Outcome {
    match disposition {
        Disposition::Succeeded | Disposition::DefectiveSuccess => Outcome::Succeeded,
        Disposition::Declined => Outcome::Failed,
        Disposition::Unknown | Disposition::NotFound | Disposition::QueryAgain => Outcome::Unknown,
    }
}
