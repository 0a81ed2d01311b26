//! One borrower's story, and what else can happen on the way.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, House};

#[tokio::test]
async fn bind_verify_owe_pay() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let made = lender.post("/v1/bindings", Client::card(&borrower)).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!((&made["masked"], &made["kind"]), (&json!("622202*********0000"), &json!("debit_card")));
    assert_eq!(
        made["mandates"][0]["terms"]["payee"], "Sunrise",
        "the payee is the lender unless it says otherwise"
    );
    let valid_until = made["mandates"][0]["terms"]["valid_until"].as_str().unwrap();
    assert!(valid_until.starts_with("2031-03-01T01:00:"), "five years: {valid_until}");
    let binding = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
    lender.until(&binding, "status", "awaiting_code").await;
    let verified =
        lender.post(&format!("{binding}/verify"), json!({ "channel": "unionpay", "code": "123456" })).await;
    assert_eq!(verified.status, 200);
    let usable = lender.until(&binding, "status", "usable").await;
    assert_eq!(*house.bank.entered.lock().unwrap(), ["123456"]);
    assert!(house.codes.is_empty());
    assert_eq!(usable["verification"]["status"], "proven");

    let order = lender.order(&borrower, "L-1", 125_000).await;
    let body = json!({ "order_id": order, "binding_id": made["id"] });
    let payment = lender.post("/v1/payments", body).await;
    assert_eq!(payment.status, 201);
    assert_eq!(payment.json()["amount"], json!({ "amount_minor": 125_000, "currency": "CNY" }));
    let path = format!("/v1/payments/{}", payment.json()["id"].as_str().unwrap());
    let paid = lender.until(&path, "status", "succeeded").await;
    assert_eq!(paid["attempts"].as_array().unwrap().len(), 1);
    let order = lender.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!((&order["status"], &order["outstanding_minor"]), (&json!("collected"), &json!(0)));

    let diagnosis = lender.get(&format!("{path}/diagnosis")).await.ok();
    assert_eq!((&diagnosis["cause"], &diagnosis["money"]), (&json!("success"), &json!("taken")));
    let timeline = lender.get(&format!("{path}/timeline")).await.ok();
    let kinds: Vec<_> =
        timeline["data"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert_eq!(kinds, ["created", "attempt_opened", "attempt_succeeded", "succeeded"]);
    assert_eq!(timeline["data"][1]["text"]["zh"], "第 1 次扣款发往渠道unionpay。");
    assert_eq!(timeline["data"][1]["text"]["en"], "Attempt 1 was opened on channel unionpay.");
    let audit = lender.get("/v1/audit").await.ok();
    assert!(
        audit["data"].as_array().unwrap().iter().any(
            |entry| entry["action"] == "payment.create" && entry["actor_id"] == lender.key_id.to_string()
        )
    );
}

#[tokio::test]
async fn a_decline_says_why_in_the_readers_language() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 500).await;
    house.payments_answer("64");
    let payment = lender.payment(&order, &binding).await;
    let path = format!("/v1/payments/{payment}");
    lender.get(&format!("{path}?wait_s=5")).await.ok();
    let seen = lender.get(&path).await.ok();
    assert!(seen["reason"].is_string(), "{seen}");
    let get = async |query: &str, accept: &str| {
        let headers = [("accept-language", accept)];
        let request = lender.request("GET", &format!("{path}/diagnosis{query}"), &headers, b"");
        lender.send(request).await.ok()
    };
    let english = get("", "en-GB,zh;q=0.5").await;
    assert_eq!(english["text"]["lang"], "en");
    assert_eq!(english["text"]["title"], english["title"]["en"]);
    let chosen = get("?lang=zh-CN", "en").await;
    assert_eq!(chosen["text"]["borrower"], chosen["borrower"]["zh"]);
    assert_eq!(get("", "").await["text"]["lang"], "zh-CN");
    for words in ["title", "borrower", "support", "next_step"] {
        assert!(english[words]["zh"].is_string() && english[words]["en"].is_string());
    }
}

#[tokio::test]
async fn an_unknown_outcome_blocks_everything_else() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 500).await;
    house.payments_answer("timeout");
    let payment = lender.payment(&order, &binding).await;
    let path = format!("/v1/payments/{payment}");
    let unknown = lender.until(&path, "status", "unknown").await;
    assert!(unknown["unknown_since"].is_string());
    lender.post(&format!("{path}/cancel"), json!({})).await.is_problem(409, "outcome_unknown");
    lender.post(&format!("{path}/try_now"), json!({})).await.is_problem(409, "outcome_unknown");
    let again = lender.post("/v1/payments", json!({ "order_id": order, "binding_id": binding })).await;
    assert_eq!(again.is_problem(409, "payment_under_way")["existing"], payment);
    lender.post(&format!("/v1/orders/{order}/cancel"), json!({})).await.is_problem(409, "payment_under_way");
    let diagnosis = lender.get(&format!("{path}/diagnosis")).await.ok();
    assert_eq!(
        (&diagnosis["money"], &diagnosis["cause"]),
        (&json!("not_known_yet"), &json!("outcome_unknown"))
    );
    house.payments_answer("00");
    lender.until(&path, "status", "succeeded").await;
}

