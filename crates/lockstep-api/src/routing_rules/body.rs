//! Rules as they are sent and shown.

use std::collections::BTreeMap;

use lockstep_core::binding::InstrumentKind;
use lockstep_core::channel::{ChannelBook, ChannelId, Direction};
use lockstep_core::money::{Currency, MAX_AMOUNT_MINOR};
use lockstep_core::routing::{HourRange, MAX_RULES, RoutingRules, Rule, Split, SplitBy, Then, When};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Input, object, objects, some_object};
use crate::problem::{FieldError, Problem};
use crate::wire::{CurrencyCode, Typed};

/// All rules of the lender, to replace those of a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutRules {
    /// The version they replace, as GET shows it; 0 for the first ones.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) version: u64,
    /// First match first; an empty list takes all rules away.
    #[serde(deserialize_with = "objects")]
    #[schema(max_items = 200)]
    rules: Vec<RuleBody>,
}

impl Input for PutRules {}

/// One rule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingRule)]
pub(crate) struct RuleBody {
    /// What people call it, unique; shown with every candidate it excluded.
    #[schema(min_length = 1, max_length = 64, example = "ICBC stays on NetsUnion")]
    name: String,
    /// Which payments it is about: all that fit every condition given. Left out: all that collect.
    #[serde(default, deserialize_with = "object")]
    when: WhenBody,
    /// What it says about them.
    #[serde(deserialize_with = "object")]
    then: ThenBody,
}

/// Conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingWhen)]
pub(crate) struct WhenBody {
    /// The bank behind the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ICBC", max_length = 32)]
    issuer: Option<String>,
    /// The binding holds a live mandate on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The kind of instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instrument: Option<KindWord>,
    /// Smallest amount, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64)]
    amount_min_minor: Option<i64>,
    /// Largest amount, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64)]
    amount_max_minor: Option<i64>,
    /// The currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
    /// Which way the money goes; left out, to the lender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direction: Option<DirectionWord>,
    /// Only at these hours of the day, in the installation's zone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_object")]
    hours: Option<HoursBody>,
}

/// Hours of the day; over midnight when the end is before the beginning.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingHours)]
pub(crate) struct HoursBody {
    /// First minute of the day.
    #[schema(minimum = 0, maximum = 1439)]
    from_minute: u16,
    /// First minute after it.
    #[schema(minimum = 1, maximum = 1440)]
    until_minute: u16,
}

/// A kind of instrument.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InstrumentWord)]
pub(crate) enum KindWord {
    /// 储蓄卡
    DebitCard,
    /// 信用卡
    CreditCard,
    /// 银行账户
    BankAccount,
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DirectionWord {
    /// To the lender.
    Collect,
    /// To the borrower.
    PayOut,
}

/// Exactly one of these.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "ThenFields")]
#[schema(as = RoutingThen)]
pub(crate) enum ThenBody {
    /// Only these channels, in this order.
    Pin(Vec<String>),
    /// All channels but these.
    Exclude(Vec<String>),
    /// These channels first, in this order; then the others as learned.
    Prefer(Vec<String>),
    /// Shares of the payments; other channels only when none of these can take it.
    Split(SplitBody),
}

/// What a rule says, as it is sent. Read field by field, so that none and two of them are told as what they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThenFields {
    pin: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    prefer: Option<Vec<String>>,
    #[serde(default, deserialize_with = "some_object")]
    split: Option<SplitBody>,
}

impl TryFrom<ThenFields> for ThenBody {
    type Error = &'static str;

    fn try_from(fields: ThenFields) -> Result<Self, Self::Error> {
        match fields {
            ThenFields { pin: Some(names), exclude: None, prefer: None, split: None } => Ok(Self::Pin(names)),
            ThenFields { pin: None, exclude: Some(names), prefer: None, split: None } => {
                Ok(Self::Exclude(names))
            }
            ThenFields { pin: None, exclude: None, prefer: Some(names), split: None } => {
                Ok(Self::Prefer(names))
            }
            ThenFields { pin: None, exclude: None, prefer: None, split: Some(split) } => {
                Ok(Self::Split(split))
            }
            _ => Err("expected exactly one of `pin`, `exclude`, `prefer`, `split`"),
        }
    }
}

/// Which share of the payments goes where.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingSplit)]
pub(crate) struct SplitBody {
    /// Whether borrowers or payments are dealt out; left out, borrowers: each stays with one channel.
    #[serde(default)]
    by: ByWord,
    /// Each channel's share in millionths; they add to 1,000,000.
    #[schema(example = json!({ "unionpay": 600_000, "netsunion": 400_000 }))]
    shares_ppm: BTreeMap<String, u32>,
}

/// What a split deals out.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SplitWord)]
pub(crate) enum ByWord {
    /// A borrower always gets the same channel.
    #[default]
    Borrower,
    /// Each payment is dealt anew.
    Payment,
}

/// The rules of a body, or everything that is wrong with them.
pub(super) fn rules_of(body: PutRules, channels: &ChannelBook) -> Result<RoutingRules, Problem> {
    let mut typed = Typed::default();
    // Before anything else: a body may hold very many tiny rules.
    let too_many = body.rules.len() > MAX_RULES;
    let rules: Vec<_> = body
        .rules
        .into_iter()
        .take(MAX_RULES + 1)
        .enumerate()
        .filter_map(|(at, one)| one.rule(at, &mut typed))
        .collect();
    let rules = RoutingRules { rules };
    let unreadable = typed.finish();
    if too_many || unreadable.is_ok() {
        let problems = rules.problems(channels);
        let errors =
            problems.into_iter().map(|one| FieldError::new(one.field, one.code, one.text.zh, one.text.en));
        let errors: Vec<_> = errors.take(MAX_ERRORS).collect();
        if !errors.is_empty() {
            return Err(Problem::fields(errors));
        }
    }
    unreadable.map(|()| rules)
}

