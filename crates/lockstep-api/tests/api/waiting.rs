//! Waiting for a payment or binding to settle.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::{Client, House};

#[tokio::test(start_paused = true)]
async fn waits_until_the_payment_settles() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 100).await;
    house.payments_answer("timeout");
    let payment = lender.payment(&order, &binding).await;
    let path = format!("/v1/payments/{payment}");
    let began = Instant::now();
    let seen = lender.get(&format!("{path}?wait_s=3")).await.ok();
    assert_eq!(seen["status"], "unknown");
    assert!((2900..3500).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    let waiting = tokio::spawn({
        let (lender, path) = (lender.clone(), format!("{path}?wait_s=30"));
        async move { lender.get(&path).await.ok() }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    house.payments_answer("00");
    let began = Instant::now();
    assert_eq!(waiting.await.unwrap()["status"], "succeeded");
    assert!(began.elapsed() < Duration::from_secs(29), "told, not timed out");
    let began = Instant::now();
    lender.get(&format!("{path}?wait_s=30")).await.ok();
    assert_eq!(began.elapsed(), Duration::ZERO, "what has settled is not waited for");
}

#[tokio::test(start_paused = true)]
async fn waits_longer_than_other_requests_may_take_and_for_bindings_too() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let made = lender.post("/v1/bindings", Client::card(&borrower)).await.ok();
    let path = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
    let began = Instant::now();
    let seen = lender.get(&format!("{path}?wait_s=30")).await.ok();
    assert_eq!(seen["status"], "verifying");
    assert!((29_900..31_000).contains(&began.elapsed().as_millis()));
    let engine = house.engine.clone();
    tokio::spawn(async move { engine.run(std::future::pending()).await });
    assert_eq!(lender.get(&format!("{path}?wait_s=30")).await.ok()["status"], "awaiting_code");
    lender.post(&format!("{path}/verify"), json!({ "code": "123456" })).await.ok();
    assert_eq!(lender.get(&format!("{path}?wait_s=30")).await.ok()["status"], "usable");
}

#[tokio::test(start_paused = true)]
async fn another_lender_does_not_wait_for_what_it_can_not_see() {
    let house = House::asleep();
    let (owner, other) = (house.lender("Owner"), house.lender("Other"));
    let borrower = owner.borrower("B-1").await;
    let made = owner.post("/v1/bindings", Client::card(&borrower)).await.ok();
    let began = Instant::now();
    let path = format!("/v1/bindings/{}?wait_s=30", made["id"].as_str().unwrap());
    other.get(&path).await.is_problem(404, "binding_not_found");
    assert_eq!(began.elapsed(), Duration::ZERO);
}
