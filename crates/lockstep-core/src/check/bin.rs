//! Card prefixes: which bank issued a number, and what kind of card it is.

use serde::{Deserialize, Serialize};

use crate::catalogue::Text;

/// The bank behind a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Issuer {
    /// A short stable code, e.g. `ICBC`.
    pub code: &'static str,
    /// Its name; smaller banks have only a Chinese one, which then stands in both.
    pub name: Text,
}

/// What a card can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// 借记卡 / 储蓄卡
    Debit,
    /// 信用卡 / 贷记卡
    Credit,
    /// 准贷记卡
    SemiCredit,
    /// 预付费卡
    Prepaid,
    /// Not known from the number.
    Unknown,
}

pub(super) struct Bin {
    digits: u8,
    prefix: u64,
    pub(super) length: u8,
    bank: Option<u16>,
    pub(super) kind: CardKind,
    pub(super) conflict: bool,
}

impl Bin {
    pub(super) fn issuer(&self) -> Option<Issuer> {
        self.bank.and_then(|index| BANKS.get(usize::from(index)).copied())
    }
}

include!(concat!(env!("OUT_DIR"), "/banks.rs"));
include!(concat!(env!("OUT_DIR"), "/bins.rs"));

const SHORTEST: u8 = 3;
const LONGEST: u8 = 10;

/// The row for a number of digits: the longest prefix that has its length, or else, flagged by a different
/// `length`, the longest prefix alone.
pub(super) fn find(number: &str) -> Option<&'static Bin> {
    let mut other_length = None;
    for digits in (SHORTEST..=LONGEST).rev() {
        let Some(prefix) = number.get(..usize::from(digits)).and_then(|text| text.parse::<u64>().ok()) else {
            continue;
        };
        let start = BINS.partition_point(|bin| (bin.digits, bin.prefix) < (digits, prefix));
        let same = BINS[start..].iter().take_while(|bin| (bin.digits, bin.prefix) == (digits, prefix));
        for bin in same {
            if usize::from(bin.length) == number.len() {
                return Some(bin);
            }
            other_length = other_length.or(Some(bin));
        }
    }
    other_length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_complete() {
        assert!(BINS.is_sorted_by_key(|bin| (bin.digits, bin.prefix, bin.length)));
        assert!(BINS.iter().all(|bin| (SHORTEST..=LONGEST).contains(&bin.digits)));
        assert_eq!((BINS.len(), BANKS.len()), (2383, 278));
        assert_eq!(BINS.iter().filter(|bin| bin.conflict).count(), 107);
        let english = BANKS.iter().filter(|bank| bank.name.en.is_ascii()).count();
        assert!(english >= 100, "{english} banks have an English name");
    }
}
