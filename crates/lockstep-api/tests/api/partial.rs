//! Orders that may be collected in parts, and orders that were late through no fault of the borrower's.

use serde_json::{Value, json};

use crate::support::House;

fn order(borrower: &str, reference: &str, partial: Value) -> Value {
    json!({
        "borrower_id": borrower, "reference": reference, "amount_minor": 125_000, "currency": "CNY",
        "due_at": "2026-03-02T09:00:00+08:00", "partial": partial,
    })
}

#[tokio::test]
async fn the_lender_says_whether_an_order_may_be_split() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let made = lender.post("/v1/orders", order(&borrower, "L-1", json!({ "min_minor": 20_000 }))).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["partial"], json!({ "min_minor": 20_000, "when_no_funds": false }));
    let whole = lender.post("/v1/orders", order(&borrower, "L-2", Value::Null)).await;
    assert_eq!(whole.status, 201);
    let whole = whole.json();
    assert!(whole.get("partial").is_none() && whole.get("excused").is_none(), "{whole}");
}

#[tokio::test]
async fn what_can_not_be_a_part_is_refused_by_its_field() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    for wrong in [
        json!({ "min_minor": 0 }),
        json!({ "min_minor": -1 }),
        json!({ "min_minor": 125_001 }),
        json!({ "min_minor": i64::MAX }),
        json!({ "min_minor": 1.5 }),
        json!({ "min_minor": "20000" }),
        json!({}),
        json!({ "min_minor": 1, "max_minor": 2 }),
        json!([]),
        json!(true),
    ] {
        let reply = lender.post("/v1/orders", order(&borrower, "L-1", wrong.clone())).await;
        assert!(matches!(reply.status, 400 | 422), "{wrong}: {}", reply.status);
    }
    let reply = lender.post("/v1/orders", order(&borrower, "L-1", json!({ "min_minor": 125_001 }))).await;
    assert!(reply.text.contains("partial.min_minor"), "the field is named: {}", reply.text);
    let fine = lender.post("/v1/orders", order(&borrower, "L-1", json!({ "min_minor": 125_000 }))).await;
    assert_eq!(fine.status, 201, "nothing was left behind");
}

#[tokio::test]
async fn a_technical_delay_is_seen_on_the_order_and_in_the_diagnosis() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    // UnionPay: outside its hours.
    *house.bank.money.lock().unwrap() = "39";
    let order = lender.order(&borrower, "L-1", 125_000).await;
    let payment = lender.payment(&order, &binding).await;
    let path = format!("/v1/payments/{payment}");
    lender.until(&path, "status", "waiting").await;
    let seen = lender.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!(seen["excused"]["reason"], "outside_hours", "{seen}");
    assert!(seen["excused"].get("until").is_none());
    let diagnosis = lender.get(&format!("{path}/diagnosis")).await.ok();
    let evidence = diagnosis["evidence"].to_string();
    assert!(
        evidence.contains("不是借款人的责任") && evidence.contains("not the borrower's fault"),
        "{evidence}"
    );
}