/// The most problems one answer names.
const MAX_ERRORS: usize = 100;

impl RuleBody {
    fn rule(self, at: usize, typed: &mut Typed) -> Option<Rule> {
        let when = self.when.when(&format!("rules[{at}].when"), typed);
        let then = self.then.then(&format!("rules[{at}].then"), typed);
        Some(Rule { name: self.name, when: when?, then: then? })
    }
}

impl WhenBody {
    fn when(self, at: &str, typed: &mut Typed) -> Option<When> {
        let channel = match &self.channel {
            Some(name) => Some(typed.channel(&format!("{at}.channel"), name)?),
            None => None,
        };
        let currency = match &self.currency {
            Some(code) => {
                let currency = Currency::from_code(code);
                if currency.is_none() {
                    let zh = "应为三个大写字母的 ISO 4217 货币代码，例如 CNY。";
                    let en = "It must be an ISO 4217 currency of three capital letters, such as CNY.";
                    typed.wrong(&format!("{at}.currency"), "currency", zh, en);
                }
                Some(currency?)
            }
            None => None,
        };
        for (field, amount) in
            [("amount_min_minor", self.amount_min_minor), ("amount_max_minor", self.amount_max_minor)]
        {
            if amount.is_some_and(|amount| amount > MAX_AMOUNT_MINOR) {
                let zh = format!("最大为 {MAX_AMOUNT_MINOR}。");
                typed.wrong(&format!("{at}.{field}"), "amount", zh, format!("At most {MAX_AMOUNT_MINOR}."));
            }
        }
        Some(When {
            issuer: self.issuer,
            channel,
            instrument: self.instrument.map(|kind| match kind {
                KindWord::DebitCard => InstrumentKind::DebitCard,
                KindWord::CreditCard => InstrumentKind::CreditCard,
                KindWord::BankAccount => InstrumentKind::BankAccount,
            }),
            amount_min_minor: self.amount_min_minor,
            amount_max_minor: self.amount_max_minor,
            currency,
            direction: match self.direction {
                Some(DirectionWord::PayOut) => Direction::PayOut,
                Some(DirectionWord::Collect) | None => Direction::Collect,
            },
            hours: self
                .hours
                .map(|hours| HourRange { from_minute: hours.from_minute, until_minute: hours.until_minute }),
        })
    }
}

impl ThenBody {
    fn then(self, at: &str, typed: &mut Typed) -> Option<Then> {
        let mut list = |names: &[String], word: &str| {
            let named =
                |(place, name): (usize, &String)| typed.channel(&format!("{at}.{word}[{place}]"), name);
            // One more than may be named, so that the check below sees that there are too many.
            names
                .iter()
                .take(lockstep_core::routing::MAX_CHANNELS + 1)
                .enumerate()
                .map(named)
                .collect::<Option<Vec<_>>>()
        };
        Some(match self {
            Self::Pin(names) => Then::Pin(list(&names, "pin")?),
            Self::Exclude(names) => Then::Exclude(list(&names, "exclude")?),
            Self::Prefer(names) => Then::Prefer(list(&names, "prefer")?),
            Self::Split(split) => {
                let names: Vec<_> = split.shares_ppm.keys().cloned().collect();
                let channels = list(&names, "split.shares_ppm")?;
                let by = match split.by {
                    ByWord::Borrower => SplitBy::Borrower,
                    ByWord::Payment => SplitBy::Payment,
                };
                let shares_ppm = channels.into_iter().zip(split.shares_ppm.into_values()).collect();
                Then::Split(Split { by, shares_ppm })
            }
        })
    }
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> Self {
        let names = |list: &[ChannelId]| list.iter().map(ToString::to_string).collect();
        let when = &rule.when;
        let when = WhenBody {
            issuer: when.issuer.clone(),
            channel: when.channel.as_ref().map(ToString::to_string),
            instrument: when.instrument.map(|kind| match kind {
                InstrumentKind::DebitCard => KindWord::DebitCard,
                InstrumentKind::CreditCard => KindWord::CreditCard,
                InstrumentKind::BankAccount => KindWord::BankAccount,
            }),
            amount_min_minor: when.amount_min_minor,
            amount_max_minor: when.amount_max_minor,
            currency: when.currency.map(|currency| currency.code().to_owned()),
            direction: Some(match when.direction {
                Direction::Collect => DirectionWord::Collect,
                Direction::PayOut => DirectionWord::PayOut,
            }),
            hours: when
                .hours
                .map(|HourRange { from_minute, until_minute }| HoursBody { from_minute, until_minute }),
        };
        let then = match &rule.then {
            Then::Pin(list) => ThenBody::Pin(names(list)),
            Then::Exclude(list) => ThenBody::Exclude(names(list)),
            Then::Prefer(list) => ThenBody::Prefer(names(list)),
            Then::Split(split) => ThenBody::Split(SplitBody {
                by: match split.by {
                    SplitBy::Borrower => ByWord::Borrower,
                    SplitBy::Payment => ByWord::Payment,
                },
                shares_ppm: split.shares_ppm.iter().map(|(one, share)| (one.to_string(), *share)).collect(),
            }),
        };
        Self { name: rule.name.clone(), when, then }
    }
}
