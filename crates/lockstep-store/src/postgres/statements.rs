//! Every statement of this folder, looked at as a distributed database would: does it name the bucket of each table whose
//! rows lie with one, and does it ask for nothing that is refused. The texts are taken from the source itself, so that none
//! can be forgotten; what may ask all machines is named below, with the reason.

#[cfg(feature = "conformance")]
mod planned;

use std::collections::BTreeSet;
use std::fs;

use super::distribute::DISTRIBUTED;
use super::{deliveries, effects, groups};

/// Statements that name no bucket: the file, how they begin, and why that is no harm. Nothing of a payment waits for one.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("admin.rs", "DELETE FROM batches WHERE at <", "the sweeper: every shard removes its own"),
    ("answers.rs", "DELETE FROM answers a USING", "the sweeper"),
    ("deliveries.rs", "WITH RECURSIVE waiting", "on one server only; `due_of_group` is looked at below"),
    (
        "effects.rs",
        "SELECT id, due_at, tenant, body FROM effects e",
        "a look for work: every shard looks by index",
    ),
    (
        "effects.rs",
        "WITH RECURSIVE working",
        "on one server only; `tenants_with_work_of_group` is looked at below",
    ),
    (
        "effects.rs",
        "SELECT e.id, e.due_at, e.tenant, e.body FROM effects e JOIN leases",
        "when a node gains buckets",
    ),
    ("effects.rs", "SELECT kind, count(*) FROM effects", "totals"),
    ("endpoints.rs", "DELETE FROM deliveries WHERE endpoint_id =", "an endpoint is removed"),
    ("inbox.rs", "SELECT id, channel, message_id, body, received_at, state FROM inbox", "a look for work"),
    ("leases.rs", "SELECT holder, array_agg(bucket) FROM leases", "the register, once a second"),
    ("leases.rs", "UPDATE leases SET holder = $1", "a process that is alone takes everything over"),
    ("maintenance.rs", "SELECT", "the doctor reads everything"),
    ("queries.rs", "SELECT currency, sum(amount_minor)", "totals"),
    (
        "queries.rs",
        "SELECT id, created_at, state FROM",
        "lists of a lender; of one borrower, the bucket is added",
    ),
    ("queries.rs", "SELECT id, at, tenant, who", "the audit of a lender"),
    ("queries.rs", "SELECT id, created_at, message", "the deliveries of a lender"),
    (
        "vault.rs",
        "SELECT borrower_id, wrapped_key FROM data_keys WHERE (bucket, borrower_id) >",
        "a new master key",
    ),
];

struct Statement {
    file: String,
    text: String,
}

/// String literals of a source file that are statements, white space made one blank.
fn statements_of(file: &str, source: &str) -> Vec<Statement> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let begins = [
        "SELECT",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE ",
        "WITH ",
        "ARRAY(SELECT",
        "BEGIN;",
        "TRUNCATE",
        "COPY",
    ];
    let literals = literals(source).into_iter();
    let statements = literals
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|text| begins.iter().any(|word| text.starts_with(word)) && text.contains(' '));
    statements.map(|text| Statement { file: file.to_owned(), text }).collect()
}

fn literals(source: &str) -> Vec<String> {
    let (mut found, mut chars) = (Vec::new(), source.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
            '"' => {
                let mut literal = String::new();
                while let Some(c) = chars.next_if(|c| *c != '"') {
                    match c {
                        '\\' => drop(chars.next()),
                        c => literal.push(c),
                    }
                }
                chars.next();
                found.push(literal);
            }
            _ => {}
        }
    }
    found
}

fn all_statements() -> Vec<Statement> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres");
    let mut statements = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|end| end == "rs") && file != "statements.rs" {
            statements.extend(statements_of(&file, &fs::read_to_string(&path).unwrap()));
        }
    }
    statements
}

