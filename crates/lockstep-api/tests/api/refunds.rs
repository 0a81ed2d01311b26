//! Giving money back: what is allowed, what is not, and what happens when many ask at once.

use lockstep_api::Limits;
use lockstep_core::payment::RefundPolicy;
use lockstep_engine::Settings;
use lockstep_engine::port::KeyScope;
use serde_json::json;

use crate::support::{Client, House, named};

/// A payment of 100.00 that succeeded.
async fn paid(lender: &Client) -> String {
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 10_000).await;
    let payment = format!("/v1/payments/{}", lender.payment(&order, &binding).await);
    lender.until(&payment, "status", "succeeded").await;
    payment
}

async fn refund(lender: &Client, payment: &str, amount_minor: i64) -> crate::support::Reply {
    let body = json!({ "amount_minor": amount_minor, "reason": "goodwill" });
    lender.post(&format!("{payment}/refunds"), body).await
}

fn with(policy: RefundPolicy) -> House {
    let house = House::with(Limits::default(), Settings { refunds: policy, ..Settings::default() });
    let engine = house.engine.clone();
    tokio::spawn(async move { engine.run(std::future::pending()).await });
    house
}

#[tokio::test]
async fn a_part_and_then_the_rest() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let payment = paid(&lender).await;
    let first = refund(&lender, &payment, 3_000).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let first = first.json();
    assert_eq!(
        (&first["number"], &first["reason"], &first["attempt"]),
        (&json!(1), &json!("goodwill"), &json!(1))
    );
    assert_eq!(first["amount"], json!({ "amount_minor": 3_000, "currency": "CNY" }));
    assert_eq!(first["asked_by"], lender.key_id.to_string());
    let done = lender.until(&format!("{payment}/refunds/1"), "status", "succeeded").await;
    assert_eq!(done["tries"][0]["way"], "back");
    let shown = lender.get(&payment).await.ok();
    assert_eq!((&shown["refunded_minor"], &shown["refundable_minor"]), (&json!(3_000), &json!(7_000)));
    assert_eq!(shown["refunds"].as_array().unwrap().len(), 1);
    let rest = lender.post(&format!("{payment}/refunds"), json!({ "reason": "goodwill" })).await.ok();
    assert_eq!(rest["amount"]["amount_minor"], 7_000, "left out means all that is left");
    lender.until(&format!("{payment}/refunds/2"), "status", "succeeded").await;
    let list = lender.get(&format!("{payment}/refunds")).await.ok();
    assert_eq!((&list["refunded_minor"], &list["refundable_minor"]), (&json!(10_000), &json!(0)));
    let order = lender.get(&format!("/v1/orders/{}", shown["order_id"].as_str().unwrap())).await.ok();
    assert_eq!((&order["status"], &order["collected_minor"]), (&json!("collected"), &json!(10_000)));
    assert_eq!((&order["refunded_minor"], &order["outstanding_minor"]), (&json!(10_000), &json!(0)));
    let diagnosis = lender.get(&format!("{payment}/diagnosis")).await.ok();
    assert_eq!(diagnosis["money"], "given_back");
    let timeline = lender.get(&format!("{payment}/timeline")).await.ok();
    let kinds: Vec<_> =
        timeline["data"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert_eq!(kinds[4..], ["refund_opened", "refund_try_opened", "refund_succeeded"].repeat(2));
    let audit = lender.get("/v1/audit").await.ok();
    assert!(audit["data"].as_array().unwrap().iter().any(|entry| entry["action"] == "refund.create"));
}

#[tokio::test]
async fn what_is_not_allowed() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let payment = paid(&lender).await;
    let path = format!("{payment}/refunds");
    for (amount, problem) in [
        (0, "invalid_fields"),
        (-1, "invalid_fields"),
        (i64::MIN, "invalid_fields"),
        (i64::MAX, "invalid_fields"),
    ] {
        let problem = refund(&lender, &payment, amount).await.is_problem(422, problem);
        assert_eq!(named(&problem), [("amount_minor".to_owned(), "amount".to_owned())]);
    }
    let too_much = refund(&lender, &payment, 10_001).await.is_problem(422, "refund_too_much");
    assert!(too_much["detail"].to_string().contains("100.00"), "it says how much is left: {too_much}");
    for reason in ["", "With Spaces", "王伟 6222020000000000000", "a-b", &"x".repeat(65)] {
        let wrong = lender.post(&path, json!({ "reason": reason })).await.is_problem(422, "invalid_fields");
        assert_eq!(named(&wrong), [("reason".to_owned(), "code".to_owned())], "{reason}");
        assert!(reason.is_empty() || !wrong.to_string().contains(reason), "what was sent may name people");
    }
    for body in [
        json!({}),
        json!({ "reason": "x", "currency": "USD" }),
        json!({ "reason": "x", "amount_minor": 1.5 }),
        json!({ "reason": "x", "amount_minor": "1" }),
        json!({ "reason": "x", "attempt": -1 }),
        json!({ "reason": "x", "attempt": 70_000 }),
    ] {
        lender.post(&path, body).await.is_problem(400, "invalid_body");
    }
    lender.post(&path, json!({ "reason": "x", "attempt": 9 })).await.is_problem(409, "nothing_taken");
    lender
        .post("/v1/payments/pay_0A01KJP3Q8ZB00000000000000/refunds", json!({ "reason": "x" }))
        .await
        .is_problem(404, "payment_not_found");
    lender.get(&format!("{path}/1")).await.is_problem(404, "refund_not_found");
    lender.get(&format!("{path}/x")).await.is_problem(404, "refund_not_found");
    lender.post(&format!("{path}/1/approve"), json!({})).await.is_problem(404, "refund_not_found");
    let other = house.lender("Other");
    other.post(&path, json!({ "reason": "x" })).await.is_problem(404, "payment_not_found");
    let writer = house.key(lender.tenant, &[KeyScope::Read, KeyScope::Write, KeyScope::Admin]);
    writer.post(&path, json!({ "reason": "x" })).await.is_problem(403, "scope_missing");
    assert_eq!(lender.get(&path).await.ok()["data"], json!([]), "nothing was refunded by trying");
}

