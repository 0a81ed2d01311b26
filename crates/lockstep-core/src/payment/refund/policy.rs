//! What the installation allows: data.

use serde::{Deserialize, Serialize};

/// How refunds are handled. Configuration of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefundPolicy {
    /// What becomes of money that should never have been taken.
    pub surplus: SurplusPolicy,
    /// As soon as the refunds of one payment that people asked for come to more than this, in minor units, a second
    /// person has to approve; `None` for never.
    pub approve_above_minor: Option<i64>,
    /// Tries of one refund that may reach a channel.
    pub max_tries: u16,
}

impl Default for RefundPolicy {
    /// Surplus goes back by itself, nobody has to approve, eight tries (in about half a day by the pauses between them).
    fn default() -> Self {
        Self { surplus: SurplusPolicy::Automatic, approve_above_minor: None, max_tries: 8 }
    }
}

/// What becomes of surplus money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurplusPolicy {
    /// It goes back at once, if it is certain that it moved; a flawed success waits for a person.
    Automatic,
    /// A person approves each.
    Held,
}

impl RefundPolicy {
    /// Wrong configuration, each as one sentence naming the field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.max_tries == 0 || self.max_tries > 50 {
            problems.push("refunds: max_tries must be 1 to 50".to_owned());
        }
        if self.approve_above_minor.is_some_and(|limit| limit < 0) {
            problems.push("refunds: approve_above_minor must be zero or more".to_owned());
        }
        problems
    }
}
