//! Holders' names as banks register them: Chinese, minority names with a middle dot, and Latin.

use serde::{Deserialize, Serialize};

use super::typed::{collect_exact, half_width, is_hyphen, is_invisible};
use super::{Checked, FindingCode};
use crate::sensitive::HolderName;

const FIELD: &str = "holder_name";
const DOT: char = '·';

/// What [`check_name`] answers.
pub type NameCheck = Checked<NameFacts>;

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameScript {
    /// Chinese characters, with or without a middle dot.
    Chinese,
    /// Latin letters.
    Latin,
    /// Both.
    Mixed,
}

/// A name ready to be compared with the bank's.
#[derive(Debug, Clone)]
pub struct NameFacts {
    /// One kind of middle dot, no spaces in Chinese names, single spaces in Latin ones.
    pub normalized: HolderName,
    /// How it is written.
    pub script: NameScript,
    /// Only the last Chinese character, or the first letter, stays readable: `*明`, `J*** ****`.
    pub masked: String,
}

/// Checks a name of a person or company: 2–50 characters, Chinese or Latin, nothing else.
pub fn check_name(typed: &HolderName) -> NameCheck {
    let chars = typed.expose().chars().map(plain).filter(|c| !is_invisible(*c));
    // Scratch copies of a name are wrapped at once, so that they are wiped when dropped.
    let rough = HolderName::new(collect_exact(chars));
    let rough = rough.expose().trim();
    if rough.is_empty() {
        return Checked::unreadable(FIELD, FindingCode::NameEmpty);
    }
    if !rough.chars().all(|c| is_han(c) || c.is_ascii_alphabetic() || is_accented(c) || is_mark(c)) {
        return Checked::unreadable(FIELD, FindingCode::NameCharacters);
    }
    let (han, latin) = (rough.chars().any(is_han), rough.chars().any(is_letter));
    let script = match (han, latin) {
        (true, false) => NameScript::Chinese,
        (false, true) => NameScript::Latin,
        (true, true) => NameScript::Mixed,
        (false, false) => return Checked::unreadable(FIELD, FindingCode::NameCharacters),
    };
    let normalized = HolderName::new(collect_exact(spaced(rough, script)));
    let name = normalized.expose();

    let mut codes = Vec::new();
    if !(2..=50).contains(&name.chars().count()) {
        codes.push(FindingCode::NameLength);
    }
    if !separators_ok(name) {
        codes.push(FindingCode::NameSeparator);
    }
    if script == NameScript::Mixed {
        codes.push(FindingCode::NameMixed);
    }
    Checked::new(FIELD, codes, || {
        Some(NameFacts { masked: masked(name, script), normalized: normalized.clone(), script })
    })
}

/// One form for what keyboards write in many: half-width letters, one middle dot, one hyphen, one apostrophe.
fn plain(c: char) -> char {
    match half_width(c) {
        '•' | '‧' | '∙' | '⋅' | '・' | '･' | '●' | 'ᐧ' | '᛫' => DOT,
        '‘' | '’' | '`' | 'ʼ' => '\'',
        c if is_hyphen(c) => '-',
        // Line breaks and tabs stay what they are and are refused.
        c if c.is_whitespace() && !c.is_control() => ' ',
        c => c,
    }
}

/// The characters without the spaces that mean nothing, and with `.` and brackets as Chinese names have them.
fn spaced(rough: &str, script: NameScript) -> impl Iterator<Item = char> + Clone {
    let chinese = script == NameScript::Chinese;
    let mut before = ' ';
    rough.chars().filter_map(move |c| {
        let keep = if chinese { c != ' ' } else { c != ' ' || before != ' ' };
        before = c;
        keep.then_some(match c {
            '.' if chinese => DOT,
            '(' if script != NameScript::Latin => '（',
            ')' if script != NameScript::Latin => '）',
            _ => c,
        })
    })
}

/// Dots, hyphens and apostrophes stand between two letters or characters; only `.` and `)` may end a name.
fn separators_ok(name: &str) -> bool {
    let joins = |c: char| matches!(c, DOT | '-' | '\'');
    let mut before = None;
    for c in name.chars() {
        if joins(c) && !before.is_some_and(|b: char| is_han(b) || is_letter(b) || b == '.') {
            return false;
        }
        if c == '.' && !before.is_some_and(is_letter) {
            return false;
        }
        if before.is_some_and(joins) && !(is_han(c) || is_letter(c)) {
            return false;
        }
        before = Some(c);
    }
    !before.is_some_and(joins)
}

