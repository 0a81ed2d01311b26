//! What the card schemes allow after a decline, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::binding::{Binding, InstrumentKind};
use crate::catalogue::Scheme;
use crate::channel::Capability;
use crate::time::Timestamp;

/// Whose rules a card is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardScheme {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// UnionPay.
    Unionpay,
}

/// What one scheme allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeRule {
    /// Whose rule it is.
    pub scheme: CardScheme,
    /// How many declined debits of one card within how long.
    #[serde(default)]
    pub caps: Vec<Cap>,
    /// Field 39 codes after which the card may not be tried again.
    #[serde(default)]
    pub never_again: Vec<String>,
}

/// So many declined debits of one card within so long; then no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Declined debits.
    pub declines: u16,
    /// Seconds.
    pub within_s: u64,
}

/// Declines of a binding are remembered for this long: the longest time over which a scheme counts.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);
/// And no more than this many of them: above every scheme's cap.
pub(crate) const REMEMBERED_AT_MOST: usize = 40;

impl SchemeRule {
    /// What Visa and Mastercard have published.
    ///
    /// Visa, excessive reattempts rule: 15 reattempts within 30 days (newer acquirer documents say 20; the stricter
    /// figure is used), and the codes of its category 1, "issuer will never approve". Mastercard, transaction
    /// processing excellence: 10 declined attempts within 24 hours and 35 within 30 days for the same card,
    /// merchant and amount; its "never again" comes as a merchant advice code (03, 21), which no channel here passes
    /// on, so its list is empty.
    pub fn published() -> Vec<Self> {
        let visa_category_1 = ["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"];
        vec![
            Self {
                scheme: CardScheme::Visa,
                caps: vec![Cap { declines: 15, within_s: 30 * 86_400 }],
                never_again: visa_category_1.map(str::to_owned).to_vec(),
            },
            Self {
                scheme: CardScheme::Mastercard,
                caps: vec![
                    Cap { declines: 10, within_s: 86_400 },
                    Cap { declines: 35, within_s: 30 * 86_400 },
                ],
                never_again: Vec::new(),
            },
        ]
    }
}

impl CardScheme {
    /// The scheme of a card, by the public ranges of its first digits (ISO/IEC 7812: 4 Visa; 51–55 and 2221–2720
    /// Mastercard; 62 UnionPay). `None` for accounts and for other numbers.
    pub fn of(binding: &Binding) -> Option<Self> {
        match binding.instrument.kind {
            InstrumentKind::BankAccount => return None,
            InstrumentKind::DebitCard | InstrumentKind::CreditCard => {}
        }
        let head: u32 = binding.instrument.masked.get(..4)?.parse().ok()?;
        match head {
            4000..=4999 => Some(Self::Visa),
            5100..=5599 | 2221..=2720 => Some(Self::Mastercard),
            6200..=6299 => Some(Self::Unionpay),
            _ => None,
        }
    }
}

/// What a card's scheme says about one more try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Nothing against it.
    Yes,
    /// Not before this moment.
    From(Timestamp),
    /// Never again with this card.
    Never,
}

/// Whether a card may be tried again after `code` came from a channel. The code counts only where the channel speaks
/// the schemes' own language, ISO 8583 field 39.
pub(crate) fn allowed(
    rules: &[SchemeRule],
    binding: &Binding,
    answer: Option<(&Capability, &str)>,
    now: Timestamp,
) -> Allowed {
    let scheme = CardScheme::of(binding);
    let Some(rule) = rules.iter().find(|rule| Some(rule.scheme) == scheme) else {
        return Allowed::Yes;
    };
    let hard = answer.is_some_and(|(channel, code)| {
        channel.scheme == Scheme::Iso8583F39 && rule.never_again.iter().any(|known| known == code.trim())
    });
    if hard {
        return Allowed::Never;
    }
    let free = rule.caps.iter().filter_map(|cap| free_at(cap, &binding.declines, now)).max();
    free.map_or(Allowed::Yes, Allowed::From)
}

/// When a cap that is reached lets one more try through: as soon as enough declines have grown old.
fn free_at(cap: &Cap, declines: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
    let within = Duration::from_secs(cap.within_s);
    let recent: Vec<_> = declines.iter().filter(|at| at.plus(within) > now).collect();
    let spare = recent.len().checked_sub(usize::from(cap.declines))?;
    recent.get(spare).map(|at| at.plus(within))
}
