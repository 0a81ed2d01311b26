//! Identity numbers of 18 characters (GB 11643).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::region::{self, Found};
use super::typed::{collect_exact, masked, significant};
use super::{Checked, FindingCode, checksum};
use crate::sensitive::IdNumber;

const FIELD: &str = "id_number";
const OLDEST_LIKELY_YEARS: i16 = 120;

/// What [`check_id_number`] answers.
pub type IdCheck = Checked<IdFacts>;

/// Which document a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// 居民身份证
    ResidentCard,
    /// 港澳台居民居住证, beginning with 81, 82 or 83.
    HkMacaoTaiwanPermit,
    /// 外国人永久居留身份证 as issued since 2023, beginning with 9.
    ForeignPermanentResident,
}

/// What an identity number says about its holder. Deliberately not the sex: nothing here needs it.
#[derive(Clone)]
pub struct IdFacts {
    /// 17 digits and a digit or capital X.
    pub normalized: IdNumber,
    /// Which document it is.
    pub kind: IdKind,
    /// The holder's birthday.
    pub birth_date: Date,
    /// Where the number was first given out; `None` for foreigners and retired codes.
    pub region: Option<&'static str>,
    /// First three and last four characters with stars between.
    pub masked: String,
}

impl std::fmt::Debug for IdFacts {
    /// Birthday and region are personal data as much as the number is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdFacts")
            .field("kind", &self.kind)
            .field("masked", &self.masked)
            .finish_non_exhaustive()
    }
}

/// Checks an identity number on the day `today`: shape, check character, region, birth date.
pub fn check_id_number(typed: &IdNumber, today: Date) -> IdCheck {
    let chars = significant(typed.expose()).map(|c| match c {
        // The last character is often typed as a small x, a Cyrillic Kha or a multiplication sign.
        'x' | 'х' | 'Х' | '×' => 'X',
        _ => c,
    });
    let count = chars.clone().count();
    if count == 0 {
        return Checked::unreadable(FIELD, FindingCode::IdEmpty);
    }
    if !chars.clone().enumerate().all(|(at, c)| c.is_ascii_digit() || (c == 'X' && at == 17)) {
        return Checked::unreadable(FIELD, FindingCode::IdCharacters);
    }
    if count != 18 {
        let code = if count == 15 { FindingCode::IdOldFifteen } else { FindingCode::IdLength };
        return Checked::unreadable(FIELD, code);
    }
    let normalized = IdNumber::new(collect_exact(chars));
    let number = normalized.expose();
    let kind = kind_of(number);
    let birth_date = birth_date(number);

    let mut codes = Vec::new();
    if !checksum::id_ok(number) {
        codes.push(FindingCode::IdChecksum);
    }
    let birth_year = birth_date.map_or(today.year(), Date::year);
    let place = region::find(number[..6].parse().unwrap_or_default(), birth_year, today.year());
    match (kind, place) {
        (IdKind::ForeignPermanentResident, _) | (_, Found::Region(_)) => {}
        (_, Found::Retired) => codes.push(FindingCode::IdRegionRetired),
        (_, Found::Nowhere) => codes.push(FindingCode::IdRegionUnknown),
    }
    match birth_date {
        None => codes.push(FindingCode::IdBirthDate),
        Some(born) if born > today => codes.push(FindingCode::IdBirthFuture),
        Some(born) if today.year() - born.year() > OLDEST_LIKELY_YEARS => {
            codes.push(FindingCode::IdBirthUnlikely)
        }
        Some(_) => {}
    }
    Checked::new(FIELD, codes, || {
        let region = match (kind, place) {
            (IdKind::ForeignPermanentResident, _) | (_, Found::Retired | Found::Nowhere) => None,
            (_, Found::Region(name)) => Some(name),
        };
        Some(IdFacts {
            masked: masked(number, 3, 4),
            normalized: normalized.clone(),
            kind,
            birth_date: birth_date?,
            region,
        })
    })
}

fn kind_of(number: &str) -> IdKind {
    if number.starts_with('9') {
        IdKind::ForeignPermanentResident
    } else if ["81", "82", "83"].iter().any(|prefix| number.starts_with(prefix)) {
        IdKind::HkMacaoTaiwanPermit
    } else {
        IdKind::ResidentCard
    }
}

