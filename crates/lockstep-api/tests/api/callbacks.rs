//! What channels send by themselves, and what pretends to be that.

use lockstep_engine::port::InboxState;
use serde_json::{Value, json};

use crate::support::{Client, House, MONDAY_MS, Reply};

const PATH: &str = "/v1/callbacks/unionpay";

async fn send(from: &Client, path: &str, time_ms: i64, body: &Value, signature: Option<&str>) -> Reply {
    let body = body.to_string();
    let right = format!("signed-{}", body.len());
    let (signature, time) = (signature.unwrap_or(&right), time_ms.to_string());
    let headers = [("x-signature", signature), ("x-time", &time), ("content-type", "text/plain")];
    from.send(from.request("POST", path, &headers, body.as_bytes())).await
}

fn notice(message_id: &str, order_no: &str) -> Value {
    json!({
        "message_id": message_id, "channel": "unionpay", "order_no": order_no, "code": "00",
        "channel_ref": null, "amount_minor": 100,
    })
}

#[tokio::test]
async fn a_genuine_one_is_stored_once_and_acknowledged_again() {
    let house = House::asleep();
    let channel = house.stranger();
    let body = notice("m-1", "unknown order");
    assert_eq!(send(&channel, PATH, MONDAY_MS, &body, None).await.ok(), json!({ "status": "stored" }));
    assert_eq!(send(&channel, PATH, MONDAY_MS, &body, None).await.ok(), json!({ "status": "known" }));
    let data = house.world.data();
    assert_eq!(data.inbox.len(), 1);
    assert_eq!(data.inbox.values().next().unwrap().state, InboxState::New);
}

#[tokio::test]
async fn forgeries_leave_nothing() {
    let house = House::asleep();
    let channel = house.stranger();
    let body = notice("m-1", "o-1");
    let right = format!("signed-{}", body.to_string().len());
    for signature in ["", "signed", "signed-0", "SIGNED-1", &format!("{right} "), &right[..right.len() - 1]] {
        // Trailing blanks are no part of a header's value, so that one is the right signature on a longer
        // body.
        let mut body = body.clone();
        body["channel_ref"] = json!("x");
        send(&channel, PATH, MONDAY_MS, &body, Some(signature)).await.is_problem(401, "callback_refused");
    }
    for time_ms in [0, MONDAY_MS - 300_001, MONDAY_MS + 400_000, i64::MIN, i64::MAX] {
        send(&channel, PATH, time_ms, &body, None).await.is_problem(401, "callback_refused");
    }
    send(&channel, "/v1/callbacks/netsunion", MONDAY_MS, &body, None)
        .await
        .is_problem(401, "callback_refused");
    for path in ["/v1/callbacks/nobody", "/v1/callbacks/UNIONPAY", "/v1/callbacks/..", "/v1/callbacks/%00"] {
        send(&channel, path, MONDAY_MS, &body, None).await.is_problem(404, "callback_channel_not_found");
    }
    for body in [json!({}), json!([]), json!("x"), json!({ "message_id": "m" })] {
        send(&channel, PATH, MONDAY_MS, &body, None).await.is_problem(400, "invalid_body");
    }
    let huge = json!({ "message_id": "x".repeat(70_000) });
    send(&channel, PATH, MONDAY_MS, &huge, None).await.is_problem(413, "body_too_large");
    assert!(house.world.data().inbox.is_empty());
}

#[tokio::test]
async fn what_can_not_be_stored_is_not_acknowledged() {
    let house = House::asleep();
    house.world.data().broken = true;
    let reply = send(&house.stranger(), PATH, MONDAY_MS, &notice("m-1", "o-1"), None).await;
    reply.is_problem(503, "temporary_fault");
}

#[tokio::test]
async fn a_notice_ends_an_unknown_by_asking() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 100).await;
    house.payments_answer("timeout");
    let payment = lender.payment(&order, &binding).await;
    let path = format!("/v1/payments/{payment}");
    let unknown = lender.until(&path, "status", "unknown").await;
    house.payments_answer("00");
    let order_no = unknown["attempts"][0]["order_no"].as_str().unwrap();
    send(&house.stranger(), PATH, MONDAY_MS, &notice("m-1", order_no), None).await.ok();
    lender.until(&path, "status", "succeeded").await;
}
