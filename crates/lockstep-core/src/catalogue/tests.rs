use super::*;
use Disposition::*;

fn check(scheme: Scheme, code: &str, reason: Reason, disposition: Disposition) {
    let verdict = look_up(scheme, code);
    let got = (verdict.reason, verdict.disposition, verdict.known);
    assert_eq!(got, (reason, disposition, true), "{scheme} {code}");
}

#[test]
fn codes_that_decide_about_money() {
    use Reason::*;
    use Scheme::*;
    check(UnionpayAcp, "00", Success, Succeeded);
    check(UnionpayAcp, "03", ChannelTimeout, Unknown);
    check(UnionpayAcp, "04", Reason::OutcomeUnknown, Unknown);
    check(UnionpayAcp, "05", ChannelProcessing, Unknown);
    check(UnionpayAcp, "12", DuplicateOrder, Unknown);
    check(UnionpayAcp, "34", NotFoundAfterWindow, NotFound);
    check(UnionpayAcp, "37", QueryTooOften, QueryAgain);
    for code in ["10", "11", "13", "14"] {
        check(UnionpayAcp, code, MessageRejected, QueryAgain);
    }
    check(UnionpayAcp, "42", MoneyMovedLate, Disposition::DefectiveSuccess);
    for code in ["74", "75", "A6"] {
        check(UnionpayAcp, code, Reason::DefectiveSuccess, Disposition::DefectiveSuccess);
    }
    check(UnionpayAcp, "64", InsufficientFunds, Declined);
    check(UnionpayAcp, "83", ChannelProcessing, Unknown);
    check(UnionpayAcp, "99", UnknownReason, Unknown);

    check(NetworkPb, "ES000033", IssuerUnavailable, Unknown);
    check(NetworkPb, "PB520005", AccountClosed, Declined);
    check(NetworkPb, "PB521016", MandateVoidDetailsChanged, Declined);
    check(NetworkPb, "PB511001", UnknownReason, Unknown);

    check(EpccTrxstatus, "0", Success, Succeeded);
    check(EpccTrxstatus, "1", DeclinedGeneric, Declined);
    check(EpccTrxstatus, "2", ChannelProcessing, Unknown);
    check(EpccTrxstatus, "3", Reason::DefectiveSuccess, Disposition::DefectiveSuccess);

    check(OnebankPcc, "PCC02253", AccountLost, Declined);
    check(OnebankPcc, "PCC42010", MoneyMovedLate, Disposition::DefectiveSuccess);
    check(OnebankPcc, "PCC80002", NotFoundAfterWindow, NotFound);
    check(OnebankPcc, "PCC10001", ChannelUnavailable, Unknown);

    for code in ["09", "68", "91", "92", "94", "96", "98"] {
        assert_eq!(look_up(Iso8583F39, code).disposition, Unknown, "field 39 {code}");
    }
    for code in ["A2", "A4", "A5", "A6"] {
        check(Iso8583F39, code, Reason::DefectiveSuccess, Disposition::DefectiveSuccess);
    }
    check(Iso8583F39, "51", InsufficientFunds, Declined);
    check(Iso8583F39, "10", PartialAmount, Disposition::DefectiveSuccess);
}

#[test]
fn retry_rules_that_others_build_on() {
    assert_eq!(Reason::InsufficientFunds.entry().retry, RetryRule::WhenFundsCome);
    assert_eq!(Reason::MonthlyLimitExceeded.entry().retry, RetryRule::NextMonth);
    assert_eq!(Reason::AccountClosed.entry().retry, RetryRule::Never);
    assert_eq!(Reason::IssuerUnavailable.entry().retry, RetryRule::AfterMinutes(30));
    assert!(
        !Reason::IssuerUnavailable.entry().says_about_channel,
        "an issuer and a channel fail independently"
    );
    assert!(Reason::ChannelTimeout.entry().says_about_channel);
    assert!(!Reason::InsufficientFunds.entry().says_about_channel);
}

#[test]
fn folded_codes_say_how_sure_they_are() {
    for (scheme, code) in [
        (Scheme::UnionpayAcp, "01"),
        (Scheme::UnionpayAcp, "60"),
        (Scheme::UnionpayAcp, "63"),
        (Scheme::NetworkPb, "PB511010"),
        (Scheme::NetworkPb, "PB511098"),
        (Scheme::Iso8583F39, "05"),
    ] {
        assert!(look_up(scheme, code).confidence_pct <= 60, "{scheme} {code}");
    }
    assert_eq!(look_up(Scheme::NetworkPb, "PB520006").confidence_pct, 100);
}

