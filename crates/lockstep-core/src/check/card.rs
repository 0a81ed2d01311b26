//! Card and account numbers.

use super::bin::{self, Bin};
use super::typed::{collect_exact, masked, significant};
use super::{CardKind, Checked, FindingCode, Issuer, checksum};
use crate::sensitive::CardNumber;

const FIELD: &str = "card_number";

/// What [`check_card`] answers.
pub type CardCheck = Checked<CardFacts>;

/// What a card number says about itself.
#[derive(Debug, Clone)]
pub struct CardFacts {
    /// Digits only.
    pub normalized: CardNumber,
    /// The bank, where public tables know it.
    pub issuer: Option<Issuer>,
    /// What the card can do.
    pub kind: CardKind,
    /// First six and last four digits with stars between, at full length: `622202*********0000`.
    pub masked: String,
    /// Public tables disagree about the issuer or the kind; don't build a decision on them.
    pub conflict: bool,
}

/// Checks a card number: 12–20 digits, the check digit where cards carry one, and the issuer.
///
/// Only cards known to carry a Luhn digit fail for a wrong one (beginning with 62, 4, 5 or 35, of 16–19
/// digits); passbooks, company accounts and early cards don't carry it, so there it is a warning.
pub fn check_card(typed: &CardNumber) -> CardCheck {
    let chars = significant(typed.expose());
    let count = chars.clone().count();
    if count == 0 {
        return Checked::unreadable(FIELD, FindingCode::CardEmpty);
    }
    if !chars.clone().all(|c| c.is_ascii_digit()) {
        return Checked::unreadable(FIELD, FindingCode::CardCharacters);
    }
    if !(12..=20).contains(&count) {
        return Checked::unreadable(FIELD, FindingCode::CardLength);
    }
    let normalized = CardNumber::new(collect_exact(chars));
    let digits = normalized.expose();
    let bin = bin::find(digits);

    let mut codes = Vec::new();
    if !checksum::luhn_ok(digits) {
        let carries_luhn =
            (16..=19).contains(&count) && ["62", "4", "5", "35"].iter().any(|p| digits.starts_with(p));
        codes.push(if carries_luhn { FindingCode::CardChecksum } else { FindingCode::CardChecksumUnusual });
    }
    codes.extend(doubts_about_issuer(bin, count));
    Checked::new(FIELD, codes, || {
        Some(CardFacts {
            masked: masked(digits, 6, 4),
            issuer: bin.and_then(Bin::issuer),
            kind: bin.map_or(CardKind::Unknown, |bin| bin.kind),
            conflict: bin.is_some_and(|bin| bin.conflict),
            normalized: normalized.clone(),
        })
    })
}

fn doubts_about_issuer(bin: Option<&Bin>, count: usize) -> Option<FindingCode> {
    match bin {
        None => Some(FindingCode::CardIssuerUnknown),
        Some(bin) if usize::from(bin.length) != count => Some(FindingCode::CardLengthUnusual),
        Some(bin) if bin.conflict => Some(FindingCode::CardIssuerDisputed),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::Severity;

    fn check(typed: &str) -> CardCheck {
        check_card(&CardNumber::new(typed.to_owned()))
    }

    fn codes(typed: &str) -> Vec<FindingCode> {
        check(typed).findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn published_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../data/check_vectors.json")).unwrap();
        for vector in vectors["luhn"].as_array().unwrap() {
            let (pan, valid) = (vector["pan"].as_str().unwrap(), vector["valid"].as_bool().unwrap());
            let checked = check(pan);
            let complaint =
                checked.found(FindingCode::CardChecksum) || checked.found(FindingCode::CardChecksumUnusual);
            assert_eq!(complaint, !valid, "{pan}");
        }
    }

    #[test]
    fn a_card_tells_its_bank() {
        let facts = check("6222 0200-００００ 0000 000").facts.unwrap();
        assert_eq!(facts.normalized.expose(), "6222020000000000000");
        assert_eq!(facts.masked, "622202*********0000");
        assert_eq!(facts.kind, CardKind::Debit);
        let issuer = facts.issuer.unwrap();
        assert_eq!((issuer.code, issuer.name.zh), ("ICBC", "中国工商银行"));
        assert_eq!(issuer.name.en, "Industrial and Commercial Bank of China");
        assert!(!facts.conflict);
    }

    #[test]
    fn only_cards_that_carry_luhn_fail_for_it() {
        assert_eq!(codes("6222020000000000001"), [FindingCode::CardChecksum]);
        assert!(check("6222020000000000001").facts.is_none());
        assert_eq!(codes("9558800000000000001"), [FindingCode::CardChecksumUnusual]);
        assert!(check("9558800000000000001").is_usable());
        assert!(check("10300000000000007").is_usable(), "a passbook of 17 digits");
    }

    #[test]
    fn numbers_of_twenty_digits_are_cards_too() {
        let number = "62232600000000000000";
        assert!(!checksum::luhn_ok(number), "longer than cards that carry Luhn");
        let checked = check(number);
        assert!(checked.is_usable() && checked.found(FindingCode::CardChecksumUnusual), "{checked:?}");
    }

    #[test]
    fn length_and_prefix_decide_together() {
        let with_luhn = |first: &str| format!("{first}{}", checksum::luhn_digit(first).unwrap());
        assert_eq!(
            codes(&with_luhn("622202000000000")),
            [FindingCode::CardLengthUnusual],
            "16 instead of 19 digits"
        );
        assert_eq!(codes(&with_luhn("629999000000000")), [FindingCode::CardIssuerUnknown]);
        let disputed = check(&with_luhn("620530000000000000"));
        assert!(disputed.found(FindingCode::CardIssuerDisputed) && disputed.facts.unwrap().conflict);
        let unnamed = check(&with_luhn("62001100000000000")).facts.unwrap();
        assert!(unnamed.issuer.is_none() && unnamed.kind != CardKind::Unknown, "known card, unnamed issuer");
    }

    #[test]
    fn unreadable_numbers_say_why() {
        assert_eq!(codes(""), [FindingCode::CardEmpty]);
        assert_eq!(codes(" \u{3000}- "), [FindingCode::CardEmpty]);
        assert_eq!(codes("62220200000000000O0"), [FindingCode::CardCharacters]);
        assert_eq!(codes("٦٢٢٢٠٢٠٠٠٠٠٠٠٠٠٠"), [FindingCode::CardCharacters]);
        assert_eq!(codes("62220200000"), [FindingCode::CardLength]);
        assert_eq!(codes("622202000000000000000"), [FindingCode::CardLength]);
    }

    proptest! {
        #[test]
        fn any_string_gets_an_answer_that_hides_it(
            typed in "\\PC{0,40}|[0-9 -]{0,30}|(62|4|5|35|9)[0-9]{9,19}"
        ) {
            let checked = check(&typed);
            prop_assert_eq!(
                checked.facts.is_none(),
                checked.findings.iter().any(|finding| finding.severity == Severity::Error)
            );
            if let Some(facts) = &checked.facts {
                let digits = facts.normalized.expose();
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(facts.masked.len(), digits.len());
                let shown = format!("{checked:?}");
                prop_assert!(!shown.contains(digits));
                prop_assert!(check(digits).is_usable(), "normalizing twice changes nothing");
            }
        }
    }
}
