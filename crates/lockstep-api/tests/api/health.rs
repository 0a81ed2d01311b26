//! Health of channels and issuers, as `GET /v1/channels` shows it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, House};

async fn unionpay(lender: &Client) -> Value {
    let channels = lender.get("/v1/channels").await.ok();
    let data = channels["data"].as_array().unwrap();
    data.iter().find(|channel| channel["id"] == "unionpay").unwrap().clone()
}

/// Pays so many orders from one card.
async fn pay(lender: &Client, prefix: &str, count: usize, status: &str) {
    let borrower = lender.borrower(&format!("B-{prefix}")).await;
    let binding = lender.usable_card(&borrower).await;
    for number in 0..count {
        let order = lender.order(&borrower, &format!("{prefix}-{number}"), 100).await;
        let payment = lender.payment(&order, &binding).await;
        lender.until(&format!("/v1/payments/{payment}"), "status", status).await;
    }
}

#[tokio::test]
async fn a_channel_nobody_used_is_trusted_and_says_so_in_both_languages() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let channel = unionpay(&lender).await;
    let health = &channel["health"];
    assert_eq!(
        (&health["state"], &health["share_ppm"], &health["answers"]),
        (&json!("closed"), &json!(1_000_000), &json!(0))
    );
    assert_eq!(health["text"], json!({ "zh": "运行正常", "en": "Working" }));
    assert_eq!(channel["issuers"], json!([]));
    for absent in ["since", "closed_until", "changed_at", "typical_answer_ms", "last_answer_at"] {
        assert!(health.get(absent).is_none(), "{absent} of a channel that nothing is known of");
    }
}

#[tokio::test]
async fn declined_cards_leave_a_channel_in_use_and_silence_shuts_it() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    // 61: no such account. Final, and the borrower's own affair.
    house.payments_answer("61");
    pay(&lender, "D", 12, "failed").await;
    let health = unionpay(&lender).await["health"].clone();
    assert_eq!((&health["state"], &health["fault_rate_ppm"]), (&json!("closed"), &json!(0)));
    assert!(health["answers"].as_u64().unwrap() >= 12 && health["last_answer_at"].is_string());

    house.payments_answer("timeout");
    let borrower = lender.borrower("B-T").await;
    let binding = lender.usable_card(&borrower).await;
    for number in 0..12 {
        let order = lender.order(&borrower, &format!("T-{number}"), 100).await;
        let body = json!({ "order_id": order, "binding_id": binding });
        lender.post("/v1/payments", body).await;
    }
    // All of it is one bank's, so the narrower place is blamed first.
    let mut channel = Value::Null;
    for _ in 0..300 {
        channel = unionpay(&lender).await;
        if channel["issuers"][0]["health"]["state"] == "open" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cell = &channel["issuers"][0];
    assert_eq!(
        (&cell["direction"], &cell["health"]["state"]),
        (&json!("collect"), &json!("open")),
        "{channel}"
    );
    assert_eq!(cell["health"]["share_ppm"], 0);
    assert!(cell["health"]["since"].is_string() && cell["health"]["closed_until"].is_string());
    assert_eq!(cell["health"]["text"], json!({ "zh": "异常，已暂停使用", "en": "In trouble, not used" }));
    assert!(cell["health"]["fault_rate_ppm"].as_u64().unwrap() > 0);
    let issuers = lender.get("/v1/channels").await.ok()["issuers"].clone();
    assert_eq!(issuers[0]["issuer"], cell["issuer"]);
    // Nothing of a borrower is in it.
    let text = lender.get("/v1/channels").await.text;
    for secret in [crate::support::CARD, crate::support::MOBILE, crate::support::NAME] {
        assert!(!text.contains(secret));
    }
}
