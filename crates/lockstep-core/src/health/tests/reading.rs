//! What an answer says about health, and what it doesn't.

use super::*;
use crate::binding::SignAnswer;
use crate::payment::{MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, QueryAnswer};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_rfc3339("2026-03-02T12:00:00+08:00")
        .unwrap()
        .plus(Duration::from_millis(ms.unsigned_abs()))
}

fn call(capability: &Capability) -> Call<'_> {
    let issuer = Some("ICBC".to_owned());
    Call { capability, issuer, direction: Direction::Collect, sent_at: at(0), at: at(200) }
}

fn money(channel: &str, code: &str) -> (News, Option<bool>) {
    let capability = capability(channel);
    let answer = MoneyAnswer::Answered { code: code.to_owned(), channel_ref: None, amount_minor: Some(100) };
    let signal = of_money(call(&capability), &answer).unwrap();
    assert_eq!(signal.took, Some(Took::Order { ms: 200 }));
    (signal.news, signal.outcome)
}

#[test]
fn what_the_card_or_its_holder_did_wrong_shows_that_everybody_is_alive() {
    // No funds, card state, expired, wrong details, wrong code.
    for code in ["64", "63", "73", "66", "71"] {
        assert_eq!(money("unionpay", code), (News::Alive, None), "{code}");
    }
    assert_eq!(money("unionpay", "00"), (News::Alive, Some(true)));
    // A generic refusal of the issuer: alive, but another channel might have worked.
    assert_eq!(money("unionpay", "60"), (News::Alive, Some(false)));
}

#[test]
fn only_the_layer_at_fault_is_blamed() {
    assert_eq!(money("unionpay", "03").0, News::Lost);
    assert_eq!(money("unionpay", "02").0, News::ChannelFault);
    assert_eq!(money("unionpay", "06").0, News::ChannelFault);
    // On its way, outside hours, our own malformed message, too many questions: nobody's fault.
    for code in ["05", "39", "10", "37"] {
        assert_eq!(money("unionpay", code).0, News::Taken, "{code}");
    }
    // A bank's direct line answers at once that its core didn't book.
    assert_eq!(money("bankdirect", "PCC50001").0, News::IssuerFault);
    // A channel that tells results by itself says "no result yet" first.
    assert_eq!(money("netsunion", "ES000033"), (News::Taken, None));
    assert_eq!(money("unionpay", "no such code").0, News::Taken);
}

#[test]
fn silence_is_read_by_its_kind() {
    let capability = capability("unionpay");
    let silent = |why| of_money(call(&capability), &MoneyAnswer::NoAnswer { why }).map(|signal| signal.news);
    assert_eq!(silent(NoAnswer::TimedOut), Some(News::Lost));
    assert_eq!(silent(NoAnswer::ConnectionLost), Some(News::Lost));
    assert_eq!(silent(NoAnswer::Unreadable), Some(News::ChannelFault));
    assert_eq!(silent(NoAnswer::WrongSignature), Some(News::ChannelFault));
    assert_eq!(silent(NoAnswer::WrongOrder), Some(News::ChannelFault));
    assert_eq!(silent(NoAnswer::Interrupted), None, "we stopped: nobody else's fault");
    let unsent = |why| of_money(call(&capability), &MoneyAnswer::NotSent { why }).map(|signal| signal.news);
    assert_eq!(unsent(NotSent::NoConnection), Some(News::ChannelFault));
    assert_eq!(unsent(NotSent::NotConfigured), None);
    assert_eq!(unsent(NotSent::NoSecrets), None);
    assert_eq!(of_signing(call(&capability), &SignAnswer::CodeLost), None);
    let signing = SignAnswer::Answered { code: "71".to_owned(), channel_ref: None, agreement_no: None };
    assert_eq!(of_signing(call(&capability), &signing).unwrap().news, News::Alive);
}

#[test]
fn announced_maintenance_and_closed_hours_are_no_fault() {
    let mut capability = capability("unionpay");
    let answer = MoneyAnswer::NotSent { why: NotSent::NoConnection };
    assert!(of_money(call(&capability), &answer).is_some());
    capability.hours.maintenance = vec![crate::channel::Closure { from: at(100), until: at(9_000) }];
    assert_eq!(of_money(call(&capability), &answer), None, "it closed while the request was on its way");
    capability.hours.maintenance.clear();
    capability.hours.opens_minute = 13 * 60;
    assert_eq!(of_money(call(&capability), &answer), None);
}

#[test]
fn an_outcome_that_stays_open_counts_once_it_should_have_settled() {
    let policy = HealthPolicy::default();
    let capability = capability("netsunion");
    let open = QueryAnswer::Answered {
        code: "00000000".to_owned(),
        original: Some(OriginalOutcome {
            code: "ES000033".to_owned(),
            channel_ref: None,
            amount_minor: None,
        }),
    };
    let news = |age_s: u64| {
        let sent_at = at(0).minus(Duration::from_secs(age_s));
        of_query(call(&capability), sent_at, &open, &policy).unwrap().news
    };
    assert_eq!(news(5), News::Nothing);
    assert_eq!(news(59), News::Nothing);
    assert_eq!(news(61), News::IssuerFault);
    let asked = of_query(call(&capability), at(0).minus(Duration::from_secs(61)), &open, &policy).unwrap();
    assert_eq!(
        asked.sent_at,
        at(0).minus(Duration::from_secs(61)),
        "of when it was sent, not of when it was asked"
    );
    assert_eq!(news(600), News::Nothing, "one payment stuck for hours is not counted for hours");
    let found = QueryAnswer::Answered {
        code: "00000000".to_owned(),
        original: Some(OriginalOutcome {
            code: "PB520011".to_owned(),
            channel_ref: None,
            amount_minor: None,
        }),
    };
    let signal = of_query(call(&capability), at(0), &found, &policy).unwrap();
    assert_eq!(
        (signal.news, signal.outcome),
        (News::Alive, None),
        "no funds: alive, no matter of the channel"
    );
    assert_eq!(of_notice(call(&capability), "00000000").unwrap().outcome, Some(true));
    assert_eq!(of_notice(call(&capability), "ES000033"), None);
}

/// Planted by many: a breaker that counts declines.
#[test]
fn ten_thousand_declined_cards_never_trip_anything() {
    let mut watch = Watch::new();
    for number in 0..10_000u64 {
        watch.pass(50);
        let channel = if number % 2 == 0 { "unionpay" } else { "wallet" };
        let capability = capability(channel);
        let codes = if channel == "unionpay" { ["64", "63", "66", "60"] } else { ["51", "54", "05", "61"] };
        let answer = MoneyAnswer::Answered {
            code: codes[usize::try_from(number % 4).unwrap()].to_owned(),
            channel_ref: None,
            amount_minor: None,
        };
        let call = Call {
            capability: &capability,
            issuer: Some("ICBC".to_owned()),
            direction: Direction::Collect,
            sent_at: watch.now.minus(Duration::from_millis(40)),
            at: watch.now,
        };
        if let Some(signal) = of_money(call, &answer) {
            watch.told.extend(watch.book.observe(&signal));
        }
    }
    assert_eq!(watch.told, Vec::new());
    assert_eq!(watch.gate("unionpay", Some("ICBC")), Gate::Open);
    assert_eq!(watch.gate("wallet", Some("ICBC")), Gate::Open);
}
