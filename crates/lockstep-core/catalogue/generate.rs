//! Reads `reasons.toml`, `codes.csv` and `findings.toml`, checks them and writes the Rust they stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;

use super::{Bilingual, Problems, camel, read, read_csv};

const REASONS: &str = "catalogue/reasons.toml";
const CODES: &str = "catalogue/codes.csv";
const FINDINGS: &str = "catalogue/findings.toml";

const LAYERS: &[&str] =
    &["borrower", "instrument", "issuer", "channel", "risk", "platform", "network", "none"];
const ACTORS: &[&str] = &["borrower", "lender", "channel", "lockstep", "nobody"];
const RETRIES: &[&str] = &[
    "never",
    "other_channel",
    "other_channel_then_funds",
    "next_day",
    "next_month",
    "when_funds_come",
    "when_borrower_acts",
];
const ACTIONS: &[&str] = &[
    "bind_other_card",
    "check_details",
    "contact_bank",
    "contact_support",
    "enter_code_again",
    "raise_limit",
    "resign_mandate",
    "top_up",
    "verify_phone",
    "wait",
];
const SCHEMES: &[&str] = &["unionpay_acp", "network_pb", "epcc_trxstatus", "onebank_pcc", "iso8583_f39"];
const DISPOSITIONS: &[&str] =
    &["succeeded", "defective_success", "declined", "unknown", "not_found", "query_again"];
const SEVERITIES: &[&str] = &["error", "warning"];

/// Sentences that promise untouched money. Forbidden wherever a code leaves the outcome open.
const SAYS_NOT_DEBITED: &[&str] =
    &["没有扣款", "未扣款", "没有发起扣款", "nothing was debited", "nothing was taken", "no debit was made"];
