//! The example log from file to page: golden figures, the same every time, harmless whatever names it holds.

#![allow(clippy::float_arithmetic, reason = "figures of a report are compared")]

use lockstep_core::catalogue::{Lang, Scheme};
use lockstep_evidence::replay::{
    Codes, Grade, Mapping, PolicyFile, ReadOptions, Replay, Settings, Source, page, read, replay,
};

const EXAMPLE: &str = include_str!("../../../examples/attempts.csv");

fn options() -> ReadOptions {
    ReadOptions {
        mapping: Mapping::default(),
        delimiter: None,
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        codes: Codes::Scheme(Scheme::UnionpayAcp),
        success_codes: Vec::new(),
        max_rows: 1_000_000,
        order_gap_ms: 60_000,
    }
}

fn settings(policy: Option<&str>) -> Settings {
    let policy = policy.map(|text| PolicyFile::parse(text).expect("a policy"));
    Settings { seed: 1, draws: 300, clip: 50.0, train_share: 0.5, policy }
}

fn made(text: &str, policy: Option<&str>) -> Replay {
    let reading = read(text.as_bytes(), &options(), |_| Ok(()), |_| ()).expect("readable");
    let source =
        Source { file: "attempts.csv".to_owned(), zone: "Asia/Shanghai".to_owned(), order_gap_ms: 60_000 };
    replay(&reading, &source, &settings(policy)).expect("a report")
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 5e-4
}

#[test]
fn the_example_has_these_figures() {
    let made = made(EXAMPLE, None);
    assert_eq!((made.input.rows, made.input.rejected), (3017, 4));
    assert_eq!((made.logged.attempts, made.logged.orders), (3013, 2400));
    assert!(near(made.logged.success.value, 0.6459), "{}", made.logged.success.value);
    assert!(near(made.logged.collected.value, 0.8108), "{}", made.logged.collected.value);
    let evaluation = made.evaluation.expect("enough of a log");
    assert_eq!(evaluation.best_channel.as_deref(), Some("bankdirect"));
    let always = evaluation.policy("always:bankdirect").expect("evaluated");
    assert!(near(always.naive.expect("a channel"), 0.7350));
    let whole = always.whole_log.as_ref().expect("on the whole log");
    assert_eq!(whole.attempts.grade, Grade::Sound);
    // The truth of the made-up world: with money for 87.4 % of first tries bankdirect collects 91 to 94 % of them.
    let value = whole.attempts.doubly_robust.expect("supported");
    assert!(value.low < 0.76 && value.high > 0.72, "{value:?}");
    let logged =
        evaluation.policy("logged").and_then(|logged| logged.whole_log.clone()).expect("always there");
    assert!(near(logged.attempts.doubly_robust.expect("a mean").value, 0.6459));
    let outage = made.anatomy.outages.first().expect("unionpay was down");
    assert_eq!(outage.channel, "unionpay");
    assert!(outage.from.starts_with("2026-03-12T09:") && outage.to.starts_with("2026-03-12T1"), "{outage:?}");
    assert_eq!(made.anatomy.by_layer[0].name, "borrower");
    assert_eq!(made.anatomy.by_cause[0].name, "insufficient_funds");
    assert_eq!(made.anatomy.doubles.orders, 0);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let one = serde_json::to_string(&made(EXAMPLE, None)).expect("json");
    let other = serde_json::to_string(&made(EXAMPLE, None)).expect("json");
    assert_eq!(one, other);
    assert!(!one.contains("NaN") && one.contains("\"schema\":\"lockstep.replay/1\""));
}

