//! What the sandbox's server turns away, and what it says then.

mod served;
mod town;

use std::sync::Arc;
use std::time::Duration;

use lockstep_channels::sandbox::sign::{self, Role, SignedHeaders};
use lockstep_channels::{ChannelKey, Registry};
use lockstep_core::binding::SignAnswer;
use lockstep_core::payment::{MoneyAnswer, NoAnswer, QueryAnswer};
use lockstep_engine::port::{Channels, Clock, Seeds};
use lockstep_sim::sandbox::Rail;
use served::{Served, config};
use town::{Counting, Lender, Real, key, question, sign_code, vault};

#[tokio::test]
async fn requests_that_nobody_signed_are_turned_away() {
    let served = Served::start(None).await;
    let path = "/channels/bankdirect/pay_query";
    let body = r#"{"order_no":"X","sent_at":0}"#;
    let nonce = |byte: u8| sign::nonce(&[byte; 16]);
    let good = |nonce: &str| {
        sign::sign(&key(Rail::Bankdirect), Role::Request(path), Real.now(), nonce, body.as_bytes())
    };
    let send = async |headers: Option<SignedHeaders>, path: &str, body: &str| {
        let mut request = served.http.post(format!("{}{path}", served.base)).body(body.to_owned());
        for (name, value) in headers.iter().flat_map(SignedHeaders::pairs) {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(Some(good(&nonce(1))), path, body).await, 200);
    assert_eq!(send(Some(good(&nonce(1))), path, body).await, 409, "a replay");
    assert_eq!(send(None, path, body).await, 401);
    assert_eq!(send(Some(good(&nonce(2))), path, &body.replace('X', "Y")).await, 401, "a changed body");
    assert_eq!(send(Some(good(&nonce(3))), "/channels/bankdirect/pay", body).await, 401, "another call");
    assert_eq!(
        send(Some(good(&nonce(4))), "/channels/unionpay/pay_query", body).await,
        401,
        "another channel"
    );
    let forged =
        sign::sign(&key(Rail::Unionpay), Role::Request(path), Real.now(), &nonce(5), body.as_bytes());
    assert_eq!(send(Some(forged), path, body).await, 401, "another channel's key");
    let old = Real.now().minus(Duration::from_secs(301));
    let stale = sign::sign(&key(Rail::Bankdirect), Role::Request(path), old, &nonce(6), body.as_bytes());
    assert_eq!(send(Some(stale), path, body).await, 401, "too old");
    assert_eq!(send(Some(good(&nonce(7))), "/channels/nobody/pay", body).await, 404);
    assert_eq!(send(Some(good(&nonce(8))), path, &"x".repeat(70_000)).await, 413);
}

#[tokio::test]
async fn a_wrong_key_on_our_side_proves_nothing() {
    let mut served = Served::start(None).await;
    let wrong = ChannelKey::new("a key that the other side doesn't have".to_owned());
    let configs = [config(Rail::Bankdirect, served.base.clone(), wrong)];
    let (clock, seeds): (Arc<dyn Clock>, Arc<dyn Seeds>) = (Arc::new(Real), Arc::new(Counting::default()));
    let registry = Registry::from_configs(&configs, &vault(), &clock, &seeds).unwrap();
    let payment = served.lender.payment();
    let order = served.lender.order(Rail::Bankdirect, payment, 1, None);
    assert_eq!(registry.move_money(&order).await, MoneyAnswer::NoAnswer { why: NoAnswer::Unreadable });
    let answer = registry.query_payment(&question(&order, Real.now())).await;
    assert_eq!(answer, QueryAnswer::NoAnswer { why: NoAnswer::Unreadable });
    let lost = served.lender.sign_request(Rail::Bankdirect, "s1", Some("lost"));
    assert_eq!(registry.sign(&lost).await, SignAnswer::CodeLost);
}

#[tokio::test]
async fn the_scripting_api_says_what_is_wrong() {
    let served = Served::start(None).await;
    let open = r#"{"number":"6222020000000000018","holder_name":"李四","balance_minor":100}"#;
    let (status, account) = served.send(reqwest::Method::POST, "/sandbox/v1/accounts", open).await;
    assert_eq!(
        (status, account["issuer"].as_str(), account["balance_minor"].as_i64()),
        (201, Some("ICBC"), Some(100))
    );
    for (method, path, body, expected) in [
        ("POST", "/sandbox/v1/accounts", open, 409),
        ("POST", "/sandbox/v1/accounts", r#"{"number":"62-22","holder_name":"x"}"#, 422),
        (
            "POST",
            "/sandbox/v1/accounts",
            r#"{"number":"62220200","holder_name":"x","balance_minor":-1}"#,
            422,
        ),
        ("POST", "/sandbox/v1/accounts", r#"{"number":"62220200","holder_name":"x","colour":"red"}"#, 422),
        ("POST", "/sandbox/v1/accounts", "{", 422),
        ("PATCH", "/sandbox/v1/accounts/62220209", "{}", 404),
        ("PATCH", "/sandbox/v1/accounts/6222020000000000018", r#"{"state":"happy"}"#, 422),
        ("GET", "/sandbox/v1/accounts", "", 422),
        ("GET", "/sandbox/v1/accounts?number=62220209", "", 404),
        ("POST", "/sandbox/v1/faults", r#"{"faults":[{"channel":"unionpay","fault":{"kind":"boom"}}]}"#, 422),
        ("PUT", "/sandbox/v1/faults", "{}", 405),
        ("GET", "/nowhere", "", 404),
    ] {
        let (status, answer) = served.send(method.parse().unwrap(), path, body).await;
        assert_eq!(status, expected, "{method} {path} {body} {answer}");
        assert!(answer["error"].is_string() && answer["fix"].is_string(), "{method} {path} {answer}");
    }
    let request = Lender::new().sign_request(Rail::Unionpay, "s1", None);
    assert_eq!(sign_code(&served.registry.request_code(&request).await), "00");
}
