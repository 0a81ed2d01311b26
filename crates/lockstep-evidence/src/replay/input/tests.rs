//! What a lender's file may hold, and what an attacker's may.

use std::io::Cursor;

use super::*;
use crate::replay::log::Outcome;

fn options() -> ReadOptions {
    ReadOptions {
        mapping: Mapping::default(),
        delimiter: None,
        zone: jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone"),
        codes: Codes::Raw,
        success_codes: Vec::new(),
        max_rows: 1000,
        order_gap_ms: 60_000,
    }
}

fn with(text: impl AsRef<[u8]>, options: &ReadOptions) -> (Result<Reading, ReadProblem>, Vec<Reject>) {
    let mut rejects = Vec::new();
    let reading = read(
        Cursor::new(text.as_ref()),
        options,
        |reject| {
            rejects.push(reject.clone());
            Ok(())
        },
        |_| (),
    );
    (reading, rejects)
}

fn good(text: impl AsRef<[u8]>) -> Reading {
    let (reading, rejects) = with(text, &options());
    assert_eq!(rejects, []);
    reading.expect("readable")
}

fn problem(text: impl AsRef<[u8]>) -> String {
    with(text, &options()).0.expect_err("unreadable").to_string()
}

/// The code of the only problem of a file with one good row and this one.
fn code_of(row: &str) -> (String, &'static str) {
    let text = format!(
        "time,channel,success,amount,currency,card,propensity,cost,order\n2026-03-02 09:00:00,a,1,1,CNY,Visa,0.5,1,o1\n{row}\n"
    );
    let (reading, rejects) = with(text, &options());
    assert_eq!(reading.expect("one good row").rejected, 1, "{row}");
    assert_eq!(rejects.len(), 1, "{row}: {rejects:?}");
    (rejects[0].column.clone(), rejects[0].wrong.code)
}

#[test]
fn a_file_with_our_names() {
    let reading = good(
        "time,channel,success\n2026-03-02 09:00:00,a,1\n2026-03-02T09:00:00+08:00,b,failed\n1772413200,a,未知\n",
    );
    let outcomes: Vec<_> = reading.log.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(reading.rows, 3);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Succeeded).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Unknown).count(), 1);
    assert!(reading.columns.guessed.is_empty());
}

#[test]
fn foreign_names_are_guessed_and_said() {
    let reading = good(
        "\u{feff}ID;tmsp;country;amount;success;PSP;3D_secured;card\r\n1;2019-01-01 00:01:11;Germany;89;0;UK_Card;0;Visa\r\n",
    );
    assert_eq!(reading.columns.guessed, ["time", "channel", "threeds"]);
    assert_eq!(reading.columns.ignored, ["ID"]);
    assert_eq!(reading.delimiter, b';');
    assert_eq!(reading.log.attempts[0].at_ms, 1_546_297_271_000);
}

#[test]
fn names_can_be_mapped_hidden_and_mistaken() {
    let text = "wann,wo,ok,psp\n2026-03-02 09:00:00,a,1,b\n";
    let map = |pairs: &str| ReadOptions { mapping: Mapping::from_pairs(pairs).expect("pairs"), ..options() };
    let reading = with(text, &map("time=wann, channel=wo,success=ok")).0.expect("mapped");
    assert_eq!(reading.log.channels.get(reading.log.attempts[0].channel), "a");
    for (pairs, said) in [
        ("time=wann,channel=wo", "success=<header>"),
        ("time=when,channel=wo,success=ok", "\"when\""),
        ("time=wann,channel=wann,success=ok", "two fields"),
        ("channel=,success=ok,time=wann", "no column for channel"),
    ] {
        let words = with(text, &map(pairs)).0.expect_err("mistaken").to_string();
        assert!(words.contains(said), "{pairs}: {words}");
    }
    for pairs in ["time", "time=a,time=b", "zeit=a"] {
        assert!(Mapping::from_pairs(pairs).is_err(), "{pairs}");
    }
    assert!(Mapping::from_toml("time = \"wann\"\nchannel = \"wo\"\n").is_ok());
    assert!(Mapping::from_toml("time = 3").is_err());
}