#[test]
fn unknown_codes_are_unknown_outcomes() {
    for scheme in Scheme::ALL {
        for code in ["", "ZZ", "交易失败", "PB999999", "0000000000000000000000"] {
            let verdict = look_up(*scheme, code);
            assert_eq!((verdict.reason, verdict.disposition), (Reason::UnknownReason, Unknown));
            assert!(!verdict.known);
        }
    }
    assert!(look_up(Scheme::UnionpayAcp, " 64 ").known, "space around a code is ignored");
}

#[test]
fn every_published_code_is_covered() {
    let counts: Vec<_> = Scheme::ALL.iter().map(|scheme| codes(*scheme).count()).collect();
    assert_eq!(counts, [68, 62, 4, 99, 78]);
    for scheme in Scheme::ALL {
        assert!(codes(*scheme).is_sorted(), "{scheme} is searched by halves");
    }
}

#[test]
fn a_success_never_carries_another_reason_and_the_reverse() {
    for scheme in Scheme::ALL {
        for code in codes(*scheme) {
            let verdict = look_up(*scheme, code);
            assert_eq!(
                verdict.reason == Reason::Success,
                verdict.disposition == Succeeded,
                "{scheme} {code}"
            );
        }
    }
}

#[test]
fn texts_are_plain_and_short() {
    for reason in Reason::ALL {
        let entry = reason.entry();
        assert_eq!(entry.reason, *reason);
        let borrower = entry.borrower;
        assert!(!borrower.zh.chars().any(|c| c.is_ascii_alphanumeric()), "{reason}: {}", borrower.zh);
        assert!(!borrower.en.contains(|c: char| c.is_ascii_digit()), "{reason}: {}", borrower.en);
        assert!(borrower.zh.matches(['。', '？']).count() <= 3, "{reason}: too many sentences");
        for text in [entry.title, borrower, entry.support, entry.next_step] {
            assert!(text.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{reason}: {}", text.zh);
            assert!(!text.zh.contains([',', ';', '!']), "{reason}: half-width punctuation in {}", text.zh);
            assert!(text.en.is_ascii(), "{reason}: {}", text.en);
        }
        assert!(entry.title.zh.chars().count() <= 16 && borrower.zh.chars().count() <= 90, "{reason}");
    }
}

#[test]
fn words_survive_the_wire() {
    for reason in Reason::ALL {
        assert_eq!(reason.as_str().parse::<Reason>(), Ok(*reason));
        let json = serde_json::to_string(reason).unwrap();
        assert_eq!(json, format!("\"{}\"", reason.as_str()));
        assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
    }
    for scheme in Scheme::ALL {
        assert_eq!(serde_json::to_string(scheme).unwrap(), format!("\"{scheme}\""));
        assert_eq!(scheme.as_str().parse(), Ok(*scheme));
    }
    assert_eq!(
        serde_json::to_string(&RetryRule::AfterMinutes(30)).unwrap(),
        r#"{"rule":"after_minutes","minutes":30}"#
    );
    assert_eq!(serde_json::to_string(&RetryRule::NextDay).unwrap(), r#"{"rule":"next_day"}"#);
    let error = "banana".parse::<Disposition>().unwrap_err().to_string();
    assert!(error.starts_with("unknown disposition; it is one of: succeeded, "), "{error}");
}

#[test]
fn languages_are_read_generously() {
    for (tag, lang) in [("zh-CN", Lang::ZhCn), ("zh", Lang::ZhCn), ("ZH_hans", Lang::ZhCn), ("en", Lang::En)]
    {
        assert_eq!(tag.parse::<Lang>(), Ok(lang));
    }
    assert_eq!("en-GB".parse::<Lang>(), Ok(Lang::En));
    assert!("fr".parse::<Lang>().is_err() && "".parse::<Lang>().is_err());
    assert_eq!(Reason::InsufficientFunds.entry().title.get(Lang::ZhCn), "卡内余额不足");
}

#[test]
fn codes_inside_sentences_are_found() {
    let network = |code| Some((Scheme::NetworkPb, code));
    assert_eq!(find_embedded("账户余额不足 (PB520011)"), network("PB520011"));
    assert_eq!(find_embedded("YBLA0012账户余额不足【PB520011】"), network("PB520011"));
    assert_eq!(find_embedded("[PB005X09]动态码错误"), network("PB005X09"));
    assert_eq!(find_embedded("PCC02254:账户已冻结"), Some((Scheme::OnebankPcc, "PCC02254")));
    assert_eq!(find_embedded("PB999999"), network("PB999999"), "the shape is enough");
    assert_eq!(find_embedded("RB999999, PB520006"), network("PB520006"), "a known code comes first");
    for nothing in ["", "余额不足", "PB52001", "PB5200111", "pb520011", "20190101", "PCC123", "订单00000000"]
    {
        assert_eq!(find_embedded(nothing), None, "{nothing}");
    }
}
