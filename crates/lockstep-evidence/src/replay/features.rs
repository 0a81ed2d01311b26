//! What was known before an attempt was sent: the context that a choice of channel may depend on.

use std::collections::BTreeMap;

use lockstep_core::catalogue::Layer;
use lockstep_core::text::Sentence;
use serde::Serialize;

use super::log::{Attempt, Log, NONE};

/// Levels kept apart; rarer ones share the last.
const MAX_LEVELS: usize = 24;
/// Amounts are compared in fifths of their currency, times in fifths of the log.
pub(crate) const FIFTHS: usize = 5;
const HOUR_MS: i64 = 3_600_000;
/// 1970-01-01 was a Thursday; this makes Monday day 0.
const THURSDAY: i64 = 3;

/// One thing known before an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Country.
    Country,
    /// Currency.
    Currency,
    /// Bank.
    Issuer,
    /// Kind of card.
    Card,
    /// Authentication.
    Threeds,
    /// Fifth of the amounts in its currency.
    Amount,
    /// Four hours of the day, local time.
    Hour,
    /// Monday to Friday, or not.
    Weekend,
    /// First try, second, …
    Try,
    /// The channel of the try before.
    Before,
    /// The layer that failed in the try before.
    LayerBefore,
    /// Fifth of the log's time.
    Period,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Country,
        Self::Currency,
        Self::Issuer,
        Self::Card,
        Self::Threeds,
        Self::Amount,
        Self::Hour,
        Self::Weekend,
        Self::Try,
        Self::Before,
        Self::LayerBefore,
        Self::Period,
    ];

    /// In words.
    pub fn words(self) -> Sentence {
        let (zh, en) = match self {
            Self::Country => ("国家", "country"),
            Self::Currency => ("币种", "currency"),
            Self::Issuer => ("发卡行", "issuer"),
            Self::Card => ("卡种", "card"),
            Self::Threeds => ("3DS 验证", "3-D Secure"),
            Self::Amount => ("金额段", "amount band"),
            Self::Hour => ("时段", "time of day"),
            Self::Weekend => ("周末", "weekend"),
            Self::Try => ("第几次尝试", "number of the try"),
            Self::Before => ("上一次的渠道", "channel of the try before"),
            Self::LayerBefore => ("上一次失败的层", "layer that failed before"),
            Self::Period => ("日志的时间段", "part of the log"),
        };
        Sentence::new(zh, en)
    }

    fn key(self, log: &Log, attempt: &Attempt, bands: &Bands) -> u32 {
        let local = log.local_ms(attempt.at_ms);
        match self {
            Self::Country => u32::from(attempt.country),
            Self::Currency => u32::from(attempt.currency),
            Self::Issuer => u32::from(attempt.issuer),
            Self::Card => u32::from(attempt.card),
            Self::Threeds => u32::from(attempt.threeds),
            Self::Amount => bands.of(attempt),
            Self::Hour => u32::try_from(local.rem_euclid(24 * HOUR_MS) / (4 * HOUR_MS)).unwrap_or(0),
            Self::Weekend => u32::from(weekday(local) >= 5),
            Self::Try => u32::from(attempt.number.min(5)),
            Self::Before => u32::from(attempt.before),
            Self::LayerBefore => {
                let layer = log.code(attempt.code_before).and_then(super::code::Code::layer);
                layer.map_or(u32::from(NONE), |layer: Layer| layer as u32)
            }
            Self::Period => bands.period(attempt.at_ms),
        }
    }
}

/// Monday 0 to Sunday 6.
pub(crate) fn weekday(local_ms: i64) -> u32 {
    u32::try_from((local_ms.div_euclid(24 * HOUR_MS) + THURSDAY).rem_euclid(7)).unwrap_or(0)
}

/// Where the fifths of amounts (by currency) and of time end.
#[derive(Debug)]
pub(crate) struct Bands {
    amounts: BTreeMap<u16, Vec<i64>>,
    start_ms: i64,
    span_ms: i64,
}

impl Bands {
    pub(crate) fn of_log(log: &Log) -> Self {
        let mut by_currency: BTreeMap<u16, Vec<i64>> = BTreeMap::new();
        for attempt in log.attempts.iter().filter(|attempt| attempt.amount_e4 >= 0) {
            by_currency.entry(attempt.currency).or_default().push(attempt.amount_e4);
        }
        let cut = |mut amounts: Vec<i64>| {
            amounts.sort_unstable();
            let mut edges: Vec<i64> =
                (1..FIFTHS).map(|fifth| amounts[amounts.len() * fifth / FIFTHS]).collect();
            edges.dedup();
            edges
        };
        let amounts = by_currency.into_iter().map(|(currency, amounts)| (currency, cut(amounts))).collect();
        let start_ms = log.attempts.first().map_or(0, |first| first.at_ms);
        let end_ms = log.attempts.last().map_or(0, |last| last.at_ms);
        Self { amounts, start_ms, span_ms: (end_ms - start_ms).max(1) }
    }

    /// The band of an amount: how many edges it has reached.
    pub(crate) fn of(&self, attempt: &Attempt) -> u32 {
        if attempt.amount_e4 < 0 {
            return u32::from(NONE);
        }
        let edges = self.amounts.get(&attempt.currency).map_or(&[][..], Vec::as_slice);
        u32::try_from(edges.partition_point(|edge| *edge <= attempt.amount_e4)).unwrap_or(0)
    }

    /// Edges of the bands in one currency, ascending.
    pub(crate) fn edges(&self, currency: u16) -> &[i64] {
        self.amounts.get(&currency).map_or(&[], Vec::as_slice)
    }

    fn period(&self, at_ms: i64) -> u32 {
        u32::try_from((at_ms - self.start_ms) * FIFTHS as i64 / (self.span_ms + 1)).unwrap_or(0)
    }
}

/// Features as small numbers, one column each.
#[derive(Debug)]
pub(crate) struct Coded {
    pub(crate) features: Vec<Feature>,
    /// Levels of each feature.
    pub(crate) levels: Vec<usize>,
    /// One column a feature, one entry an attempt.
    pub(crate) columns: Vec<Vec<u8>>,
}

impl Coded {
    /// All features that differ at all.
    pub(crate) fn of_log(log: &Log) -> Self {
        let bands = Bands::of_log(log);
        let mut coded = Self { features: Vec::new(), levels: Vec::new(), columns: Vec::new() };
        for feature in Feature::ALL {
            let keys: Vec<u32> =
                log.attempts.iter().map(|attempt| feature.key(log, attempt, &bands)).collect();
            let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
            for key in &keys {
                *counts.entry(*key).or_default() += 1;
            }
            if counts.len() < 2 {
                continue;
            }
            let mut ranked: Vec<_> = counts.into_iter().collect();
            ranked.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
            let level: BTreeMap<u32, u8> =
                ranked.iter().take(MAX_LEVELS).zip(0_u8..).map(|((key, _), level)| (*key, level)).collect();
            let rest = u8::try_from(level.len()).unwrap_or(u8::MAX);
            coded.levels.push(level.len() + usize::from(ranked.len() > MAX_LEVELS));
            coded.columns.push(keys.iter().map(|key| level.get(key).copied().unwrap_or(rest)).collect());
            coded.features.push(feature);
        }
        coded
    }
}
