//! Orders: by their names, or inferred where the file has none.
//!
//! Inferred, an attempt belongs to the same order as the attempt before it with the same amount, currency, country,
//! card, bank and borrower, if no more than the gap lies between the two. People press the button again within a
//! minute; two different buyers with the same everything within that minute are rare, but can't be told apart.

use std::collections::BTreeMap;

use serde::Serialize;

use super::log::{Attempt, NONE};

/// How orders came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrdersFrom {
    /// The file names them.
    Column,
    /// Same amount, country, card within the gap.
    Inferred,
    /// Neither names nor amounts: every attempt is an order of its own.
    EachAttempt,
}

/// Groups attempts, which are in order of time, into orders. `keys` are the orders' names.
pub(super) fn group(
    attempts: &[Attempt],
    keys: &[u64],
    named: bool,
    inferable: bool,
    gap_ms: i64,
) -> (Vec<Vec<u32>>, OrdersFrom) {
    let indexes = 0..u32::try_from(attempts.len()).unwrap_or(u32::MAX);
    if named {
        let mut sorted: Vec<u32> = indexes.collect();
        sorted.sort_by_key(|index| (keys[*index as usize], *index));
        let mut groups: Vec<Vec<u32>> = sorted
            .chunk_by(|one, other| keys[*one as usize] == keys[*other as usize])
            .map(<[u32]>::to_vec)
            .collect();
        groups.sort_by_key(|group| group.first().copied());
        return (groups, OrdersFrom::Column);
    }
    if !inferable {
        return (indexes.map(|index| vec![index]).collect(), OrdersFrom::EachAttempt);
    }
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut open: BTreeMap<_, (usize, i64)> = BTreeMap::new();
    for index in indexes {
        let attempt = &attempts[index as usize];
        let key = (
            attempt.amount_e4,
            attempt.currency,
            attempt.country,
            attempt.card,
            attempt.issuer,
            attempt.cluster,
        );
        match open.get_mut(&key) {
            Some((group, last)) if attempt.amount_e4 >= 0 && attempt.at_ms - *last <= gap_ms => {
                groups[*group].push(index);
                *last = attempt.at_ms;
            }
            _ => {
                open.insert(key, (groups.len(), attempt.at_ms));
                groups.push(vec![index]);
            }
        }
    }
    (groups, OrdersFrom::Inferred)
}

/// Writes into each attempt which order it belongs to, its number there, and what came before it.
pub(super) fn number(attempts: &mut [Attempt], groups: &[Vec<u32>]) {
    for (order, group) in groups.iter().enumerate() {
        let (mut before, mut code_before) = (NONE, NONE);
        for (place, index) in group.iter().enumerate() {
            let attempt = &mut attempts[*index as usize];
            attempt.order = u32::try_from(order).unwrap_or(u32::MAX);
            attempt.number = u16::try_from(place + 1).unwrap_or(u16::MAX);
            if attempt.cluster == 0 {
                attempt.cluster = super::dice::mix(order as u64 + 1);
            }
            attempt.before = before;
            attempt.code_before = code_before;
            (before, code_before) = (attempt.channel, attempt.code);
        }
    }
}
