//! What a check has to say about a field.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::catalogue::Text;

/// Whether a finding stops the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The value can't be used; nothing is sent to a bank.
    Error,
    /// Unusual but possible: show it and let the person go on.
    Warning,
}

include!(concat!(env!("OUT_DIR"), "/findings.rs"));

crate::catalogue::words::spelled!(FindingCode, "finding");

impl FindingCode {
    /// Whether this finding stops the value.
    pub fn severity(self) -> Severity {
        FINDINGS[self as usize].0
    }

    /// What to tell the person, with the fix.
    pub fn message(self) -> Text {
        FINDINGS[self as usize].1
    }
}

/// One finding about one field. It never contains the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The field, as the request names it: `card_number`, or `items[3].card_number` after `within`.
    pub field: Cow<'static, str>,
    /// What was found.
    pub code: FindingCode,
    /// Whether it stops the value.
    pub severity: Severity,
    /// What to tell the person, with the fix.
    pub message: Text,
}

impl Finding {
    /// A finding about `field`; severity and message come from the catalogue.
    pub fn new(field: &'static str, code: FindingCode) -> Self {
        Self { field: Cow::Borrowed(field), code, severity: code.severity(), message: code.message() }
    }

    /// The same finding inside a larger request: `card_number` within `items[3]` is `items[3].card_number`.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field = Cow::Owned(format!("{parent}.{}", self.field));
        self
    }
}

/// The answer of a check: its findings and, if none of them is an error, the facts.
#[derive(Debug, Clone)]
pub struct Checked<Facts> {
    /// Everything worth saying, errors first.
    pub findings: Vec<Finding>,
    /// The normalized value and what could be read from it; `None` if and only if a finding is an error.
    pub facts: Option<Facts>,
}

impl<Facts> Checked<Facts> {
    /// Whether the value can be used.
    pub fn is_usable(&self) -> bool {
        self.facts.is_some()
    }

    /// Whether a check found this.
    pub fn found(&self, code: FindingCode) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// A value that can't even be read.
    pub(super) fn unreadable(field: &'static str, code: FindingCode) -> Self {
        Self::new(field, [code], || None)
    }

    /// Findings in the order given, errors first, and the facts unless one of them is an error.
    pub(super) fn new(
        field: &'static str,
        codes: impl IntoIterator<Item = FindingCode>,
        facts: impl FnOnce() -> Option<Facts>,
    ) -> Self {
        let mut findings: Vec<_> = codes.into_iter().map(|code| Finding::new(field, code)).collect();
        findings.sort_by_key(|finding| finding.severity);
        let stopped = findings.iter().any(|finding| finding.severity == Severity::Error);
        Self { findings, facts: if stopped { None } else { facts() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_stable_codes_and_both_languages() {
        for code in FindingCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.message().zh.ends_with('。') && code.message().en.ends_with('.'), "{code}");
        }
        let finding = Finding::new("card_number", FindingCode::CardChecksum).within("items[3]");
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["field"], "items[3].card_number");
        assert_eq!(json["code"], "card_checksum");
        assert_eq!(json["severity"], "error");
    }
}