fn masked(name: &str, script: NameScript) -> String {
    let last = name.chars().count().saturating_sub(1);
    let shown = |at: usize| match script {
        NameScript::Chinese => at == last,
        NameScript::Latin | NameScript::Mixed => at == 0,
    };
    name.chars().enumerate().map(|(at, c)| if shown(at) || c == ' ' { c } else { '*' }).collect()
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || is_accented(c)
}

fn is_accented(c: char) -> bool {
    matches!(c, 'À'..='ɏ' | 'Ḁ'..='ỿ') && c.is_alphabetic()
}

fn is_mark(c: char) -> bool {
    // Brackets are part of many company names: 某某（上海）有限公司.
    matches!(c, DOT | '-' | '\'' | '.' | ' ' | '(' | ')')
}

fn is_han(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::Severity;

    fn check(typed: &str) -> NameCheck {
        check_name(&HolderName::new(typed.to_owned()))
    }

    fn normalized(typed: &str) -> String {
        let checked = check(typed);
        assert!(checked.is_usable(), "{typed}: {checked:?}");
        checked.facts.unwrap().normalized.expose().to_owned()
    }

    fn codes(typed: &str) -> Vec<FindingCode> {
        check(typed).findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn names_are_written_one_way() {
        assert_eq!(normalized(" 王 小明\u{3000}"), "王小明");
        assert_eq!(normalized("𠮷田"), "𠮷田");
        for dot in ['·', '•', '‧', '・', '.', '．'] {
            assert_eq!(normalized(&format!("阿卜杜拉{dot}买买提")), "阿卜杜拉·买买提");
        }
        assert_eq!(normalized("ＺＨＡＮＧ  San"), "ZHANG San");
        assert_eq!(normalized("Jean–Luc O’Neil Jr."), "Jean-Luc O'Neil Jr.");
        assert_eq!(normalized("Núñez de la Peña"), "Núñez de la Peña");
        assert_eq!(normalized("某某汽车（上海）有限公司"), "某某汽车（上海）有限公司");
        assert_eq!(normalized("某某汽车(上海)有限公司"), "某某汽车（上海）有限公司");
    }

    #[test]
    fn masks_keep_little() {
        for (name, mask) in [("王小明", "**明"), ("王明", "*明"), ("John Smith", "J*** *****")] {
            let facts = check(name).facts.unwrap();
            assert_eq!(facts.masked, mask);
            assert!(!format!("{facts:?}").contains(name));
        }
    }

    #[test]
    fn unusable_names_say_why() {
        assert_eq!(codes(" \u{200b}"), [FindingCode::NameEmpty]);
        assert_eq!(codes("王"), [FindingCode::NameLength]);
        assert_eq!(codes(&"王".repeat(51)), [FindingCode::NameLength]);
        for bad in
            ["王小明2", "王小明２", "<b>王</b>", "王😀明", "王\n明", "王\0明", "Иван", "...", "王小明;--"]
        {
            assert_eq!(codes(bad), [FindingCode::NameCharacters], "{bad:?}");
        }
        for bad in ["·王小明", "王小明·", "阿卜杜拉··买买提", "-Jean Luc", "Jean- Luc"] {
            assert_eq!(codes(bad), [FindingCode::NameSeparator], "{bad}");
        }
        assert_eq!(codes("王Xiaoming"), [FindingCode::NameMixed]);
        assert!(check("王Xiaoming").is_usable());
    }

    proptest! {
        #[test]
        fn any_string_gets_an_answer_and_normalizing_twice_changes_nothing(
            typed in "\\PC{0,60}|[王小明·•. ]{0,12}|[A-Za-z '.-]{0,30}|.{0,20}"
        ) {
            let checked = check(&typed);
            prop_assert_eq!(
                checked.facts.is_none(),
                checked.findings.iter().any(|finding| finding.severity == Severity::Error)
            );
            if let Some(facts) = &checked.facts {
                let name = facts.normalized.expose();
                let again = check(name).facts.unwrap();
                prop_assert_eq!(again.normalized.expose(), name);
            }
        }
    }
}