/// Capitals an English reader knows.
const PLAIN_CAPITALS: &[&str] = &["ID", "PIN", "SMS"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonFile {
    reason: Vec<ReasonRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonRow {
    code: String,
    layer: String,
    actor: String,
    retry: String,
    says_about_channel: bool,
    action: Option<String>,
    title: Bilingual,
    borrower: Bilingual,
    support: Bilingual,
    next_step: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingFile {
    finding: Vec<FindingRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingRow {
    code: String,
    severity: String,
    message: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRow {
    scheme: String,
    code: String,
    reason: String,
    disposition: String,
    confidence_pct: u8,
    source: String,
}

pub(super) fn generate(problems: &mut Problems) -> Vec<(&'static str, String)> {
    let reasons = toml::from_str::<ReasonFile>(&read(REASONS))
        .map(|file| file.reason)
        .map_err(|error| problems.add(REASONS, error))
        .unwrap_or_default();
    let findings = toml::from_str::<FindingFile>(&read(FINDINGS))
        .map(|file| file.finding)
        .map_err(|error| problems.add(FINDINGS, error))
        .unwrap_or_default();
    let codes: Vec<CodeRow> = read_csv(CODES, problems);

    check_reasons(&reasons, problems);
    check_findings(&findings, problems);
    check_codes(&codes, &reasons, problems);
    vec![
        ("reasons.rs", reasons_rs(&reasons)),
        ("codes.rs", codes_rs(&codes)),
        ("findings.rs", findings_rs(&findings)),
    ]
}

fn check_reasons(reasons: &[ReasonRow], problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for row in reasons {
        let at = format!("{REASONS}: {}", row.code);
        problems.check(is_snake(&row.code), &at, "the code is not snake_case");
        problems.check(seen.insert(&row.code), &at, "appears twice");
        check_word(&row.layer, LAYERS, &format!("{at}: layer"), problems);
        check_word(&row.actor, ACTORS, &format!("{at}: actor"), problems);
        if let Some(action) = &row.action {
            check_word(action, ACTIONS, &format!("{at}: action"), problems);
        }
        problems.check(
            retry_rs(&row.retry).is_some(),
            &at,
            format_args!("retry `{}` is not a rule", row.retry),
        );
        check_text(&row.title, 16, 60, &format!("{at}: title"), problems);
        check_text(&row.borrower, 90, 300, &format!("{at}: borrower"), problems);
        check_text(&row.support, 120, 400, &format!("{at}: support"), problems);
        check_text(&row.next_step, 30, 80, &format!("{at}: next_step"), problems);
        check_plain(&row.borrower, &format!("{at}: borrower"), problems);
    }
    for needed in ["success", "unknown_reason", "outcome_unknown"] {
        problems.check(
            reasons.iter().any(|row| row.code == needed),
            REASONS,
            format_args!("{needed} is missing"),
        );
    }
}

fn check_findings(findings: &[FindingRow], problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for row in findings {
        let at = format!("{FINDINGS}: {}", row.code);
        problems.check(is_snake(&row.code), &at, "the code is not snake_case");
        problems.check(seen.insert(&row.code), &at, "appears twice");
        check_word(&row.severity, SEVERITIES, &format!("{at}: severity"), problems);
        check_text(&row.message, 60, 200, &at, problems);
    }
}

fn check_codes(codes: &[CodeRow], reasons: &[ReasonRow], problems: &mut Problems) {
    let by_code: BTreeMap<_, _> = reasons.iter().map(|row| (row.code.as_str(), row)).collect();
    let mut seen = BTreeSet::new();
    for row in codes {
        let at = format!("{CODES}: {} {}", row.scheme, row.code);
        check_word(&row.scheme, SCHEMES, &format!("{at}: scheme"), problems);
        check_word(&row.disposition, DISPOSITIONS, &format!("{at}: disposition"), problems);
        problems.check(seen.insert((&row.scheme, &row.code)), &at, "appears twice");
        let plain = !row.code.is_empty() && row.code.bytes().all(|b| b.is_ascii_alphanumeric());
        problems.check(plain, &at, "the code is not made of ASCII letters and digits");
        problems.check((1..=100).contains(&row.confidence_pct), &at, "confidence_pct is not in 1..=100");
        problems.check(!row.source.trim().is_empty(), &at, "has no source");
        let Some(reason) = by_code.get(row.reason.as_str()) else {
            problems.add(&at, format_args!("reason `{}` is not in {REASONS}", row.reason));
            continue;
        };
        let open = !["succeeded", "declined", "not_found"].contains(&row.disposition.as_str());
        for text in [&reason.borrower.zh, &reason.borrower.en] {
            let promise = SAYS_NOT_DEBITED.iter().find(|promise| text.contains(**promise));
            if let (true, Some(promise)) = (open, promise) {
                problems.add(&at, format_args!("leaves money open, but `{}` says “{promise}”", row.reason));
            }
        }
    }
}

fn check_word(word: &str, legal: &[&str], at: &str, problems: &mut Problems) {
    problems.check(legal.contains(&word), at, format_args!("`{word}` is not one of {legal:?}"));
}

fn check_text(text: &Bilingual, zh_max: usize, en_max: usize, at: &str, problems: &mut Problems) {
    for (name, value, max) in [("zh", &text.zh, zh_max), ("en", &text.en, en_max)] {
        let length = value.chars().count();
        problems.check(!value.trim().is_empty(), at, format_args!("{name} is empty"));
        problems.check(value.trim() == value, at, format_args!("{name} begins or ends with a space"));
        problems.check(length <= max, at, format_args!("{name} has {length} characters, at most {max} fit"));
    }
    problems.check(text.zh.chars().any(is_han), at, "zh has no Chinese character");
    problems.check(text.en.is_ascii(), at, "en has a character outside ASCII");
}

/// A borrower reads this: no digits, no codes, no abbreviations but the everyday ones.
fn check_plain(text: &Bilingual, at: &str, problems: &mut Problems) {
    let salad = text.zh.chars().find(char::is_ascii_alphanumeric);
    problems.check(salad.is_none(), at, format_args!("zh contains `{}`", salad.unwrap_or(' ')));
    problems.check(
        !text.en.contains(|c: char| c.is_ascii_digit() || c == '_'),
        at,
        "en contains a digit or `_`",
    );
    let mut words = text.en.split(|c: char| !c.is_ascii_alphabetic());
    let shout = words.find(|word| {
        word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase()) && !PLAIN_CAPITALS.contains(word)
    });
    problems.check(shout.is_none(), at, format_args!("en contains `{}`", shout.unwrap_or("")));
}

fn is_snake(code: &str) -> bool {
    let words_ok = code.split('_').all(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    words_ok && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn retry_rs(rule: &str) -> Option<String> {
    if let Some(minutes) = rule.strip_prefix("after_minutes:") {
        let minutes: u16 = minutes.parse().ok().filter(|minutes| *minutes > 0)?;
        return Some(format!("RetryRule::AfterMinutes({minutes})"));
    }
    RETRIES.contains(&rule).then(|| format!("RetryRule::{}", camel(rule)))
}

const ENUM_DERIVES: &str = "#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
    #[derive(serde::Serialize, serde::Deserialize)]\n#[serde(rename_all = \"snake_case\")]\n";

/// An enum over `codes`, with `ALL` and `as_str`.
fn enum_rs(name: &str, doc: &str, codes: &[(&str, &str)]) -> String {
    let mut rust = format!("/// {doc}\n{ENUM_DERIVES}pub enum {name} {{\n");
    let (mut all, mut words) = (String::new(), String::new());
    for (code, doc) in codes {
        let variant = camel(code);
        let _ = writeln!(rust, "    /// {doc}\n    {variant},");
        let _ = write!(all, "Self::{variant}, ");
        let _ = write!(words, "Self::{variant} => {code:?}, ");
    }
    let _ = writeln!(
        rust,
        "}}\n\nimpl {name} {{\n    /// Every value, in the order of the catalogue.\n    \
         pub const ALL: &'static [Self] = &[{all}];\n\n    /// The stable snake_case code.\n    \
         pub const fn as_str(self) -> &'static str {{ match self {{ {words} }} }}\n}}\n"
    );
    rust
}

fn reasons_rs(reasons: &[ReasonRow]) -> String {
    let codes: Vec<_> = reasons.iter().map(|row| (row.code.as_str(), row.title.en.as_str())).collect();
    let doc =
        "Why something worked, failed or is not known yet. The variants come from `catalogue/reasons.toml`.";
    let mut rust = enum_rs("Reason", doc, &codes);
    let _ = writeln!(rust, "static ENTRIES: [ReasonEntry; {}] = [", reasons.len());
    for row in reasons {
        let _ = writeln!(
            rust,
            "    ReasonEntry {{ reason: Reason::{}, layer: Layer::{}, actor: Actor::{}, retry: {}, \
             says_about_channel: {}, action: {:?}, title: {}, borrower: {}, support: {}, next_step: {} }},",
            camel(&row.code),
            camel(&row.layer),
            camel(&row.actor),
            retry_rs(&row.retry).unwrap_or_default(),
            row.says_about_channel,
            row.action,
            row.title.rust(),
            row.borrower.rust(),
            row.support.rust(),
            row.next_step.rust(),
        );
    }
    rust.push_str("];\n");
    rust
}

fn codes_rs(codes: &[CodeRow]) -> String {
    let mut by_scheme: BTreeMap<&str, BTreeMap<&str, &CodeRow>> = BTreeMap::new();
    for row in codes {
        by_scheme.entry(&row.scheme).or_default().insert(&row.code, row);
    }
    let mut rust = "fn rows(scheme: Scheme) -> &'static [Row] {\n    match scheme {\n".to_owned();
    for scheme in SCHEMES {
        let _ = writeln!(rust, "        Scheme::{} => &[", camel(scheme));
        for row in by_scheme.get(scheme).into_iter().flat_map(BTreeMap::values) {
            let _ = writeln!(
                rust,
                "            Row {{ code: {:?}, reason: Reason::{}, disposition: Disposition::{}, \
                 confidence_pct: {} }},",
                row.code,
                camel(&row.reason),
                camel(&row.disposition),
                row.confidence_pct
            );
        }
        rust.push_str("        ],\n");
    }
    rust.push_str("    }\n}\n");
    rust
}

fn findings_rs(findings: &[FindingRow]) -> String {
    let codes: Vec<_> = findings.iter().map(|row| (row.code.as_str(), row.message.en.as_str())).collect();
    let doc = "What an input check found. The variants come from `catalogue/findings.toml`.";
    let mut rust = enum_rs("FindingCode", doc, &codes);
    let _ = writeln!(rust, "static FINDINGS: [(Severity, Text); {}] = [", findings.len());
    for row in findings {
        let _ = writeln!(rust, "    (Severity::{}, {}),", camel(&row.severity), row.message.rust());
    }
    rust.push_str("];\n");
    rust
}
