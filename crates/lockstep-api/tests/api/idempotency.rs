//! The twelve cases of repeated calls, and a few more.

use serde_json::json;

use crate::support::{Client, House};

const BODY: &[u8] = b"{\"reference\":\"B-1\"}";
const PATH: &str = "/v1/borrowers";

#[tokio::test]
async fn a_missing_or_malformed_key_is_refused() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    lender.post_raw(&[], PATH, BODY).await.is_problem(400, "idempotency_key_missing");
    let long = format!("\"{}\"", "k".repeat(256));
    for bad in ["", "\"\"", "\"a", "a b", "\"a\\z\"", "\"a\";p", &long] {
        let reply = lender.post_raw(&[("idempotency-key", bad)], PATH, BODY).await;
        reply.is_problem(400, "idempotency_key_invalid");
    }
    let twice = [("idempotency-key", "\"a\""), ("idempotency-key", "\"b\"")];
    lender.post_raw(&twice, PATH, BODY).await.is_problem(400, "idempotency_key_invalid");
    let mut request = lender.request("POST", PATH, &[("content-type", "application/json")], BODY);
    request
        .headers_mut()
        .insert("idempotency-key", axum::http::HeaderValue::from_bytes(b"\"\xc3\xa9\"").unwrap());
    lender.send(request).await.is_problem(400, "idempotency_key_invalid");
    let huge = format!("\"{}\"", "k".repeat(1_000_000));
    lender.post_raw(&[("idempotency-key", &huge)], PATH, BODY).await.is_problem(431, "headers_too_large");
    assert!(house.world.data().borrowers.is_empty());
}

#[tokio::test]
async fn the_same_call_gets_the_same_answer() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let first = lender.post_raw(&[("idempotency-key", "\"one\"")], PATH, BODY).await;
    assert_eq!((first.status, first.replayed()), (201, false));
    let bare = lender.post_raw(&[("idempotency-key", "one")], PATH, BODY).await;
    let spaced = b" { \"reference\" :\n\"B-1\" } ";
    let reordered = lender.post_raw(&[("idempotency-key", "\"one\"")], PATH, spaced).await;
    for again in [bare, reordered] {
        assert_eq!((again.status, again.text.as_str(), again.replayed()), (201, first.text.as_str(), true));
        assert_eq!(again.header("content-type"), "application/json");
    }
    assert_eq!(house.world.data().borrowers.len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_address_and_one_content() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-0").await;
    lender.post_as("one", PATH, json!({ "reference": "B-1" })).await.ok();
    let other = lender.post_as("one", PATH, json!({ "reference": "B-2" })).await;
    other.is_problem(422, "idempotency_key_reused");
    let order = lender.order(&borrower, "L-1", 5).await;
    let second = lender.order(&borrower, "L-2", 5).await;
    lender.post_as("two", &format!("/v1/orders/{order}/cancel"), json!({})).await.ok();
    let reply = lender.post_as("two", &format!("/v1/orders/{second}/cancel"), json!({})).await;
    reply.is_problem(422, "idempotency_key_reused");
    let reply = lender.post_as("two", "/v1/api_keys", json!({ "name": "x", "scopes": ["read"] })).await;
    reply.is_problem(422, "idempotency_key_reused");
    assert_eq!(lender.get(&format!("/v1/orders/{second}")).await.ok()["status"], "open");
}

#[tokio::test]
async fn a_refusal_is_remembered_too() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    lender.borrower("B-1").await;
    let first = lender.post_as("one", PATH, json!({ "reference": "B-1" })).await;
    first.is_problem(409, "borrower_exists");
    let again = lender.post_as("one", PATH, json!({ "reference": "B-1" })).await;
    again.is_problem(409, "borrower_exists");
    assert_eq!((again.text.as_str(), again.replayed()), (first.text.as_str(), true));
}

#[tokio::test]
async fn a_request_that_was_never_understood_uses_no_key() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    lender.post_as("one", PATH, json!({ "reference": "" })).await.is_problem(422, "invalid_fields");
    lender.post_as("one", PATH, json!({ "reference": "B-1" })).await.ok();
}

#[tokio::test]
async fn two_lenders_may_use_the_same_key() {
    let house = House::asleep();
    let (one, two) = (house.lender("One"), house.lender("Two"));
    let first = one.post_as("same", PATH, json!({ "reference": "B-1" })).await.ok();
    let second = two.post_as("same", PATH, json!({ "reference": "B-1" })).await;
    assert!(!second.replayed());
    assert_ne!(second.ok()["id"], first["id"]);
}

