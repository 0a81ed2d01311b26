//! Reads the reference tables and writes them as sorted static arrays, so that a look-up never allocates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;

use super::{Bilingual, Problems, camel, read_csv};

const BANKS: &str = "data/banks.csv";
const BINS: &str = "data/bin.csv";
const REGIONS: &str = "data/id_regions.csv";
const PREFIXES: &str = "data/mobile_prefixes.csv";

const CARD_KINDS: &[&str] = &["debit", "credit", "semi_credit", "prepaid"];
const RANGE_KINDS: &[&str] = &["ordinary", "virtual", "iot", "satellite"];
const CARRIERS: &[(&str, &str)] = &[
    ("中国移动", "China Mobile"),
    ("中国联通", "China Unicom"),
    ("中国电信", "China Telecom"),
    ("中国广电", "China Broadnet"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BankRow {
    bank_code: String,
    name_zh: String,
    name_en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinRow {
    bin: String,
    length: u8,
    bank_code: String,
    /// For people who read the file; the name shown comes from `banks.csv`.
    #[serde(rename = "bank_name")]
    _bank_name: String,
    card_type: String,
    conflict: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionRow {
    code: String,
    start_year: Option<u16>,
    end_year: Option<u16>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrefixRow {
    prefix: String,
    carrier: String,
    kind: String,
}

pub(super) fn generate(problems: &mut Problems) -> Vec<(&'static str, String)> {
    let banks = banks(problems);
    vec![
        ("banks.rs", banks_rs(&banks)),
        ("bins.rs", bins_rs(&banks, problems)),
        ("regions.rs", regions_rs(problems)),
        ("mobile_prefixes.rs", prefixes_rs(problems)),
    ]
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn banks(problems: &mut Problems) -> BTreeMap<String, Bilingual> {
    let mut banks = BTreeMap::new();
    for row in read_csv::<BankRow>(BANKS, problems) {
        let named = !row.name_zh.trim().is_empty() && !row.name_en.trim().is_empty();
        problems.check(named, format_args!("{BANKS}: {}", row.bank_code), "a name is empty");
        let at = format!("{BANKS}: {}", row.bank_code);
        let twice = banks.insert(row.bank_code, Bilingual { zh: row.name_zh, en: row.name_en });
        problems.check(twice.is_none(), at, "appears twice");
    }
    banks
}

fn banks_rs(banks: &BTreeMap<String, Bilingual>) -> String {
    let mut rust = format!("static BANKS: [Issuer; {}] = [\n", banks.len());
    for (code, name) in banks {
        let _ = writeln!(rust, "    Issuer {{ code: {code:?}, name: {} }},", name.rust());
    }
    rust.push_str("];\n");
    rust
}

fn bins_rs(banks: &BTreeMap<String, Bilingual>, problems: &mut Problems) -> String {
    let index: BTreeMap<_, _> =
        banks.keys().enumerate().map(|(index, code)| (code.as_str(), index)).collect();
    let mut sorted = BTreeMap::new();
    for row in read_csv::<BinRow>(BINS, problems) {
        let at = format!("{BINS}: {} of length {}", row.bin, row.length);
        problems.check(
            all_digits(&row.bin) && (3..=10).contains(&row.bin.len()),
            &at,
            "is not 3 to 10 digits",
        );
        problems.check((12..=20).contains(&row.length), &at, "the length is not in 12..=20");
        let kind_ok = CARD_KINDS.contains(&row.card_type.as_str());
        problems.check(kind_ok, &at, format_args!("`{}` is not a card type", row.card_type));
        // An issuer that no public table names has a code here but no row in `banks.csv`.
        let bank = index.get(row.bank_code.as_str());
        let prefix: u64 = row.bin.parse().unwrap_or_default();
        let rust = format!(
            "    Bin {{ digits: {}, prefix: {prefix}, length: {}, bank: {bank:?}, kind: CardKind::{}, \
             conflict: {} }},",
            row.bin.len(),
            row.length,
            camel(&row.card_type),
            !row.conflict.is_empty(),
        );
        let twice = sorted.insert((row.bin.len(), prefix, row.length), rust);
        problems.check(twice.is_none(), &at, "appears twice");
    }
    let rows: Vec<_> = sorted.into_values().collect();
    format!("static BINS: [Bin; {}] = [\n{}\n];\n", rows.len(), rows.join("\n"))
}

fn regions_rs(problems: &mut Problems) -> String {
    let mut rows = BTreeSet::new();
    for row in read_csv::<RegionRow>(REGIONS, problems) {
        let at = format!("{REGIONS}: {}", row.code);
        problems.check(all_digits(&row.code) && row.code.len() == 6, &at, "is not 6 digits");
        problems.check(!row.name.trim().is_empty(), &at, "has no name");
        let (start, end) = (row.start_year.unwrap_or(0), row.end_year.unwrap_or(u16::MAX));
        problems.check(start <= end, &at, "ends before it starts");
        rows.insert((row.code.parse::<u32>().unwrap_or_default(), start, end, row.name));
    }
    let mut rust = format!("static REGIONS: [Region; {}] = [\n", rows.len());
    for (code, start, end, name) in rows {
        let _ = writeln!(rust, "    Region {{ code: {code}, start: {start}, end: {end}, name: {name:?} }},");
    }
    rust.push_str("];\n");
    rust
}

fn prefixes_rs(problems: &mut Problems) -> String {
    let mut rows = BTreeMap::new();
    for row in read_csv::<PrefixRow>(PREFIXES, problems) {
        let at = format!("{PREFIXES}: {}", row.prefix);
        problems.check(all_digits(&row.prefix) && row.prefix.starts_with('1'), &at, "is not a mobile prefix");
        let kind_ok = RANGE_KINDS.contains(&row.kind.as_str());
        problems.check(kind_ok, &at, format_args!("`{}` is not a kind of range", row.kind));
        let Some((zh, en)) = CARRIERS.iter().find(|(zh, _)| *zh == row.carrier) else {
            problems.add(&at, format_args!("`{}` is not a carrier", row.carrier));
            continue;
        };
        let carrier = Bilingual { zh: (*zh).to_owned(), en: (*en).to_owned() }.rust();
        let rust = format!(
            "    Range {{ prefix: {:?}, carrier: {carrier}, kind: RangeKind::{} }},",
            row.prefix,
            camel(&row.kind)
        );
        let twice = rows.insert(row.prefix, rust);
        problems.check(twice.is_none(), &at, "appears twice");
    }
    let rows: Vec<_> = rows.into_values().collect();
    format!("static RANGES: [Range; {}] = [\n{}\n];\n", rows.len(), rows.join("\n"))
}
