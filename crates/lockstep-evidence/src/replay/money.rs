//! Sums of money by currency: never added across currencies, exact.

use std::collections::BTreeMap;

use serde::Serialize;

use super::log::{Attempt, Log, NONE};
use crate::report::grouped;

/// Ten thousandths by currency; an empty name where the file names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<String, i128>);

impl Sums {
    pub(crate) fn add(&mut self, log: &Log, attempt: &Attempt) {
        if attempt.amount_e4 < 0 {
            return;
        }
        let name = if attempt.currency == NONE { "" } else { log.currencies.get(attempt.currency) };
        match self.0.get_mut(name) {
            Some(sum) => *sum += i128::from(attempt.amount_e4),
            None => {
                self.0.insert(name.to_owned(), i128::from(attempt.amount_e4));
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (currency, sum) in &other.0 {
            *self.0.entry(currency.clone()).or_default() += sum;
        }
    }

    /// In words: `EUR 1,234.50; USD 3`; empty if there is nothing.
    pub fn show(&self) -> String {
        let one =
            |(currency, sum): (&String, &i128)| format!("{currency} {}", shown(*sum)).trim_start().to_owned();
        self.0.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

impl Serialize for Sums {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(currency, sum)| (currency, decimal(*sum))))
    }
}

/// Ten thousandths as a decimal without needless zeros: 890000 is `89`, 895000 is `89.50`.
pub(crate) fn decimal(e4: i128) -> String {
    let (units, rest) = (e4 / 10_000, e4 % 10_000);
    match rest {
        0 => units.to_string(),
        rest if rest % 100 == 0 => format!("{units}.{:02}", rest / 100),
        rest => format!("{units}.{rest:04}"),
    }
}

fn shown(e4: i128) -> String {
    let text = decimal(e4);
    let (units, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(units, rest)| (units, Some(rest)));
    let units = units.parse::<u64>().map_or_else(|_| units.to_owned(), grouped);
    rest.map_or(units.clone(), |rest| format!("{units}.{rest}"))
}
