//! The three channels and how they differ.

use lockstep_core::channel::{Capability, ChannelId};
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Stage};
use super::{bankdirect, netsunion, unionpay};
use crate::capability::capability;

/// A simulated channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// Answers at once.
    Unionpay,
    /// Answers later by itself.
    Netsunion,
    /// Answers when asked.
    Bankdirect,
}

/// How a channel behaves, apart from its codes.
pub(super) struct Manner {
    /// How long it thinks before it replies.
    pub(super) reply_ms: (u64, u64),
    /// How long money takes; `None` when the reply is the result.
    pub(super) settles_ms: Option<(u64, u64)>,
    /// Whether it tells results by itself.
    pub(super) notices: bool,
    /// Whether the same order sent again gets the order's standing instead of "used before".
    pub(super) repeats_answer: bool,
    /// Whether a question after the late-execution window closes an order that never came.
    pub(super) closes_unseen: bool,
}

impl Rail {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Unionpay, Self::Netsunion, Self::Bankdirect];

    /// Its channel name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unionpay => "unionpay",
            Self::Netsunion => "netsunion",
            Self::Bankdirect => "bankdirect",
        }
    }

    /// The channel of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.as_str() == name)
    }

    /// Its name as the product's configuration knows it.
    pub fn id(self) -> ChannelId {
        self.capability().id.clone()
    }

    /// What it can do.
    pub fn capability(self) -> &'static Capability {
        match capability(self.as_str()) {
            Some(capability) => capability,
            None => unreachable!("every channel has its data file"),
        }
    }

    /// A finding in its own code.
    pub fn code(self, finding: Finding, stage: Stage) -> &'static str {
        match self {
            Self::Unionpay => unionpay::code(finding),
            Self::Netsunion => netsunion::code(finding, stage),
            Self::Bankdirect => bankdirect::code(finding, stage),
        }
    }

    pub(super) const fn manner(self) -> &'static Manner {
        match self {
            Self::Unionpay => &unionpay::MANNER,
            Self::Netsunion => &netsunion::MANNER,
            Self::Bankdirect => &bankdirect::MANNER,
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::catalogue::{Disposition, look_up};

    use super::*;

    /// The codes are real, and none claims more about the money than the model means.
    #[test]
    fn every_code_is_in_its_table_and_means_what_was_found() {
        for rail in Rail::ALL {
            for finding in Finding::ALL {
                for stage in [Stage::Sign, Stage::Pay] {
                    let code = rail.code(finding, stage);
                    let verdict = look_up(rail.capability().scheme, code);
                    assert!(verdict.known, "{rail:?} {finding:?} {code}");
                    let fits = match finding {
                        Finding::Done => verdict.disposition == Disposition::Succeeded,
                        Finding::Processing | Finding::Duplicate => {
                            verdict.disposition == Disposition::Unknown
                        }
                        Finding::NotFound => {
                            matches!(verdict.disposition, Disposition::NotFound | Disposition::Unknown)
                        }
                        Finding::OutsideHours => {
                            matches!(verdict.disposition, Disposition::Declined | Disposition::Unknown)
                        }
                        _ => verdict.disposition == Disposition::Declined,
                    };
                    assert!(fits, "{rail:?} {finding:?} {code} {verdict:?}");
                }
            }
        }
    }
}