/// Words, names with their table, parameters, and single signs.
fn words(sql: &str) -> Vec<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_.${}".contains(c);
    let (mut words, mut word) = (Vec::new(), String::new());
    for c in sql.chars() {
        if part(c) {
            word.push(c.to_ascii_lowercase());
            continue;
        }
        words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        words.extend((!c.is_whitespace()).then(|| c.to_string()));
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Distributed tables that a statement reads or changes, each by the name it goes by there; empty where it has none.
fn tables(words: &[String]) -> Vec<String> {
    const NO_NAMES: [&str; 17] = [
        "where",
        "set",
        "on",
        "left",
        "join",
        "order",
        "group",
        "limit",
        "cross",
        "for",
        "using",
        "values",
        "returning",
        "having",
        "union",
        "and",
        "select",
    ];
    let mut tables = Vec::new();
    for place in 1..words.len() {
        let named = ["from", "join", "update", "using"].contains(&words[place - 1].as_str());
        let distributed = DISTRIBUTED.contains(&words[place].as_str()) || words[place] == "{table}";
        if !named || !distributed {
            continue;
        }
        let alias = words.get(place + 1).filter(|next| {
            next.chars().all(|c| c.is_ascii_lowercase()) && !NO_NAMES.contains(&next.as_str())
        });
        tables.push(alias.cloned().unwrap_or_default());
    }
    tables
}

/// Tables that are told their buckets by value: `name.bucket = $1`, `= ANY (…)`, or through such a table.
fn pinned(words: &[String]) -> BTreeSet<String> {
    let name_of = |word: &String| word.strip_suffix(".bucket").map(str::to_owned);
    let mut pinned = BTreeSet::new();
    let mut equal = Vec::new();
    for three in words.windows(3).filter(|three| three[1] == "=") {
        let Some(name) = name_of(&three[0]) else { continue };
        match name_of(&three[2]) {
            Some(other) => equal.push((name, other)),
            None if three[2].starts_with('$') || three[2] == "any" => drop(pinned.insert(name)),
            None => {}
        }
    }
    for _ in 0..equal.len() {
        for (one, other) in &equal {
            if pinned.contains(one) || pinned.contains(other) {
                pinned.extend([one.clone(), other.clone()]);
            }
        }
    }
    pinned
}

/// What a distributed database would have against a statement.
fn objection(sql: &str) -> Option<String> {
    let words = words(sql);
    let named = |name: &str| words.iter().any(|word| word == name);
    for refused in ["nextval", "random", "gen_random_uuid", "clock_timestamp", "currval"] {
        if named(refused) {
            return Some(format!("{refused} is refused, or differs from machine to machine"));
        }
    }
    let pinned = pinned(&words);
    let bare = words
        .windows(3)
        .filter(|three| three[0] == "bucket" && three[1] == "=")
        .filter(|three| three[2].starts_with('$') || three[2] == "any")
        .count();
    let open = tables(&words).into_iter().filter(|name| name.is_empty() || !pinned.contains(name)).count();
    if open > bare {
        return Some(format!("{} of its tables are not told their bucket", open - bare));
    }
    inserted(&words)
}

/// What is inserted begins with its bucket, and a rule of uniqueness that is met names it.
fn inserted(words: &[String]) -> Option<String> {
    let into = words.windows(2).position(|two| two[0] == "into" && DISTRIBUTED.contains(&two[1].as_str()))?;
    let first = words[into + 2..].iter().position(|word| word == "(").map(|at| &words[into + 3 + at]);
    if first.is_none_or(|first| first != "bucket") {
        return Some("what is inserted does not begin with its bucket".to_owned());
    }
    let conflict = words.windows(2).position(|two| two[0] == "on" && two[1] == "conflict")?;
    let target = &words[conflict + 2..];
    let named = target.first().is_some_and(|word| word == "(");
    let bucket = target.iter().take_while(|word| *word != ")").any(|word| word == "bucket");
    (named && !bucket).then(|| "ON CONFLICT without the bucket".to_owned())
}

#[test]
fn every_statement_names_the_bucket_or_is_excused() {
    let (mut objections, mut excused) = (Vec::new(), BTreeSet::new());
    let statements = all_statements();
    assert!(statements.len() > 100, "only {} statements were found", statements.len());
    for Statement { file, text } in &statements {
        let Some(objection) = objection(&groups::told_outright(text)) else { continue };
        match ELSEWHERE.iter().position(|(where_, begins, _)| where_ == file && text.starts_with(begins)) {
            Some(place) => drop(excused.insert(place)),
            None => objections.push(format!("{file}: {objection}: {text}")),
        }
    }
    assert_eq!(objections, Vec::<String>::new());
    let stale: Vec<_> = (0..ELSEWHERE.len()).filter(|place| !excused.contains(place)).collect();
    assert_eq!(stale, Vec::<usize>::new(), "excuses that nothing needs");
}

/// What changes rows, or holds them, for a payment: never excused.
#[test]
fn the_way_of_a_payment_has_no_excuse() {
    for file in ["batch.rs", "commit.rs", "entities.rs", "load.rs"] {
        assert!(ELSEWHERE.iter().all(|(where_, ..)| *where_ != file), "{file}");
    }
    for Statement { file, text } in all_statements() {
        let words = words(&text);
        let holds =
            words.windows(2).any(|two| two[0] == "for" && ["update", "share"].contains(&two[1].as_str()));
        if holds || text.contains("unnest(") {
            assert_eq!(objection(&groups::told_outright(&text)), None, "{file}: {text}");
        }
    }
}

#[test]
fn what_goes_step_by_step_stays_in_one_group() {
    assert_eq!(objection(&effects::tenants_with_work_of_group()), None);
    assert_eq!(objection(&deliveries::due_of_group()), None);
}

/// The look itself is looked at.
#[test]
fn what_is_wrong_is_found() {
    for wrong in [
        "SELECT state FROM payments WHERE id = $1",
        "SELECT 1 FROM payments p JOIN orders o ON o.bucket = p.bucket WHERE p.id = $1",
        "SELECT 1 FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.bucket = $1",
        "UPDATE effects SET state = 'x' WHERE id = ANY ($1)",
        "DELETE FROM effects e USING unnest($1::int[]) AS n (bucket) WHERE e.id = n.id",
        "SELECT bucket FROM leases WHERE holder = $1 FOR SHARE",
        "INSERT INTO payments (id, bucket) VALUES ($1, $2)",
        "INSERT INTO inbox (bucket, id) VALUES ($1, $2) ON CONFLICT (channel, message_id) DO NOTHING",
        "INSERT INTO events (bucket, version) VALUES ($1, nextval('versions'))",
    ] {
        assert!(objection(wrong).is_some(), "{wrong}");
    }
    for right in [
        "SELECT 1 FROM payments p JOIN orders o ON o.bucket = p.bucket WHERE p.bucket = $1",
        "SELECT secrets FROM endpoints WHERE tenant = $1",
        "INSERT INTO inbox (bucket, id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    ] {
        assert_eq!(objection(right), None, "{right}");
    }
}