#[test]
fn a_policy_file_is_evaluated_and_its_mistakes_are_named() {
    let policy = "[[rule]]\nwhen = { issuer = [\"CMB\"], amount_from = \"500\" }\nshares = { bankdirect = 1 }\n[[rule]]\nshares = { unionpay = 1, netsunion = 1 }\n";
    let made = made(EXAMPLE, Some(policy));
    let evaluation = made.evaluation.expect("enough of a log");
    let part = evaluation.policy("file").and_then(|file| file.whole_log.clone()).expect("evaluated");
    assert!(
        (part.shares["unionpay"] - part.shares["netsunion"]).abs() < 1e-9 && part.shares["bankdirect"] > 0.1
    );
    assert!(made.conclusions.iter().any(|conclusion| conclusion.about == "file"));
    for (text, said) in [
        ("", "1 to 1000"),
        ("[[rule]]\nshares = { unionpay = -1 }", "rule 1"),
        ("[[rule]]\nshares = { unionpay = 0 }", "all be zero"),
        ("[[rule]]\nshares = { nobody = 1 }", "nobody"),
        ("[[rule]]\nshares = { unionpay = 1 }\nwhen = { moon = [\"full\"] }", "moon"),
        ("[[rule]]\nshares = { unionpay = 1 }\nwhen = { amount_from = \"much\" }", "100.00"),
    ] {
        let words = match PolicyFile::parse(text) {
            Err(problem) => problem.to_string(),
            Ok(policy) => {
                let reading = read(EXAMPLE.as_bytes(), &options(), |_| Ok(()), |_| ()).expect("readable");
                let source = Source { file: String::new(), zone: String::new(), order_gap_ms: 60_000 };
                let settings = Settings { policy: Some(policy), ..settings(None) };
                replay(&reading, &source, &settings).expect_err("a mistake").to_string()
            }
        };
        assert!(words.contains(said), "{text}: {words}");
    }
}

#[test]
fn names_in_the_log_are_text_in_the_page() {
    let hostile = EXAMPLE
        .replace("unionpay", "<script>alert(1)</script>")
        .replace("netsunion", "\"\" onload=alert(1) x=\"\"")
        .replace("ICBC", "</style><img src=x onerror=alert(1)>");
    for lang in [Lang::En, Lang::ZhCn] {
        let html = page(&made(&hostile, None), lang);
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        for forbidden in ["<script", "<img", "http://", "https://", " style=\"", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn the_page_is_in_the_readers_language() {
    let made = made(EXAMPLE, None);
    let (zh, en) = (page(&made, Lang::ZhCn), page(&made, Lang::En));
    assert!(zh.contains("换一种选择") && zh.contains("余额不足") && zh.contains("lang=\"zh-CN\""));
    assert!(en.contains("What other choices") && !en.contains("换一种选择"));
    for conclusion in &made.conclusions {
        assert!(!conclusion.text.zh.is_empty() && !conclusion.text.en.is_empty(), "{conclusion:?}");
    }
}

#[test]
fn a_log_that_says_nothing_is_told_so() {
    let few = "time,channel,success\n2026-03-02 09:00:00,a,1\n2026-03-02 09:01:00,b,0\n";
    let one = made(few, None);
    assert!(one.evaluation.is_none() && one.no_evaluation.is_some());
    assert!(page(&one, Lang::En).contains("too few") || page(&one, Lang::En).contains("fewer than two"));
    let mut single = "time,channel,success\n".to_owned();
    for row in 0..500 {
        single.push_str(&format!("{},a,{}\n", 1_772_413_200 + row * 60, row % 2));
    }
    assert!(made(&single, None).evaluation.is_none());
}

#[test]
fn a_channel_used_for_one_bank_alone_is_not_judged_for_the_others() {
    let mut text = "time,order,channel,issuer,success\n".to_owned();
    for row in 0..3000_u32 {
        let draw = row.wrapping_mul(2_654_435_761) >> 16;
        let issuer = ["A", "B", "C"][draw as usize % 3];
        let channel =
            if issuer == "A" && draw % 2 == 0 { "only-a" } else { ["x", "y"][(draw as usize / 7) % 2] };
        text.push_str(&format!(
            "{},{row},{channel},{issuer},{}\n",
            1_772_413_200 + row * 60,
            u8::from(draw % 5 < 3)
        ));
    }
    let evaluation = made(&text, None).evaluation.expect("enough of a log");
    let always =
        evaluation.policy("always:only-a").and_then(|always| always.whole_log.clone()).expect("looked at");
    assert_eq!(always.attempts.grade, Grade::Refused, "{always:?}");
    assert!(always.attempts.doubly_robust.is_none() && !always.attempts.why.is_empty());
    let support = evaluation.support.iter().find(|support| support.channel == "only-a").expect("listed");
    assert!(support.unused_in > 0.5);
}
