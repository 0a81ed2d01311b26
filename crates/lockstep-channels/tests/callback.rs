//! Notices: what is accepted, and every way to forge one.

use lockstep_channels::callback::{MAX_NOTICE, Notice, NoticeError, verify_notice};
use lockstep_channels::sandbox::sign::{self, NONCE, Role, SIGNATURE, SignError, TIMESTAMP};
use lockstep_channels::{ChannelConfig, ChannelKey};
use lockstep_core::channel::ChannelId;
use lockstep_core::time::Timestamp;
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const KEY: &str = "the key of unionpay, 32 characters and more";
const OTHER_KEY: &str = "the key of netsunion, 32 characters and more";
const BODY: &str = r#"{"message_id":"m-1","order_no":"0123456789ABCDEFGHJKMNPQRS0001","code":"00","channel_ref":"T1","amount_minor":12500}"#;

fn config(channel: &str, key: &str) -> ChannelConfig {
    let config = serde_json::json!({
        "adapter": "sandbox",
        "base_url": "http://127.0.0.1:9000",
        "key": key,
        "capability": {
            "id": channel, "name": {"zh": "银联", "en": "UnionPay"}, "scheme": "unionpay_acp",
            "collect": null, "pay_out": null, "sign": null, "query": {"ladder_s": [5]}, "notices": true,
            "hours": {"zone": "Asia/Shanghai"}, "late_execution_window_s": 60, "call_timeout_ms": 5000,
            "unknown_deadline_s": 600, "max_in_flight": 4
        }
    });
    serde_json::from_value(config).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_772_413_200_000)
}

fn minutes(count: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() + count * 60_000)
}

fn key(text: &str) -> ChannelKey {
    ChannelKey::new(text.to_owned())
}

fn signed_with(key_text: &str, channel: &str, at: Timestamp, body: &str) -> HeaderMap {
    let channel = ChannelId::try_from(channel).unwrap();
    let nonce = sign::nonce(&[7; 16]);
    headers(&sign::sign(&key(key_text), Role::Notice(&channel), at, &nonce, body.as_bytes()))
}

