//! The log in memory: about two hundred bytes an attempt, names kept once, in order of time.

use std::collections::BTreeMap;

use super::code::{Code, CodeBook};
use super::input::{Columns, Field};
use super::orders::{self, OrdersFrom};

/// Stands for "no name".
pub(crate) const NONE: u16 = u16::MAX;
/// More channels than this mean that the wrong column was taken for one.
const MAX_CHANNELS: usize = 500;
/// Other names kept apart; what comes after is "other".
const MAX_NAMES: usize = 20_000;

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// The money moved.
    Succeeded,
    /// It didn't.
    #[default]
    Failed,
    /// The log doesn't know. Counts as not collected.
    Unknown,
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Line in the file.
    pub line: u64,
    /// Index of its order.
    pub order: u32,
    /// Key of its borrower, or of its order where borrowers aren't known: what is drawn as a whole by the bootstrap.
    pub cluster: u64,
    /// In ten thousandths of a unit; negative where it isn't known.
    pub amount_e4: i64,
    /// Where.
    pub channel: u16,
    /// Country, or the "no name" index. The same for the names below.
    pub country: u16,
    /// Bank.
    pub issuer: u16,
    /// Kind of card.
    pub card: u16,
    /// Currency.
    pub currency: u16,
    /// Authentication.
    pub threeds: u16,
    /// Index of its code, or the "no name" index.
    pub code: u16,
    /// Which try of its order it is, from 1.
    pub number: u16,
    /// The channel of the try before, or the "no name" index.
    pub before: u16,
    /// The code of the try before, or the "no name" index.
    pub code_before: u16,
    /// What came of it.
    pub outcome: Outcome,
    /// Logged probability of the choice; not a number where it isn't known.
    pub propensity: f32,
    /// What it cost; not a number where it isn't known.
    pub cost: f32,
}

impl Attempt {
    /// Whether the money moved.
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }
}

/// Names, each kept once.
#[derive(Debug, Default)]
pub struct Names {
    list: Vec<String>,
    index: BTreeMap<String, u16>,
}

impl Names {
    fn index(&mut self, name: Option<&str>) -> u16 {
        let Some(name) = name else { return NONE };
        if let Some(known) = self.index.get(name) {
            return *known;
        }
        let name = if self.list.len() >= MAX_NAMES { "…" } else { name };
        let next = u16::try_from(self.list.len()).unwrap_or(NONE - 1);
        *self.index.entry(name.to_owned()).or_insert_with(|| {
            self.list.push(name.to_owned());
            next
        })
    }

    /// A name by its index; a dash for the "no name" index.
    pub fn get(&self, index: u16) -> &str {
        self.list.get(usize::from(index)).map_or("–", String::as_str)
    }

    /// The index of a name.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.index.get(name).copied()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A whole log.
#[derive(Debug)]
pub struct Log {
    /// In order of time.
    pub attempts: Vec<Attempt>,
    /// Attempts of each order, as indexes, in order of time.
    pub orders: Vec<Vec<u32>>,
    /// How orders came about.
    pub orders_from: OrdersFrom,
    /// Names of channels.
    pub channels: Names,
    /// Names of countries.
    pub countries: Names,
    /// Names of banks.
    pub issuers: Names,
    /// Kinds of cards.
    pub cards: Names,
    /// Currencies.
    pub currencies: Names,
    /// Words for authentication.
    pub threeds: Names,
    /// Codes with their meaning.
    pub codes: Vec<Code>,
    /// Whether borrowers are known.
    pub has_borrowers: bool,
    /// Whether the probabilities of the choices are known.
    pub has_propensities: bool,
    /// Whether costs are known.
    pub has_costs: bool,
    /// The zone of hours and days.
    pub zone: jiff::tz::TimeZone,
}

impl Log {
    /// The code of an attempt, if there is one.
    pub fn code(&self, index: u16) -> Option<&Code> {
        self.codes.get(usize::from(index))
    }

    /// Whether the catalogue knows any of the codes.
    pub fn has_causes(&self) -> bool {
        self.codes.iter().any(|code| code.verdict.is_some())
    }

    /// A moment in the log's zone, RFC 3339 with offset.
    pub fn rfc3339(&self, at_ms: i64) -> String {
        let moment = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.display_with_offset(self.zone.to_offset(moment)).to_string()
    }

    /// Local wall time in milliseconds.
    pub fn local_ms(&self, at_ms: i64) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at_ms + i64::from(self.zone.to_offset(moment).seconds()) * 1000
    }
}