#[tokio::test]
async fn a_payment_that_waits_can_be_brought_forward_or_taken_back() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let later = async |reference: &str| {
        let body = json!({
            "borrower_id": borrower, "reference": reference, "amount_minor": 900, "currency": "CNY",
            "due_at": "2026-03-20T09:00:00+08:00",
        });
        let order = lender.post("/v1/orders", body).await.ok()["id"].as_str().unwrap().to_owned();
        let payment = lender.payment(&order, &binding).await;
        (order, format!("/v1/payments/{payment}"))
    };
    let (order, path) = later("L-1").await;
    assert_eq!(lender.get(&path).await.ok()["next_try_at"], "2026-03-20T01:00:00.000Z");
    let cancelled = lender.post(&format!("{path}/cancel"), json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    let order = lender.post(&format!("/v1/orders/{order}/cancel"), json!({})).await.ok();
    assert_eq!(order["status"], "cancelled");
    lender.post(&format!("{path}/try_now"), json!({})).await.is_problem(409, "payment_ended");
    let (_, path) = later("L-2").await;
    lender.post(&format!("{path}/try_now"), json!({})).await.ok();
    lender.until(&path, "status", "succeeded").await;
}

#[tokio::test]
async fn an_account_is_proven_by_an_amount_that_nobody_is_told() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let body = json!({
        "borrower_id": borrower, "kind": "bank_account", "card_number": "11001234567890123",
        "holder_name": "王伟",
    });
    let made = lender.post("/v1/bindings", body).await.ok();
    assert_eq!(made["channels"], json!(["bankdirect"]), "left out, every channel that can");
    let path = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
    let awaiting = lender.until(&path, "status", "awaiting_amount").await;
    let sent = house.world.data().payments.values().next().unwrap().money.amount_minor;
    for answer in [&awaiting, &lender.get("/v1/payments").await.ok()] {
        assert!(answer.to_string().find("amount_minor").is_none(), "the amount is the proof: {answer}");
    }
    lender
        .post(&format!("{path}/verify"), json!({ "code": "123456" }))
        .await
        .is_problem(409, "no_code_expected");
    let wrong = lender.post(&format!("{path}/verify"), json!({ "amount_minor": sent % 99 + 1 })).await.ok();
    assert_eq!(wrong["verification"]["tries_left"], 2);
    lender.post(&format!("{path}/verify"), json!({ "amount_minor": sent })).await.ok();
    lender.until(&path, "status", "usable").await;
    lender
        .post(&format!("{path}/verify"), json!({ "amount_minor": sent }))
        .await
        .is_problem(409, "no_amount_expected");
}

#[tokio::test]
async fn a_second_mandate_its_code_and_the_end() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    let path = format!("/v1/bindings/{binding}");
    let terms =
        json!({ "payee": "收款方", "max_amount_minor": 100_000, "valid_until": "2027-01-01T00:00:00Z" });
    let added = lender
        .post(&format!("{path}/mandates"), json!({ "channel": "netsunion", "terms": terms }))
        .await
        .ok();
    let mandate =
        added["mandates"].as_array().unwrap().iter().find(|one| one["channel"] == "netsunion").unwrap();
    assert_eq!(mandate["terms"]["payee"], "收款方");
    let code = json!({ "channel": "netsunion" });
    let repeated = lender.post(&format!("{path}/mandates"), json!({ "channel": "netsunion" })).await;
    repeated.is_problem(409, "mandate_exists");
    let awaiting = async || {
        let seen = lender.get(&path).await.ok();
        seen["mandates"].as_array().unwrap().iter().any(|one| one["status"] == "awaiting_code")
    };
    while !awaiting().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lender.post(&format!("{path}/code"), code.clone()).await.is_problem(409, "code_too_soon");
    house.advance(Duration::from_secs(61));
    lender.post(&format!("{path}/code"), code).await.ok();
    while !awaiting().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lender.post(&format!("{path}/verify"), json!({ "code": "654321" })).await.ok();
    let unbound = lender.post(&format!("{path}/unbind"), json!({})).await.ok();
    assert_eq!(unbound["status"], "unbound");
    lender
        .post(&format!("{path}/verify"), json!({ "code": "654321" }))
        .await
        .is_problem(409, "binding_unbound");
    assert!(house.codes.is_empty(), "a code that nobody will fetch is dropped");
    let again = lender.post("/v1/bindings", Client::card(&borrower)).await;
    assert_eq!(again.status, 201, "the same card may be bound again");
}
