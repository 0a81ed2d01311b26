//! Lists, the catalogue, the channels and the checks.

use std::time::Duration;

use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    lender.borrower("B-2").await;
    for number in 0..5 {
        house.advance(Duration::from_secs(1));
        lender.order(&borrower, &format!("L-{number}"), 100).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=2".to_owned();
    loop {
        let page = lender.get(&path).await.ok();
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["reference"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/orders?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["L-4", "L-3", "L-2", "L-1", "L-0"]);
    let count = async |path: &str| lender.get(path).await.ok()["data"].as_array().unwrap().len();
    assert_eq!(count("/v1/borrowers").await, 2);
    assert_eq!(count("/v1/borrowers?reference=B-2").await, 1);
    assert_eq!(count(&format!("/v1/orders?borrower_id={borrower}&status=open&reference=L-3")).await, 1);
    assert_eq!(count("/v1/orders?due_from=2026-03-02T00:00:00Z").await, 0);
    assert_eq!(count("/v1/orders?status=collected").await, 0);
    assert_eq!(count("/v1/payments?created_until=2026-03-02T00:00:00%2B08:00&status=failed").await, 0);
}

#[tokio::test]
async fn the_catalogue_the_channels_and_the_checks() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let reasons = lender.get("/v1/reasons").await.ok();
    assert!(reasons["data"].as_array().unwrap().len() > 30);
    let channels = lender.get("/v1/channels").await.ok();
    assert_eq!(channels["data"].as_array().unwrap().len(), 3);
    assert_eq!(channels["data"][2]["open_now"], true);
    let checked =
        lender.post("/v1/precheck", json!({ "card_number": "6222020000000000001", "mobile": "1380013800" }));
    let checked = checked.await.ok();
    assert_eq!(checked["usable"], false);
    let fields: Vec<_> =
        checked["findings"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, ["card_number", "mobile"]);
    let fine = lender.post("/v1/precheck", json!({ "card_number": "6222 0200 0000 0000 000" })).await.ok();
    assert_eq!((&fine["usable"], &fine["card_kind"]), (&json!(true), &json!("debit")));
    lender.post("/v1/precheck", json!({})).await.is_problem(422, "invalid_fields");
}