/// One readable row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) at_ms: i64,
    pub(super) order: Option<String>,
    pub(super) borrower: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) channel: String,
    pub(super) amount_e4: Option<i64>,
    pub(super) currency: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) code: Option<u16>,
    pub(super) propensity: Option<f32>,
    pub(super) cost: Option<f32>,
    pub(super) country: Option<String>,
    pub(super) card: Option<String>,
    pub(super) threeds: Option<String>,
}

/// Too much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// Rows.
    #[error(
        "the file has more than {0} rows. Split it by time, or allow more with --max-rows (about 200 bytes of memory each)"
    )]
    Rows(usize),
    /// Channels.
    #[error(
        "the channel column has more than {MAX_CHANNELS} different values. Is it the right one? Say --map \"channel=<header>\""
    )]
    Channels,
}

/// A log in the making.
pub(super) struct LogBuilder {
    attempts: Vec<Attempt>,
    order_keys: Vec<u64>,
    max_rows: usize,
    named_orders: bool,
    has_borrowers: bool,
    has_costs: bool,
    channels: Names,
    countries: Names,
    issuers: Names,
    cards: Names,
    currencies: Names,
    threeds: Names,
}

impl LogBuilder {
    pub(super) fn new(max_rows: usize) -> Self {
        Self {
            attempts: Vec::new(),
            order_keys: Vec::new(),
            max_rows,
            named_orders: false,
            has_borrowers: false,
            has_costs: false,
            channels: Names::default(),
            countries: Names::default(),
            issuers: Names::default(),
            cards: Names::default(),
            currencies: Names::default(),
            threeds: Names::default(),
        }
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<(), TooMany> {
        if self.attempts.len() >= self.max_rows {
            return Err(TooMany::Rows(self.max_rows));
        }
        self.named_orders |= row.order.is_some();
        self.has_borrowers |= row.borrower.is_some();
        self.has_costs |= row.cost.is_some();
        let channel = self.channels.index(Some(&row.channel));
        if self.channels.len() > MAX_CHANNELS {
            return Err(TooMany::Channels);
        }
        self.order_keys.push(row.order.as_deref().map_or(0, key_of));
        self.attempts.push(Attempt {
            at_ms: row.at_ms,
            line: row.line,
            order: 0,
            cluster: row.borrower.as_deref().map_or(0, key_of),
            amount_e4: row.amount_e4.unwrap_or(-1),
            channel,
            country: self.countries.index(row.country.as_deref()),
            issuer: self.issuers.index(row.issuer.as_deref()),
            card: self.cards.index(row.card.as_deref()),
            currency: self.currencies.index(row.currency.as_deref()),
            threeds: self.threeds.index(row.threeds.as_deref()),
            code: row.code.unwrap_or(NONE),
            number: 1,
            before: NONE,
            code_before: NONE,
            outcome: row.outcome,
            propensity: row.propensity.unwrap_or(f32::NAN),
            cost: row.cost.unwrap_or(f32::NAN),
        });
        Ok(())
    }

    pub(super) fn finish(
        self,
        columns: &Columns,
        codes: CodeBook,
        gap_ms: i64,
        zone: jiff::tz::TimeZone,
    ) -> Log {
        let mut sorted: Vec<u32> = (0..u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)).collect();
        sorted.sort_by_key(|index| self.attempts[*index as usize].at_ms);
        // An attempt without an order's name among others that have one is an order of its own.
        let key = |index: &u32| match self.order_keys[*index as usize] {
            0 => super::dice::mix(u64::from(*index) ^ (1 << 63)),
            named => named,
        };
        let keys: Vec<u64> = sorted.iter().map(key).collect();
        let mut attempts: Vec<Attempt> = sorted.iter().map(|index| self.attempts[*index as usize]).collect();
        let inferable = columns.has(Field::Amount);
        let (groups, orders_from) = orders::group(&attempts, &keys, self.named_orders, inferable, gap_ms);
        orders::number(&mut attempts, &groups);
        Log {
            orders: groups,
            orders_from,
            channels: self.channels,
            countries: self.countries,
            issuers: self.issuers,
            cards: self.cards,
            currencies: self.currencies,
            threeds: self.threeds,
            codes: codes.into_list(),
            has_borrowers: self.has_borrowers,
            has_propensities: columns.has(Field::Propensity),
            has_costs: self.has_costs,
            attempts,
            zone,
        }
    }
}

/// A 64-bit key of a name. Two names share one with a chance of about 10⁻⁶ among ten million.
fn key_of(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    super::dice::mix(hash)
}
