//! What was found about each channel, as it is stored with the attempt.

use serde::{Deserialize, Serialize};

use crate::catalogue::Reason;
use crate::channel::{ChannelId, Period};
use crate::health::Scope;
use crate::id::BindingId;
use crate::time::Timestamp;

/// A channel that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The channel.
    pub channel: ChannelId,
    /// The stand-in instrument it would debit; `None` for the payment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<BindingId>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Estimated probability that an attempt would move the money, in millionths; 0 where nobody looked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chance_ppm: u32,
    /// One standard deviation of that estimate, in millionths.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spread_ppm: u32,
    /// Price of a success in 1/1000 of a minor unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_milli_minor: u64,
    /// The probability with which it was going to be chosen, given that an attempt was opened, in millionths. The
    /// shares of all candidates add to 1,000,000. Attempts of before this was kept have 0 everywhere.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub share_ppm: u32,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// What was found about a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Ready to take the payment.
    Ready,
    /// Ready, but this payment failed on it not long ago for a reason that another channel (or instrument) may not
    /// share.
    FailedJustNow,
    /// Ready, but this payment failed not long ago on a channel of the same scheme, for a reason of bank or card that
    /// the two are likely to share. Other schemes go first.
    FailedAlike,
    /// Half open after a trouble, and this attempt is not among those let through.
    Ramping {
        /// The share that is let through, in millionths.
        #[serde(rename = "ramp_ppm")]
        share_ppm: u32,
    },
    /// Its breaker is open.
    BreakerOpen {
        /// What is in trouble.
        scope: Scope,
        /// Since when.
        since: Timestamp,
    },
    /// Closed now.
    Closed {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// What may be moved in a day or month is used up, or the bank has said so.
    LimitUsedUp {
        /// Which limit.
        period: Period,
        /// When it is free again.
        until: Timestamp,
    },
    /// The amount is outside what it moves in one payment.
    AmountOutOfRange,
    /// The borrower's mandate doesn't cover the payment.
    OutsideMandate {
        /// Why.
        reason: Reason,
    },
    /// The freshest observation says that the instrument won't pay.
    InstrumentNotUsable {
        /// Why.
        reason: Reason,
    },
    /// The lender's own rule keeps this payment away from it.
    ExcludedByRule {
        /// The rule's name.
        rule: String,
    },
    /// No mandate holds on it.
    NoMandate,
    /// It doesn't move money this way, or is not configured.
    Unable,
}

impl Finding {
    /// Whether it could be sent at all.
    pub fn ready(&self) -> bool {
        matches!(self, Self::Ready | Self::FailedAlike | Self::FailedJustNow)
    }

    /// Its place among the findings: the smaller, the nearer to being sent.
    pub(super) fn place(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::FailedAlike => 1,
            Self::FailedJustNow => 2,
            Self::Ramping { .. } => 3,
            Self::BreakerOpen { .. } => 4,
            Self::Closed { .. } => 5,
            Self::LimitUsedUp { .. } => 6,
            Self::AmountOutOfRange => 7,
            Self::OutsideMandate { .. } => 8,
            Self::InstrumentNotUsable { .. } => 9,
            Self::ExcludedByRule { .. } => 10,
            Self::NoMandate => 11,
            Self::Unable => 12,
        }
    }

    /// The reason to give when this is the best there is.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Ready | Self::FailedAlike | Self::FailedJustNow => Reason::ChannelUnavailable,
            Self::Ramping { .. } | Self::BreakerOpen { scope: Scope::Channel | Scope::Cell, .. } => {
                Reason::ChannelPaused
            }
            Self::BreakerOpen { scope: Scope::Issuer, .. } => Reason::IssuerPaused,
            Self::Closed { .. } => Reason::OutsideHours,
            Self::LimitUsedUp { period: Period::Day, .. } => Reason::DailyLimitUsedUp,
            Self::LimitUsedUp { period: Period::Month, .. } => Reason::MonthlyLimitUsedUp,
            Self::AmountOutOfRange => Reason::SingleLimitExceeded,
            Self::OutsideMandate { reason } | Self::InstrumentNotUsable { reason } => *reason,
            Self::ExcludedByRule { .. } => Reason::ExcludedByRule,
            Self::NoMandate | Self::Unable => Reason::NoLiveMandate,
        }
    }
}
