//! Another instrument of the borrower stands in, where the borrower has agreed.

use serde_json::{Value, json};

use crate::support::{Client, House};

const OTHER_CARD: &str = "6222020000000000018";

async fn usable(lender: &Client, mut body: Value) -> String {
    body["card_number"] = json!(OTHER_CARD);
    let made = lender.post("/v1/bindings", body).await.ok();
    let path = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
    lender.until(&path, "status", "awaiting_code").await;
    lender.post(&format!("{path}/verify"), json!({ "code": "123456" })).await.ok();
    lender.until(&path, "status", "usable").await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_second_card_is_debited_only_with_consent_and_named_everywhere() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let own = lender.usable_card(&borrower).await;
    let other = usable(&lender, Client::card(&borrower)).await;
    house.payments_answer("64");
    let order = lender.order(&borrower, "L-1", 100).await;
    let payment = lender.payment(&order, &own).await;
    let waiting = lender.until(&format!("/v1/payments/{payment}"), "status", "waiting").await;
    assert_eq!(waiting["attempts"].as_array().unwrap().len(), 1, "nobody has agreed");

    let path = format!("/v1/bindings/{other}/stand_in");
    let agreed = lender.post(&path, json!({})).await.ok();
    assert!(agreed["stand_in_agreed_at"].is_string());
    let order = lender.order(&borrower, "L-2", 100).await;
    let payment = lender.payment(&order, &own).await;
    let waiting = lender.until(&format!("/v1/payments/{payment}"), "status", "waiting").await;
    let attempts = waiting["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{waiting}");
    assert_eq!((&attempts[0]["binding_id"], &attempts[1]["binding_id"]), (&Value::Null, &json!(other)));
    assert_eq!(attempts[1]["instrument"], "622202*********0018");
    assert_eq!(waiting["binding_id"], json!(own), "the payment's own stays its own");
    assert_eq!(waiting["reason"], "insufficient_funds");
    let diagnosis = lender.get(&format!("/v1/payments/{payment}/diagnosis")).await.ok();
    assert_eq!(diagnosis["instruments"][0]["stand_in"], false);
    assert_eq!(
        diagnosis["instruments"][1],
        json!({ "attempt": 2, "binding_id": other, "masked": "622202*********0018", "stand_in": true })
    );
    let told = lender.get(&format!("/v1/payments/{payment}/timeline")).await.text;
    assert!(told.contains("备用账户") && told.contains("stand-in"), "{told}");

    assert_eq!(lender.delete(&path).await.status, 204);
    assert_eq!(lender.delete(&path).await.status, 204, "twice is as good as once");
    let shown = lender.get(&format!("/v1/bindings/{other}")).await.ok();
    assert!(shown["stand_in_agreed_at"].is_null());
    let audit = lender.get(&format!("/v1/audit?subject={other}")).await.text;
    for action in ["binding.agree_stand_in", "binding.withdraw_stand_in"] {
        assert_eq!(audit.matches(action).count(), 1, "{action}: {audit}");
    }
    lender.post(&format!("/v1/bindings/{other}/unbind"), json!({})).await.ok();
    lender.post(&path, json!({})).await.is_problem(409, "binding_unbound");
}

#[tokio::test]
async fn consent_may_come_with_the_binding() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let mut body = Client::card(&borrower);
    body["stand_in"] = json!(true);
    let made = lender.post("/v1/bindings", body.clone()).await.ok();
    assert!(made["stand_in_agreed_at"].is_string());
    body["stand_in"] = json!("yes");
    assert_eq!(lender.post("/v1/bindings", body).await.status, 400);
}

#[tokio::test]
async fn a_payment_without_a_second_mandate_offers_to_sign_one() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let mut body = Client::card(&borrower);
    body["channels"] = json!(["unionpay"]);
    let binding = usable(&lender, body).await;
    // The channel says that its limit of the day is reached: another channel could still take it.
    house.payments_answer("81");
    let order = lender.order(&borrower, "L-1", 100).await;
    let payment = lender.payment(&order, &binding).await;
    let mut seen = lender.get(&format!("/v1/payments/{payment}")).await.ok();
    for _ in 0..200 {
        if seen["reason"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        seen = lender.get(&format!("/v1/payments/{payment}")).await.ok();
    }
    let offer = &seen["offers"][0];
    assert_eq!(
        (&offer["action"], &offer["channel"]),
        (&json!("sign_mandate"), &json!("netsunion")),
        "{seen}"
    );
    assert!(seen["offers"].as_array().unwrap().len() == 1, "bankdirect doesn't sign cards: {seen}");
    let diagnosis = lender.get(&format!("/v1/payments/{payment}/diagnosis")).await.ok();
    assert_eq!(diagnosis["offers"][0]["href"], offer["href"]);
    assert!(diagnosis["offers"][0]["text"]["zh"].as_str().unwrap().contains("签约"));
    // The offer is an address that works.
    let href = offer["href"].as_str().unwrap();
    lender.post(href, json!({ "channel": "netsunion" })).await.ok();
}
