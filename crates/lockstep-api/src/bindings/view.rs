//! A binding as it is shown: masked, and never with the amount of its micro-deposit.

use lockstep_core::binding::{
    Binding, BindingStatus, InstrumentKind, InstrumentStatus, Observation, Verification,
};
use lockstep_core::catalogue::Reason;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mandate::MandateView;
use crate::wire::{BindingWord, ReasonCode, Time, Words};

/// Where a binding can stand.
pub(crate) const STATUSES: [&str; 7] =
    ["verifying", "awaiting_code", "awaiting_amount", "usable", "suspended", "not_usable", "unbound"];

/// What kind of thing is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// 储蓄卡
    DebitCard,
    /// 信用卡
    CreditCard,
    /// 银行账户, proven by micro-deposit
    BankAccount,
}

impl From<InstrumentKind> for Kind {
    fn from(kind: InstrumentKind) -> Self {
        match kind {
            InstrumentKind::DebitCard => Self::DebitCard,
            InstrumentKind::CreditCard => Self::CreditCard,
            InstrumentKind::BankAccount => Self::BankAccount,
        }
    }
}

impl From<Kind> for InstrumentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::DebitCard => Self::DebitCard,
            Kind::CreditCard => Self::CreditCard,
            Kind::BankAccount => Self::BankAccount,
        }
    }
}

/// The proof that the instrument is the borrower's.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
pub(crate) struct VerificationView {
    /// `unproven`, `deposit_sending`, `awaiting_amount`, `failed` or `proven`.
    #[schema(pattern = "^[a-z_]+$")]
    status: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// When the amount can no longer be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    /// Wrong amounts left.
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u8>,
    /// When it was proven or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
}

impl From<&Verification> for VerificationView {
    fn from(verification: &Verification) -> Self {
        let plain = |status| Self { status, reason: None, expires_at: None, tries_left: None, at: None };
        match verification {
            Verification::Unproven => plain("unproven"),
            Verification::DepositSending { .. } => plain("deposit_sending"),
            Verification::AwaitingAmount { expires_at, tries_left, .. } => Self {
                expires_at: Some(Time(*expires_at)),
                tries_left: Some(*tries_left),
                ..plain("awaiting_amount")
            },
            Verification::Failed { reason, at } => {
                Self { reason: Some(*reason), at: Some(Time(*at)), ..plain("failed") }
            }
            Verification::Proven { at, .. } => Self { at: Some(Time(*at)), ..plain("proven") },
        }
    }
}

/// What is known of the instrument's state, from whom, and how old that is.
#[derive(Serialize, ToSchema)]
#[schema(as = Observation)]
pub(crate) struct ObservationView {
    /// `usable`, `restricted`, `dormant`, `locked`, `frozen`, `lost`, `expired` or `closed`.
    #[schema(value_type = String, pattern = "^[a-z_]+$")]
    status: InstrumentStatus,
    /// Which channel said so.
    source: String,
    /// The source's own time.
    observed_at: Time,
    /// When it reached us.
    received_at: Time,
    /// How old it was when this was written.
    age_s: u64,
}

impl ObservationView {
    fn of(observation: &Observation, now: Timestamp) -> Self {
        Self {
            status: observation.status,
            source: observation.source.to_string(),
            observed_at: observation.observed_at.into(),
            received_at: observation.received_at.into(),
            age_s: now.since(observation.observed_at).as_secs(),
        }
    }
}

/// A borrower's bound instrument.
#[derive(Serialize, ToSchema)]
#[schema(as = Binding)]
pub(crate) struct BindingView {
    /// Its id.
    #[schema(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// Whose it is.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$")]
    borrower_id: String,
    /// What it is.
    kind: Kind,
    /// The issuing bank's code, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// First six and last four digits.
    #[schema(example = "622202*********0000")]
    masked: String,
    /// Where it stands.
    #[schema(value_type = BindingWord)]
    status: &'static str,
    /// On which channel a code is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// Why it is suspended or not usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReasonCode>)]
    reason: Option<Reason>,
    /// What to do next.
    next_step: Words,
    /// The proof that it is the borrower's.
    verification: VerificationView,
    /// The freshest observation of the instrument; a binding never claims more than it supports.
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<ObservationView>,
    /// Its mandates, by channel.
    mandates: Vec<MandateView>,
    /// Channels in the lender's order of preference.
    channels: Vec<String>,
    /// When the borrower agreed that it may be debited where another instrument of theirs can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    stand_in_agreed_at: Option<Time>,
    /// When it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    unbound_at: Option<Time>,
    /// Counts its changes.
    version: u64,
    /// When binding began.
    created_at: Time,
}

impl BindingView {
    pub(crate) fn of(binding: &Binding, now: Timestamp) -> Self {
        let (status, channel, reason, next_step) = standing(&binding.status());
        Self {
            id: binding.id.to_string(),
            borrower_id: binding.borrower.to_string(),
            kind: binding.instrument.kind.into(),
            issuer: binding.instrument.issuer.clone(),
            masked: binding.instrument.masked.clone(),
            status,
            channel,
            reason,
            next_step,
            verification: VerificationView::from(&binding.verification),
            observed: binding.observed.as_ref().map(|observation| ObservationView::of(observation, now)),
            mandates: binding.mandates.values().map(MandateView::from).collect(),
            channels: binding.preferred.iter().map(ToString::to_string).collect(),
            stand_in_agreed_at: binding.stand_in.map(|stand_in| Time(stand_in.agreed_at)),
            unbound_at: binding.unbound_at.map(Time),
            version: binding.version,
            created_at: binding.created_at.into(),
        }
    }
}

fn standing(status: &BindingStatus) -> (&'static str, Option<String>, Option<Reason>, Words) {
    let words = |zh: &str, en: &str| Words { zh: zh.to_owned(), en: en.to_owned() };
    match status {
        BindingStatus::Verifying => {
            ("verifying", None, None, words("请稍候，渠道正在核验。", "Wait: the channel is checking."))
        }
        BindingStatus::AwaitingCode { channel } => {
            let next =
                words("请借款人输入收到的短信验证码。", "Have the borrower enter the code that was texted.");
            ("awaiting_code", Some(channel.to_string()), None, next)
        }
        BindingStatus::AwaitingAmount => {
            let next = words(
                "请借款人填写账户收到的验证金额。",
                "Have the borrower say which amount arrived on the account.",
            );
            ("awaiting_amount", None, None, next)
        }
        BindingStatus::Usable => ("usable", None, None, words("可以扣款。", "It can pay.")),
        BindingStatus::Suspended { reason } => {
            ("suspended", None, Some(*reason), reason.entry().next_step.into())
        }
        BindingStatus::NotUsable { reason } => {
            ("not_usable", None, Some(*reason), reason.entry().next_step.into())
        }
        BindingStatus::Unbound => {
            ("unbound", None, None, words("如需扣款请重新绑定。", "Bind again to collect from it."))
        }
    }
}