#[tokio::test]
async fn while_the_outcome_is_unknown_nothing_goes_back() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    house.payments_answer("timeout");
    let order = lender.order(&borrower, "L-1", 10_000).await;
    let payment = format!("/v1/payments/{}", lender.payment(&order, &binding).await);
    lender.until(&payment, "status", "unknown").await;
    refund(&lender, &payment, 1).await.is_problem(409, "outcome_unknown");
    house.payments_answer("00");
    lender.until(&payment, "status", "succeeded").await;
    house.payments_answer("timeout");
    assert_eq!(refund(&lender, &payment, 6_000).await.status, 201);
    let unknown = lender.until(&format!("{payment}/refunds/1"), "status", "unknown").await;
    assert_eq!(unknown["cause"], "outcome_unknown");
    refund(&lender, &payment, 4_001).await.is_problem(422, "refund_too_much");
    house.payments_answer("00");
    lender.until(&format!("{payment}/refunds/1"), "status", "succeeded").await;
}

#[tokio::test]
async fn one_key_is_one_refund() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let payment = paid(&lender).await;
    let path = format!("{payment}/refunds");
    let body = json!({ "amount_minor": 1_000, "reason": "goodwill" });
    let first = lender.post_as("one", &path, body.clone()).await;
    let again = lender.post_as("one", &path, body).await;
    assert_eq!((first.status, &first.text), (201, &again.text));
    lender
        .post_as("one", &path, json!({ "amount_minor": 1_001, "reason": "goodwill" }))
        .await
        .is_problem(422, "idempotency_key_reused");
    assert_eq!(lender.get(&path).await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let payment = paid(&lender).await;
    let asks = (0..50).map(|_| {
        let (lender, payment) = (lender.clone(), payment.clone());
        tokio::spawn(async move { refund(&lender, &payment, 300).await.status })
    });
    let mut statuses = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        statuses.push(ask.await.unwrap());
    }
    // 33 times 3.00 fit into 100.00.
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 33, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 422].contains(status)), "{statuses:?}");
    let shown = lender.get(&payment).await.ok();
    assert_eq!(shown["refundable_minor"], 100);
    for number in 1..=33 {
        lender.until(&format!("{payment}/refunds/{number}"), "status", "succeeded").await;
    }
    assert_eq!(lender.get(&payment).await.ok()["refunded_minor"], 9_900);
}

#[tokio::test]
async fn above_the_threshold_another_key_approves() {
    let house = with(RefundPolicy { approve_above_minor: Some(5_000), ..RefundPolicy::default() });
    let lender = house.lender("Sunrise");
    lender.post("/v1/webhook_endpoints", json!({ "url": "https://example.com/in" })).await.ok();
    let payment = paid(&lender).await;
    let proposed = refund(&lender, &payment, 6_000).await.ok();
    assert_eq!((&proposed["status"], &proposed["tries"]), (&json!("proposed"), &json!([])));
    refund(&lender, &payment, 4_001).await.is_problem(422, "refund_too_much");
    let approve = format!("{payment}/refunds/1/approve");
    lender.post(&approve, json!({})).await.is_problem(409, "second_person_needed");
    house
        .key(lender.tenant, &[KeyScope::Write])
        .post(&approve, json!({}))
        .await
        .is_problem(403, "scope_missing");
    let second = house.key(lender.tenant, &[KeyScope::Refund]);
    let approved = second.post(&approve, json!({})).await.ok();
    assert_eq!(approved["approved_by"], second.key_id.to_string());
    lender.until(&format!("{payment}/refunds/1"), "status", "succeeded").await;
    let small = refund(&lender, &payment, 1).await.ok();
    assert_eq!(small["status"], "proposed", "small ones add up");
    let withdrawn = second.post(&format!("{payment}/refunds/2/withdraw"), json!({})).await.ok();
    assert_eq!(withdrawn["status"], "withdrawn");
    second
        .post(&format!("{payment}/refunds/2/approve"), json!({}))
        .await
        .is_problem(409, "refund_not_proposed");
    let told: Vec<_> =
        house.world.data().deliveries.values().map(|delivery| delivery.notice.kind.clone()).collect();
    for kind in ["refund_proposed", "refund_accepted", "refunded", "refund_withdrawn"] {
        assert!(told.contains(&format!("payment.{kind}")), "{kind}: {told:?}");
    }
}
