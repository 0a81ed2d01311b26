//! Audit entries: who did what to which thing, when, and with which result. One for every state change.

use serde::{Deserialize, Serialize};

use crate::channel::ChannelId;
use crate::id::{ApiKeyId, AuditId, TenantId};
use crate::time::Timestamp;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", rename_all = "snake_case")]
pub enum Who {
    /// A lender's system, by API key.
    ApiKey {
        /// The key's id.
        key: ApiKeyId,
    },
    /// A channel's answer, notice or silence.
    Channel {
        /// The channel.
        channel: ChannelId,
    },
    /// A timer.
    Timer,
    /// A person at the command line.
    Cli,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// The lender concerned.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What was asked, e.g. `payment.create`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// `accepted`, or the refusal's code.
    pub outcome: String,
}
