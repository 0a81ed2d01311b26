//! The production adapter against the sandbox's server, over real HTTP on loopback.

mod served;
mod town;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lockstep_channels::callback::{Notice, verify_notice};
use lockstep_core::payment::{MoneyAnswer, NoAnswer, NotSent};
use lockstep_engine::port::{Channels, Clock};
use lockstep_sim::sandbox::{Fault, Rail, Scripted};
use serde_json::json;
use served::{Served, config};
use town::{CARD, Real, code, key, original, question};

#[tokio::test]
async fn a_success_and_a_decline() {
    let mut served = Served::start(None).await;
    let agreement = served.signed(Rail::Unionpay).await;
    let payment = served.lender.payment();
    let order = served.lender.order(Rail::Unionpay, payment, 1, Some(&agreement));
    assert_eq!(code(&served.registry.move_money(&order).await), "00");
    let (status, account) = served
        .send(reqwest::Method::PATCH, &format!("/sandbox/v1/accounts/{CARD}"), r#"{"state":"lost"}"#)
        .await;
    assert_eq!((status, account["state_now"].as_str()), (200, Some("lost")));
    let second = served.lender.order(Rail::Unionpay, payment, 2, Some(&agreement));
    assert_eq!(code(&served.registry.move_money(&second).await), "63");
    let truth = served.get("/sandbox/v1/truth").await.1;
    assert_eq!((&truth["debits"]["count"], &truth["double_debits"]), (&json!(1), &json!([])));
    let (_, shown) = served.get(&format!("/sandbox/v1/accounts?number={CARD}")).await;
    assert_eq!(shown["entries"][0]["order_no"], json!(order.order_no));
    assert!(served.registry.cancel_mandate(&Rail::Unionpay.id(), &agreement).await);
}

#[tokio::test]
async fn a_timeout_after_execution_is_found_by_asking() {
    let mut served = Served::start(None).await;
    let agreement = served.signed(Rail::Unionpay).await;
    let script = r#"{"faults":[{"channel":"unionpay","fault":{"kind":"execute_then_timeout"},"times":1}]}"#;
    assert_eq!(served.send(reqwest::Method::POST, "/sandbox/v1/faults", script).await.0, 204);
    let payment = served.lender.payment();
    let order = served.lender.order(Rail::Unionpay, payment, 1, Some(&agreement));
    let sent_at = Real.now();
    let answer = served.registry.move_money(&order).await;
    assert_eq!(answer, MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut });
    let found = served.registry.query_payment(&question(&order, sent_at)).await;
    assert_eq!(original(&found), ("00".to_owned(), 12_500));
}

#[tokio::test]
async fn lines_that_break_prove_nothing_and_closed_doors_do() {
    let mut served = Served::start(None).await;
    let on_union = served.signed(Rail::Unionpay).await;
    let on_bank = served.signed(Rail::Bankdirect).await;
    let payment = served.lender.payment();
    for rail in [Rail::Unionpay, Rail::Bankdirect] {
        served.script(Scripted::new(rail, Fault::Down {}));
    }
    // On the shared address the connection stood before it broke.
    let order = served.lender.order(Rail::Bankdirect, payment, 1, Some(&on_bank));
    let answer = served.registry.move_money(&order).await;
    assert_eq!(answer, MoneyAnswer::NoAnswer { why: NoAnswer::ConnectionLost });
    // UnionPay has a door of its own, which is shut by now.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let order = served.lender.order(Rail::Unionpay, payment, 2, Some(&on_union));
    let answer = served.registry.move_money(&order).await;
    assert_eq!(answer, MoneyAnswer::NotSent { why: NotSent::NoConnection });
    assert_eq!(served.get("/sandbox/v1/health").await.1["down"], json!(["unionpay", "bankdirect"]));
    assert_eq!(served.send(reqwest::Method::DELETE, "/sandbox/v1/faults", "").await.0, 204);
    for _ in 0..100 {
        let answer = served.registry.move_money(&order).await;
        if answer != (MoneyAnswer::NotSent { why: NotSent::NoConnection }) {
            assert_eq!(code(&answer), "00", "open again");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the door stayed shut");
}

#[tokio::test]
async fn replies_that_cannot_be_believed() {
    let mut served = Served::start(None).await;
    let agreement = served.signed(Rail::Unionpay).await;
    for (fault, why) in [
        (Fault::MalformedBody {}, NoAnswer::Unreadable),
        (Fault::HtmlPage {}, NoAnswer::Unreadable),
        (Fault::WrongSignature {}, NoAnswer::WrongSignature),
        (Fault::WrongOrder {}, NoAnswer::WrongOrder),
        (Fault::WrongAmount {}, NoAnswer::WrongOrder),
    ] {
        served.script(Scripted::new(Rail::Unionpay, fault).times(1));
        let payment = served.lender.payment();
        let order = served.lender.order(Rail::Unionpay, payment, 1, Some(&agreement));
        assert_eq!(served.registry.move_money(&order).await, MoneyAnswer::NoAnswer { why }, "{fault:?}");
    }
}

type Received = Arc<Mutex<Vec<Notice>>>;

/// A lender's platform that refuses the first copy of everything, as if it were busy.
async fn platform(received: Received) -> String {
    let take = async |State(received): State<Received>,
                      Path(channel): Path<String>,
                      headers: HeaderMap,
                      body: Bytes| {
        let rail = Rail::named(&channel).unwrap();
        let config = config(rail, "http://127.0.0.1".to_owned(), key(rail));
        match verify_notice(&config, &headers, &body, Real.now()) {
            Ok(notice) => {
                let mut received = received.lock().unwrap();
                received.push(notice);
                if received.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
            }
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    };
    let app = Router::new().route("/notices/{channel}", post(take)).with_state(received);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/notices/{{channel}}")
}

#[tokio::test]
async fn callbacks_arrive_signed_and_again_until_they_are_accepted() {
    let received = Received::default();
    let mut served = Served::start(Some(platform(received.clone()).await)).await;
    let agreement = served.signed(Rail::Netsunion).await;
    let payment = served.lender.payment();
    let order = served.lender.order(Rail::Netsunion, payment, 1, Some(&agreement));
    let answer = served.registry.move_money(&order).await;
    assert_eq!(code(&answer), "ES000033");
    for _ in 0..300 {
        if received.lock().unwrap().len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 2, "refused once, so sent twice");
    assert_eq!(received[0], received[1], "the same message id on every try");
    assert_eq!(
        (received[0].order_no.as_str(), received[0].code.as_str()),
        (order.order_no.as_str(), "00000000")
    );
}
