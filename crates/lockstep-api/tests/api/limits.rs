//! How much, how often, how long.

use std::time::Duration;

use lockstep_api::Limits;
use lockstep_engine::Settings;
use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn long_bodies_addresses_and_headers_are_refused() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let body = |bytes: usize| format!("{{\"reference\":\"{}\"}}", "x".repeat(bytes)).into_bytes();
    let key = [("idempotency-key", "\"k\"")];
    lender.post_raw(&key, "/v1/borrowers", &body(70_000)).await.is_problem(413, "body_too_large");
    lender.post_raw(&key, "/v1/borrowers", &body(60_000)).await.is_problem(422, "invalid_fields");
    let long = "x".repeat(17_000);
    lender.get(&format!("/v1/payments?cursor={long}")).await.is_problem(414, "uri_too_long");
    let wide = "x".repeat(20_000);
    let request = lender.request("GET", "/v1/payments", &[("x-much", &wide)], b"");
    lender.send(request).await.is_problem(431, "headers_too_large");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_calls_too_often_waits_and_others_do_not() {
    let limits = Limits { requests_per_s: 2, burst: 3, ..Limits::default() };
    let house = House::with(limits, Settings::default());
    let (busy, calm) = (house.lender("Busy"), house.lender("Calm"));
    for _ in 0..3 {
        assert_eq!(busy.get("/v1/channels").await.status, 200);
    }
    let refused = busy.get("/v1/channels").await;
    refused.is_problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(calm.get("/v1/channels").await.status, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(busy.get("/v1/channels").await.status, 200);
    busy.get("/v1/channels").await.is_problem(429, "too_many_requests");
    // Calling on and on in the meantime doesn't put off the next one.
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_micros(600)).await;
        busy.get("/v1/channels").await;
    }
    let text = busy.get("/v1/channels").await;
    assert!([200, 429].contains(&text.status));
    tokio::time::sleep(Duration::from_secs(60)).await;
    for _ in 0..3 {
        assert_eq!(busy.get("/v1/channels").await.status, 200);
    }
    busy.get("/v1/channels").await.is_problem(429, "too_many_requests");
}

#[tokio::test]
async fn a_full_engine_says_come_back() {
    let settings = Settings { max_calls: 1, ..Settings::default() };
    let house = House::with(Limits::default(), settings);
    let lender = house.lender("Sunrise");
    let taken = house.engine.admit(None).unwrap();
    let refused = lender.post("/v1/borrowers", json!({ "reference": "B-1" })).await;
    refused.is_problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    lender.get("/health/ready").await.is_problem(503, "not_ready");
    drop(taken);
    lender.post("/v1/borrowers", json!({ "reference": "B-1" })).await.ok();
}

#[tokio::test]
async fn a_lender_that_holds_its_share_waits_and_others_do_not() {
    let settings = Settings { max_calls: 9, ..Settings::default() };
    let house = House::with(Limits::default(), settings);
    let (busy, calm) = (house.lender("Busy"), house.lender("Calm"));
    let held: Vec<_> = (0..6).map(|_| house.engine.admit(Some(busy.tenant)).unwrap()).collect();
    let refused = busy.post("/v1/borrowers", json!({ "reference": "B-1" })).await;
    refused.is_problem(429, "too_much_under_way");
    assert_eq!(refused.header("retry-after"), "1");
    calm.post("/v1/borrowers", json!({ "reference": "B-1" })).await.ok();
    drop(held);
    busy.post("/v1/borrowers", json!({ "reference": "B-1" })).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_is_answered_and_goes_on() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    house.world.data().slow_ms = 45_000;
    let reply = lender.post_as("one", "/v1/borrowers", json!({ "reference": "B-1" })).await;
    reply.is_problem(503, "request_timed_out");
    let again = lender.post_as("one", "/v1/borrowers", json!({ "reference": "B-1" })).await;
    again.is_problem(409, "idempotency_key_under_way");
    tokio::time::sleep(Duration::from_secs(20)).await;
    let again = lender.post_as("one", "/v1/borrowers", json!({ "reference": "B-1" })).await;
    assert_eq!((again.status, again.replayed()), (201, true));
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_lives_on_for_seconds_at_most() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    for _ in 0..10 {
        assert_eq!(lender.get("/v1/channels").await.status, 200);
    }
    assert_eq!(house.world.data().key_lookups, 1, "looked up once");
    // Revoked by another process.
    let now = lockstep_core::time::Timestamp::from_millis(0);
    house.world.data().keys[0].revoked_at = Some(now);
    tokio::time::sleep(Duration::from_secs(5)).await;
    lender.get("/v1/channels").await.is_problem(401, "unauthenticated");
}