fn headers(signed: &sign::SignedHeaders) -> HeaderMap {
    let pairs = signed.pairs().into_iter();
    pairs
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn genuine() -> HeaderMap {
    signed_with(KEY, "unionpay", now(), BODY)
}

fn verify(headers: &HeaderMap, body: &str) -> Result<Notice, NoticeError> {
    verify_notice(&config("unionpay", KEY), headers, body.as_bytes(), now())
}

fn with(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = genuine();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    headers
}

fn without(name: &'static str) -> HeaderMap {
    let mut headers = genuine();
    headers.remove(name);
    headers
}

fn twice(name: &'static str) -> HeaderMap {
    let mut headers = genuine();
    let value = headers[name].clone();
    headers.append(name, value);
    headers
}

#[test]
fn a_genuine_notice_is_read() {
    let notice = verify(&genuine(), BODY).unwrap();
    assert_eq!((notice.message_id.as_str(), notice.code.as_str()), ("m-1", "00"));
    assert_eq!((notice.amount_minor, notice.channel_ref.as_deref()), (Some(12_500), Some("T1")));
}

#[test]
fn both_clocks_may_differ_by_five_minutes() {
    for at in [minutes(-5), minutes(5)] {
        assert!(verify(&signed_with(KEY, "unionpay", at, BODY), BODY).is_ok(), "{at:?}");
    }
}

/// A replay can't be told from a repetition, and needn't be: both name the same message.
#[test]
fn a_replay_names_the_same_message() {
    let (first, again) = (verify(&genuine(), BODY).unwrap(), verify(&genuine(), BODY).unwrap());
    let retried = verify(&signed_with(KEY, "unionpay", minutes(1), BODY), BODY).unwrap();
    assert_eq!((&first.message_id, &first.message_id), (&again.message_id, &retried.message_id));
}

#[test]
fn forged_signatures() {
    use SignError::{FromFuture, Mismatch, Missing, Repeated, TooOld, Unreadable};
    let signature = genuine()[SIGNATURE].to_str().unwrap().to_owned();
    let flipped = format!("{}{}", &signature[..63], if signature.ends_with('0') { '1' } else { '0' });
    let nonce = sign::nonce(&[7; 16]);
    let as_role = |role| headers(&sign::sign(&key(KEY), role, now(), &nonce, BODY.as_bytes()));
    let later = (now().as_millis() + 1).to_string();
    let cases = [
        (
            "wrong key",
            signed_with("not the key at all, but as long as it", "unionpay", now(), BODY),
            Mismatch,
        ),
        ("another channel's key", signed_with(OTHER_KEY, "unionpay", now(), BODY), Mismatch),
        ("another channel's notice, same key", signed_with(KEY, "netsunion", now(), BODY), Mismatch),
        ("empty key", signed_with("", "unionpay", now(), BODY), Mismatch),
        ("a request passed off as a notice", as_role(Role::Request("/channels/unionpay/notices")), Mismatch),
        ("a reply passed off as a notice", as_role(Role::Reply("/channels/unionpay/notices")), Mismatch),
        ("one digit of the signature changed", with(SIGNATURE, &flipped), Mismatch),
        ("signature of zeros", with(SIGNATURE, &"0".repeat(64)), Mismatch),
        ("half a signature", with(SIGNATURE, &signature[..32]), Unreadable(SIGNATURE)),
        ("signature and more", with(SIGNATURE, &format!("{signature}00")), Unreadable(SIGNATURE)),
        ("signature in capitals", with(SIGNATURE, &signature.to_uppercase()), Unreadable(SIGNATURE)),
        ("empty signature", with(SIGNATURE, ""), Unreadable(SIGNATURE)),
        ("no signature", without(SIGNATURE), Missing(SIGNATURE)),
        ("no timestamp", without(TIMESTAMP), Missing(TIMESTAMP)),
        ("no nonce", without(NONCE), Missing(NONCE)),
        ("no headers", HeaderMap::new(), Missing(TIMESTAMP)),
        ("two signatures", twice(SIGNATURE), Repeated(SIGNATURE)),
        ("two timestamps", twice(TIMESTAMP), Repeated(TIMESTAMP)),
        ("two nonces", twice(NONCE), Repeated(NONCE)),
        ("timestamp moved by a millisecond", with(TIMESTAMP, &later), Mismatch),
        ("timestamp in words", with(TIMESTAMP, "now"), Unreadable(TIMESTAMP)),
        ("negative timestamp", with(TIMESTAMP, "-1"), Unreadable(TIMESTAMP)),
        ("endless timestamp", with(TIMESTAMP, &"9".repeat(40)), Unreadable(TIMESTAMP)),
        ("another nonce", with(NONCE, &sign::nonce(&[8; 16])), Mismatch),
        ("short nonce", with(NONCE, "07"), Unreadable(NONCE)),
        ("too old", signed_with(KEY, "unionpay", minutes(-6), BODY), TooOld),
        ("from the future", signed_with(KEY, "unionpay", minutes(6), BODY), FromFuture),
    ];
    for (what, headers, expected) in cases {
        assert_eq!(verify(&headers, BODY), Err(NoticeError::Signature(expected)), "{what}");
    }
}

#[test]
fn changed_bodies() {
    for (what, body) in [
        ("another amount", BODY.replace("12500", "12501")),
        ("another order", BODY.replace("0001", "0002")),
        ("another code", BODY.replace("\"00\"", "\"64\"")),
        ("a space more", format!("{BODY} ")),
        ("empty", String::new()),
    ] {
        assert_eq!(verify(&genuine(), &body), Err(NoticeError::Signature(SignError::Mismatch)), "{what}");
    }
}

#[test]
fn signed_nonsense() {
    for (what, body) in [
        ("no JSON", "hello".to_owned()),
        ("cut", BODY[..40].to_owned()),
        ("a field twice", BODY.replace("{\"message_id\"", "{\"amount_minor\":1,\"message_id\"")),
        ("a field too many", BODY.replace("{\"message_id\"", "{\"extra\":1,\"message_id\"")),
        ("a field missing", BODY.replace("\"code\":\"00\",", "")),
        ("an amount with a fraction", BODY.replace("12500", "125.00")),
        ("an amount as text", BODY.replace("12500", "\"12500\"")),
        ("no amount at all", BODY.replace("12500", "0")),
        ("a negative amount", BODY.replace("12500", "-1")),
        ("an amount beyond all numbers", BODY.replace("12500", "99999999999999999999")),
        ("an empty message id", BODY.replace("m-1", "")),
        ("a line break in the order number", BODY.replace("0001", "\\n001")),
        ("a code as long as a book", BODY.replace("\"00\"", &format!("\"{}\"", "0".repeat(99)))),
    ] {
        let headers = signed_with(KEY, "unionpay", now(), &body);
        assert_eq!(verify(&headers, &body), Err(NoticeError::Unreadable), "{what}");
    }
    let large = "x".repeat(MAX_NOTICE + 1);
    assert_eq!(verify(&signed_with(KEY, "unionpay", now(), &large), &large), Err(NoticeError::TooLarge));
}

#[test]
fn configuration_that_is_wrong_says_so() {
    assert_eq!(config("unionpay", KEY).problems(), Vec::<String>::new());
    let mut bad = config("unionpay", "short");
    bad.base_url = "http://bank.example".to_owned();
    let problems = bad.problems().join("\n");
    assert!(problems.contains("key needs") && problems.contains("base_url"), "{problems}");
    assert!(!format!("{bad:?}").contains("short"));
}

proptest! {
    /// Nothing that a stranger sends is accepted, and nothing makes it panic.
    #[test]
    fn noise_is_refused(body in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~]{0,80}", at in any::<i64>()) {
        let mut headers = genuine();
        headers.insert(SIGNATURE, HeaderValue::from_str(&text).unwrap());
        headers.insert(TIMESTAMP, HeaderValue::from_str(&at.to_string()).unwrap());
        prop_assert!(verify_notice(&config("unionpay", KEY), &headers, &body, now()).is_err());
    }
}