#[tokio::test]
async fn while_the_first_runs_the_same_is_409_and_another_is_422() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    house.world.data().slow_ms = 300;
    let first = tokio::spawn({
        let lender = lender.clone();
        async move { lender.post_as("one", PATH, json!({ "reference": "B-1" })).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let same = lender.post_as("one", PATH, json!({ "reference": "B-1" })).await;
    same.is_problem(409, "idempotency_key_under_way");
    assert_eq!(same.header("retry-after"), "1");
    let other = lender.post_as("one", PATH, json!({ "reference": "B-2" })).await;
    other.is_problem(422, "idempotency_key_reused");
    assert_eq!(first.await.unwrap().status, 201);
    assert!(lender.post_as("one", PATH, json!({ "reference": "B-1" })).await.replayed());
}

#[tokio::test]
async fn of_many_at_once_one_happens() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    house.world.data().slow_ms = 20;
    let calls = (0..10).map(|_| {
        let lender = lender.clone();
        tokio::spawn(async move { lender.post_as("one", PATH, json!({ "reference": "B-1" })).await.status })
    });
    let mut statuses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        statuses.push(call.await.unwrap());
    }
    assert!(
        statuses.contains(&201) && statuses.iter().all(|status| [201, 409].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(house.world.data().borrowers.len(), 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_stops_nothing() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    house.world.data().slow_ms = 100;
    let call = lender.post_as("one", PATH, json!({ "reference": "B-1" }));
    let hung_up = tokio::time::timeout(std::time::Duration::from_millis(30), call).await;
    assert!(hung_up.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(house.world.data().borrowers.len(), 1);
    assert!(lender.post_as("one", PATH, json!({ "reference": "B-1" })).await.replayed());
}

#[tokio::test]
async fn a_bind_and_a_verify_can_be_repeated() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let first = lender.post_as("bind", "/v1/bindings", Client::card(&borrower)).await;
    let again = lender.post_as("bind", "/v1/bindings", Client::card(&borrower)).await;
    assert_eq!((again.text.as_str(), again.replayed()), (first.text.as_str(), true));
    assert_eq!(house.world.data().items.len(), 1, "the repeat's item is stored nowhere");
    let path = format!("/v1/bindings/{}", first.json()["id"].as_str().unwrap());
    lender.until(&path, "status", "awaiting_code").await;
    let verify = format!("{path}/verify");
    let first = lender.post_as("verify", &verify, json!({ "code": "123456" })).await;
    lender.until(&path, "status", "usable").await;
    let again = lender.post_as("verify", &verify, json!({ "code": "123456" })).await;
    assert_eq!((again.text.as_str(), again.replayed()), (first.text.as_str(), true));
    let other = lender.post_as("verify", &verify, json!({ "code": "999999" })).await;
    other.is_problem(422, "idempotency_key_reused");
    let named = lender.post_as("named", &verify, json!({ "code": "999999", "channel": "unionpay" })).await;
    named.is_problem(409, "no_code_expected");
    assert_eq!(*house.bank.entered.lock().unwrap(), ["123456"]);
    assert!(house.codes.is_empty());
}

#[tokio::test]
async fn a_secret_is_repeated_and_never_stored_in_clear() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let first = lender.post_as("key", "/v1/api_keys", json!({ "name": "x", "scopes": ["read"] })).await;
    let secret = first.ok()["secret"].as_str().unwrap().to_owned();
    let again = lender.post_as("key", "/v1/api_keys", json!({ "scopes": ["read"], "name": "x" })).await;
    assert_eq!((again.text.as_str(), again.replayed()), (first.text.as_str(), true));
    let data = house.world.data();
    assert!(data.answers.values().all(|stored| !stored.answer.body.contains(&secret)));
    assert_eq!(data.keys.len(), 2);
}

#[tokio::test]
async fn a_call_that_stopped_half_way_leaves_nothing_behind() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let url = "https://example.com/hook";
    for (path, body) in [
        ("/v1/api_keys", json!({ "name": "x", "scopes": ["read"] })),
        ("/v1/webhook_endpoints", json!({ "url": url })),
    ] {
        house.world.data().forget_answers = 1;
        lender.post_as(path, path, body.clone()).await.is_problem(503, "temporary_fault");
        let done = lender.post_as(path, path, body).await;
        assert_eq!((done.status, done.replayed()), (201, false));
    }
    let data = house.world.data();
    assert_eq!(data.endpoints.len(), 1);
    let alive = data.keys.iter().filter(|key| key.name == "x" && key.revoked_at.is_none()).count();
    assert_eq!((data.keys.len(), alive), (3, 1));
}