fn birth_date(number: &str) -> Option<Date> {
    let part = |from: usize, to: usize| number.get(from..to).and_then(|text| text.parse::<i16>().ok());
    let (year, month, day) = (part(6, 10)?, part(10, 12)?, part(12, 14)?);
    (year >= 1800).then(|| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::check::Severity;

    fn check(typed: &str) -> IdCheck {
        check_id_number(&IdNumber::new(typed.to_owned()), date(2025, 6, 1))
    }

    fn codes(typed: &str) -> Vec<FindingCode> {
        check(typed).findings.iter().map(|finding| finding.code).collect()
    }

    fn made(first_17: &str) -> String {
        format!("{first_17}{}", checksum::id_check(first_17).unwrap())
    }

    #[test]
    fn published_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../data/check_vectors.json")).unwrap();
        for vector in vectors["id18"].as_array().unwrap() {
            let id = vector["id"].as_str().unwrap();
            let checked = check(id);
            assert_eq!(
                checked.found(FindingCode::IdChecksum),
                !vector["checksum_ok"].as_bool().unwrap(),
                "{id}"
            );
            assert_eq!(
                checked.found(FindingCode::IdBirthDate),
                !vector["date_ok"].as_bool().unwrap(),
                "{id}"
            );
        }
    }

    #[test]
    fn a_resident_card_tells_birthday_and_region() {
        let facts = check("１１０１０５ 19491231 002x").facts.unwrap();
        assert_eq!(facts.normalized.expose(), "11010519491231002X");
        assert_eq!((facts.kind, facts.region), (IdKind::ResidentCard, Some("朝阳区")));
        assert_eq!(facts.birth_date, date(1949, 12, 31));
        assert_eq!(facts.masked, "110***********002X");
        assert_eq!(
            format!("{facts:?}"),
            r#"IdFacts { kind: ResidentCard, masked: "110***********002X", .. }"#
        );
        assert_eq!(check("11010519491231002×").facts.unwrap().normalized.expose(), "11010519491231002X");
    }

    #[test]
    fn permits_and_foreign_residents_are_accepted() {
        for (first, kind) in [
            ("81000019900101001", IdKind::HkMacaoTaiwanPermit),
            ("82000019900101001", IdKind::HkMacaoTaiwanPermit),
            ("83000019900101001", IdKind::HkMacaoTaiwanPermit),
            ("91184019900101001", IdKind::ForeignPermanentResident),
        ] {
            let checked = check(&made(first));
            assert_eq!(checked.findings, [], "{first}");
            assert_eq!(checked.facts.unwrap().kind, kind);
        }
    }

    #[test]
    fn regions_and_dates_have_to_exist() {
        assert_eq!(codes(&made("00000019900101001")), [FindingCode::IdRegionUnknown]);
        assert_eq!(codes(&made("81999919900101001")), [FindingCode::IdRegionUnknown]);
        assert_eq!(codes(&made("11010320150101001")), [FindingCode::IdRegionRetired]);
        assert!(check(&made("11010320150101001")).is_usable(), "years are approximate, so the bank decides");
        assert_eq!(codes(&made("11010119900229001")), [FindingCode::IdBirthDate]);
        assert_eq!(codes(&made("11010119901301001")), [FindingCode::IdBirthDate]);
        assert_eq!(codes(&made("11010120250602001")), [FindingCode::IdBirthFuture]);
        assert_eq!(codes(&made("11010120250601001")), []);
        assert_eq!(codes("440524188001010014"), [FindingCode::IdBirthUnlikely]);
    }

    #[test]
    fn unreadable_numbers_say_why() {
        assert_eq!(codes("  "), [FindingCode::IdEmpty]);
        assert_eq!(codes("110105491231002"), [FindingCode::IdOldFifteen]);
        assert_eq!(codes("1101051949123100"), [FindingCode::IdLength]);
        assert_eq!(codes("11010519491231002XX"), [FindingCode::IdCharacters]);
        assert_eq!(codes("E12345678"), [FindingCode::IdCharacters], "a passport is another document");
        assert_eq!(codes("1101X519491231002X"), [FindingCode::IdCharacters]);
    }

    proptest! {
        #[test]
        fn any_string_gets_an_answer_that_hides_it(
            typed in "\\PC{0,30}|[0-9xX ]{0,22}|[1-9][0-9]{16}[0-9X]"
        ) {
            let checked = check(&typed);
            prop_assert_eq!(
                checked.facts.is_none(),
                checked.findings.iter().any(|finding| finding.severity == Severity::Error)
            );
            if let Some(facts) = &checked.facts {
                let shown = format!("{checked:?}");
                prop_assert!(!shown.contains(facts.normalized.expose()));
            }
        }

        #[test]
        fn made_numbers_are_accepted(days in 0i32..40_000, seq in 1u32..=999) {
            let born = date(1910, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let number = made(&format!("110101{}{seq:03}", born.strftime("%Y%m%d")));
            prop_assert_eq!(check(&number).facts.unwrap().birth_date, born);
        }
    }
}