#[test]
fn every_wrong_cell_is_named_with_its_column() {
    for (row, column, code) in [
        ("2026-03-02 25:00:00,a,1,1,CNY,V,0.5,1,o", "time", "bad_time"),
        ("02/03/2026,a,1,1,CNY,V,0.5,1,o", "time", "bad_time"),
        ("1899-03-02 09:00:00,a,1,1,CNY,V,0.5,1,o", "time", "bad_time"),
        ("99999999999999999999999,a,1,1,CNY,V,0.5,1,o", "time", "bad_time"),
        ("2026-03-02 09:00:00,,1,1,CNY,V,0.5,1,o", "channel", "empty"),
        ("2026-03-02 09:00:00,a,maybe,1,CNY,V,0.5,1,o", "success", "bad_success"),
        ("2026-03-02 09:00:00,a,,1,CNY,V,0.5,1,o", "success", "no_outcome"),
        ("2026-03-02 09:00:00,a,1,-5,CNY,V,0.5,1,o", "amount", "bad_amount"),
        ("2026-03-02 09:00:00,a,1,\"1,250.00\",CNY,V,0.5,1,o", "amount", "bad_amount"),
        ("2026-03-02 09:00:00,a,1,1e18,CNY,V,0.5,1,o", "amount", "bad_amount"),
        ("2026-03-02 09:00:00,a,1,1000000000000000000,CNY,V,0.5,1,o", "amount", "amount_too_large"),
        ("2026-03-02 09:00:00,a,1,99999999999999999999999999,CNY,V,0.5,1,o", "amount", "amount_too_large"),
        ("2026-03-02 09:00:00,a,1,1.23456,CNY,V,0.5,1,o", "amount", "bad_amount"),
        ("2026-03-02 09:00:00,a,1,1,yuan,V,0.5,1,o", "currency", "bad_currency"),
        ("2026-03-02 09:00:00,a,1,1,CNY,6222020000000000000,0.5,1,o", "card", "card_number_in_clear"),
        ("2026-03-02 09:00:00,a,1,1,CNY,V,0,1,o", "propensity", "bad_propensity"),
        ("2026-03-02 09:00:00,a,1,1,CNY,V,NaN,1,o", "propensity", "bad_propensity"),
        ("2026-03-02 09:00:00,a,1,1,CNY,V,1.01,1,o", "propensity", "bad_propensity"),
        ("2026-03-02 09:00:00,a,1,1,CNY,V,0.5,inf,o", "cost", "bad_cost"),
        ("2026-03-02 09:00:00,a\u{0}b,1,1,CNY,V,0.5,1,o", "channel", "control_character"),
        ("2026-03-02 09:00:00,a,1", "row", "wrong_column_count"),
        ("2026-03-02 09:00:00,\"a,1,1,CNY,V,0.5,1,o", "row", "open_quote"),
    ] {
        assert_eq!(code_of(row), (column.to_owned(), code), "{row}");
    }
}

#[test]
fn rejects_never_repeat_what_a_cell_held() {
    let text = "time,channel,success,card\n2026-03-02 09:00:00,a,1,Visa\nsecret-1,secret-2,secret-3,6222020000000000000\n";
    let (_, rejects) = with(text, &options());
    assert!(rejects.len() >= 2);
    for reject in rejects {
        let words = format!("{}{}", reject.wrong.message.en, reject.wrong.message.zh);
        assert!(!words.contains("secret") && !words.contains("6222"), "{words}");
    }
}

#[test]
fn files_that_are_no_csv_are_refused_in_words() {
    assert!(problem("").contains("empty"));
    assert!(problem("time,channel,success\n").contains("no rows"));
    assert!(problem(b"\xff\xfet\0i\0m\0e\0").contains("UTF-16"));
    assert!(problem(b"time\0,channel,success\n").contains("zero bytes"));
    assert!(problem(b"\xb5\xfe\xb5,channel,success\n").contains("UTF-8"));
    assert!(problem("time,channel,success\n\"").contains("line 2"));
    assert!(problem("time,time,channel,success\n1,2,3,4\n").contains("twice"));
    assert!(problem("a,b,c\n1,2,3\n").contains("--map"));
    assert!(problem("time,channel,code\n2026-03-02 09:00:00,a,00\n").contains("--scheme"));
    assert!(problem(format!("{}\n1\n", "x,".repeat(40_000))).contains("64 KB"));
}

#[test]
fn a_wrong_encoding_costs_its_row() {
    let mut text = b"time,channel,success\n2026-03-02 09:00:00,a,1\n2026-03-02 09:00:00,".to_vec();
    text.extend(b"\xd6\xd0\xb9\xfa,1\n2026-03-02 09:00:00,b,0\n");
    let (reading, rejects) = with(text, &options());
    assert_eq!(reading.expect("the rest").log.attempts.len(), 2);
    assert_eq!(rejects[0].wrong.code, "not_utf8");
}

#[test]
fn an_open_quote_or_a_huge_field_costs_its_row_not_the_file() {
    let mut text = "time,channel,success\n2026-03-02 09:00:00,\"a,1\n".to_owned();
    for _ in 0..100 {
        text.push_str("2026-03-02 09:00:00,a,1\n");
    }
    text.push_str(&format!("2026-03-02 09:00:00,{},1\n", "x".repeat(3_000_000)));
    text.push_str("2026-03-02 09:00:00,\"a\nb\",1\n2026-03-02 09:00:00,a,0\n");
    let (reading, rejects) = with(text, &options());
    let reading = reading.expect("the rest");
    assert_eq!(reading.log.attempts.len(), 101);
    let codes: Vec<_> = rejects.iter().map(|reject| reject.wrong.code).collect();
    assert_eq!(codes, ["open_quote", "row_too_long", "control_character"]);
}

