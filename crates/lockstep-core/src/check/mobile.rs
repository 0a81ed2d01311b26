//! Mobile numbers of mainland China.

use serde::{Deserialize, Serialize};

use super::typed::{collect_exact, masked, significant};
use super::{Checked, FindingCode};
use crate::catalogue::Text;
use crate::sensitive::Mobile;

const FIELD: &str = "mobile";
const DIGITS: usize = 11;

/// What [`check_mobile`] answers.
pub type MobileCheck = Checked<MobileFacts>;

/// What a range of numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeKind {
    /// People's phones.
    Ordinary,
    /// People's phones at a virtual operator.
    Virtual,
    /// Connected devices; usually no text messages.
    Iot,
    /// Satellite phones.
    Satellite,
    /// Not in the table.
    Unknown,
}

/// What a mobile number says about itself.
#[derive(Debug, Clone)]
pub struct MobileFacts {
    /// Eleven digits, without country code.
    pub normalized: Mobile,
    /// The carrier the range was first given to. Numbers are ported, so this is only a hint.
    pub carrier: Option<Text>,
    /// What the range is for.
    pub range: RangeKind,
    /// First three and last four digits with stars between: `138****0000`.
    pub masked: String,
}

struct Range {
    prefix: &'static str,
    carrier: Text,
    kind: RangeKind,
}

include!(concat!(env!("OUT_DIR"), "/mobile_prefixes.rs"));

/// Checks a mobile number; `+86`, `0086` and `86` in front are understood.
pub fn check_mobile(typed: &Mobile) -> MobileCheck {
    let chars = significant(typed.expose()).filter(|c| !matches!(c, '(' | ')'));
    let plus = chars.clone().next() == Some('+');
    let chars = chars.skip(usize::from(plus));
    let count = chars.clone().count();
    if count == 0 {
        return Checked::unreadable(FIELD, FindingCode::MobileEmpty);
    }
    if !chars.clone().all(|c| c.is_ascii_digit()) {
        return Checked::unreadable(FIELD, FindingCode::MobileCharacters);
    }
    let begins = |with: &str| chars.clone().take(with.len()).eq(with.chars());
    let country = ["86", "0086"].into_iter().find(|code| begins(code) && count == DIGITS + code.len());
    let chars = chars.clone().skip(country.map_or(0, str::len));
    let foreign = (plus && country.is_none()) || chars.clone().next() != Some('1');
    if foreign {
        return Checked::unreadable(FIELD, FindingCode::MobileNotMainland);
    }
    if chars.clone().count() != DIGITS {
        return Checked::unreadable(FIELD, FindingCode::MobileLength);
    }
    if matches!(chars.clone().nth(1), Some('0'..='2')) {
        return Checked::unreadable(FIELD, FindingCode::MobileNotMainland);
    }
    let normalized = Mobile::new(collect_exact(chars));
    let range = find(normalized.expose());
    let code = match range.map(|range| range.kind) {
        None => Some(FindingCode::MobilePrefixUnknown),
        Some(RangeKind::Iot) => Some(FindingCode::MobileIot),
        Some(RangeKind::Ordinary | RangeKind::Virtual | RangeKind::Satellite | RangeKind::Unknown) => None,
    };
    Checked::new(FIELD, code, || {
        Some(MobileFacts {
            masked: masked(normalized.expose(), 3, 4),
            carrier: range.map(|range| range.carrier),
            range: range.map_or(RangeKind::Unknown, |range| range.kind),
            normalized: normalized.clone(),
        })
    })
}

/// The longest prefix in the table.
fn find(number: &str) -> Option<&'static Range> {
    (3..=4).rev().find_map(|length| {
        let prefix = number.get(..length)?;
        RANGES.binary_search_by(|range| range.prefix.cmp(prefix)).ok().map(|index| &RANGES[index])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::Severity;

    fn check(typed: &str) -> MobileCheck {
        check_mobile(&Mobile::new(typed.to_owned()))
    }

    fn codes(typed: &str) -> Vec<FindingCode> {
        check(typed).findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn the_usual_ways_to_write_a_number_are_one_number() {
        for typed in [
            "13800000000",
            "138 0000 0000",
            "138-0000-0000",
            "+86 138 0000 0000",
            "(0086)13800000000",
            "８６13800000000",
        ] {
            let checked = check(typed);
            assert_eq!(checked.findings, [], "{typed}");
            let facts = checked.facts.unwrap();
            assert_eq!((facts.normalized.expose(), facts.masked.as_str()), ("13800000000", "138****0000"));
            assert_eq!((facts.carrier.unwrap().en, facts.range), ("China Mobile", RangeKind::Ordinary));
        }
    }

    #[test]
    fn ranges_are_told_apart() {
        assert_eq!(codes("14800000000"), [FindingCode::MobileIot]);
        assert!(check("14800000000").is_usable());
        assert_eq!(codes("15400000000"), [FindingCode::MobilePrefixUnknown]);
        assert!(check("15400000000").is_usable(), "a new range is no reason to refuse a borrower");
        for (typed, range) in [("17000000000", RangeKind::Virtual), ("17400000000", RangeKind::Satellite)] {
            assert_eq!(check(typed).facts.unwrap().range, range, "{typed}");
        }
        assert_eq!(check("19200000000").facts.unwrap().carrier.unwrap().zh, "中国广电");
    }

    #[test]
    fn unusable_numbers_say_why() {
        assert_eq!(codes(""), [FindingCode::MobileEmpty]);
        assert_eq!(codes("+"), [FindingCode::MobileEmpty]);
        assert_eq!(codes("1380000000"), [FindingCode::MobileLength]);
        assert_eq!(codes("138000000000"), [FindingCode::MobileLength]);
        assert_eq!(codes("1380000000o"), [FindingCode::MobileCharacters]);
        assert_eq!(codes("010-88888888"), [FindingCode::MobileNotMainland]);
        assert_eq!(codes("+852 9123 4567"), [FindingCode::MobileNotMainland]);
        assert_eq!(codes("+1 415 555 0100"), [FindingCode::MobileNotMainland]);
        assert_eq!(codes("11000000000"), [FindingCode::MobileNotMainland]);
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(RANGES.is_sorted_by_key(|range| range.prefix));
        assert!(RANGES.iter().all(|range| (3..=4).contains(&range.prefix.len())));
    }

    proptest! {
        #[test]
        fn any_string_gets_an_answer_that_hides_it(typed in "\\PC{0,30}|[+0-9 -]{0,20}|1[3-9][0-9]{9}") {
            let checked = check(&typed);
            prop_assert_eq!(
                checked.facts.is_none(),
                checked.findings.iter().any(|finding| finding.severity == Severity::Error)
            );
            if let Some(facts) = &checked.facts {
                prop_assert_eq!(facts.normalized.expose().len(), DIGITS);
                let shown = format!("{checked:?}");
                prop_assert!(!shown.contains(facts.normalized.expose()));
            }
        }
    }
}
