//! Codes that hide in the free text of an aggregator: "账户余额不足 (PB520011)".

use super::{Scheme, look_up};

/// The most useful network or bank code inside `text`: the first one the catalogue knows, otherwise the first
/// that has the shape of one. Aggregators wrap the bank's own code in a sentence, and that code says more
/// than theirs does.
pub fn find_embedded(text: &str) -> Option<(Scheme, &str)> {
    let mut found = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| scheme_of(word).map(|scheme| (scheme, word)));
    let first = found.next()?;
    let mut candidates = std::iter::once(first).chain(found);
    Some(candidates.find(|(scheme, code)| look_up(*scheme, code).known).unwrap_or(first))
}

fn scheme_of(word: &str) -> Option<Scheme> {
    let digits = |tail: &str| tail.bytes().all(|b| b.is_ascii_digit());
    if let Some(tail) = word.strip_prefix("PCC") {
        return (tail.len() == 5 && digits(tail)).then_some(Scheme::OnebankPcc);
    }
    if word.len() != 8 || digits(word) {
        return None;
    }
    let family = ["PB", "RB", "PS", "RS"].iter().find_map(|family| word.strip_prefix(family));
    let shaped = family.is_some_and(digits);
    (shaped || look_up(Scheme::NetworkPb, word).known).then_some(Scheme::NetworkPb)
}