#[test]
fn a_file_of_one_endless_line_is_refused_with_bounded_memory() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = buffer.len().min(usize::try_from(self.0).unwrap_or(usize::MAX));
            buffer[..size].fill(b'x');
            self.0 -= size as u64;
            Ok(size)
        }
    }
    let endless = std::io::BufReader::new(Endless(200_000_000));
    let outcome = read(endless, &options(), |_| Ok(()), |_| ());
    assert!(matches!(outcome, Err(ReadProblem::Header(_))), "{outcome:?}");
}

#[test]
fn too_many_rows_or_channels_are_refused_with_the_way_out() {
    let mut text = "time,channel,success\n".to_owned();
    for row in 0..1001 {
        text.push_str(&format!("2026-03-02 09:00:00,c{},1\n", row % 3));
    }
    assert!(problem(&text).contains("--max-rows"));
    let mut text = "time,channel,success\n".to_owned();
    for row in 0..600 {
        text.push_str(&format!("2026-03-02 09:00:00,c{row},1\n"));
    }
    assert!(problem(&text).contains("channel=<header>"));
}

#[test]
fn codes_are_read_through_the_catalogue() {
    let coded = |codes: Codes| ReadOptions { codes, ..options() };
    let text = "time,channel,code\n2026-03-02 09:00:00,a,00\n2026-03-02 09:01:00,a,64\n2026-03-02 09:02:00,a,03\n2026-03-02 09:03:00,a,Q9\n";
    let reading = with(text, &coded(Codes::Scheme(Scheme::UnionpayAcp))).0.expect("coded");
    let outcomes: Vec<_> = reading.log.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [Outcome::Succeeded, Outcome::Failed, Outcome::Unknown, Outcome::Unknown]);
    let text = "time,channel,code\n2026-03-02 09:00:00,a,余额不足 (PB520011)\n2026-03-02 09:00:00,b,OK\n";
    let own = ReadOptions { success_codes: vec!["OK".to_owned()], ..coded(Codes::Embedded) };
    let reading = with(text, &own).0.expect("coded");
    assert_eq!(reading.log.attempts[1].outcome, Outcome::Succeeded);
    assert!(reading.log.codes[0].verdict.is_some());
    let both = "time,channel,success,code\n2026-03-02 09:00:00,a,1,64\n";
    let reading = with(both, &coded(Codes::Scheme(Scheme::UnionpayAcp))).0.expect("coded");
    assert_eq!((reading.contradictions, reading.log.attempts[0].outcome), (1, Outcome::Succeeded));
}

#[test]
fn orders_are_inferred_within_the_gap_alone() {
    let reading = good(
        "time,channel,success,amount,country,card\n\
         2026-03-02 09:00:00,a,0,89,DE,Visa\n\
         2026-03-02 09:01:00,b,0,89,DE,Visa\n\
         2026-03-02 09:02:01,a,1,89,DE,Visa\n\
         2026-03-02 09:00:30,a,1,89,DE,Master\n",
    );
    let sizes: Vec<_> = reading.log.orders.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 1, 1]);
    let named = good(
        "time,channel,success,order\n2026-03-02 09:00:00,a,0,x\n2026-03-05 09:00:00,b,1,x\n2026-03-02 09:00:00,b,1,\n2026-03-02 09:00:00,b,1,\n",
    );
    let mut sizes: Vec<_> = named.log.orders.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2]);
}

#[test]
fn times_in_many_shapes_mean_the_same() {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
    for text in [
        "2026-03-02 09:00:00",
        "2026/3/2 9:00",
        "2026-03-02T09:00:00.000",
        "20260302090000",
        "2026-03-02T01:00:00Z",
        "2026-03-02T09:00:00+08:00",
        "1772413200",
        "1772413200.0",
        "1772413200000",
    ] {
        assert_eq!(value::time(text, &zone).ok(), Some(1_772_413_200_000), "{text}");
    }
    for wrong in
        ["", "tomorrow", "2026-02-30 09:00:00", "2026-03-02 09", "２０２６-03-02 09:00:00", "0", "-1", "1e9"]
    {
        assert!(value::time(wrong, &zone).is_err(), "{wrong}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_in_words(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut text = b"time,channel,success,amount\n2026-03-02 09:00:00,a,1,1\n".to_vec();
        text.extend(&bytes);
        let (reading, _) = with(&text, &options());
        proptest::prop_assert!(reading.is_ok());
        let (alone, _) = with(&bytes, &options());
        proptest::prop_assert!(alone.is_err() || alone.is_ok_and(|reading| reading.rows > 0));
    }
}
