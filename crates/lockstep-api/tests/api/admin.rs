//! Keys, endpoints, deliveries.

use lockstep_engine::port::KeyScope;
use serde_json::json;

use crate::support::{Client, House, named};

#[tokio::test]
async fn a_key_is_made_used_and_revoked() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let body = json!({ "name": "reporting", "scopes": ["read"] });
    let made = lender.post("/v1/api_keys", body).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("lsk_") && secret.len() == 47);
    let reader = lender.with_secret(secret);
    assert_eq!(reader.get("/v1/payments").await.status, 200);
    reader.post("/v1/borrowers", json!({ "reference": "x" })).await.is_problem(403, "scope_missing");
    reader.get("/v1/api_keys").await.is_problem(403, "scope_missing");
    let listed = lender.get("/v1/api_keys").await;
    assert!(!listed.text.contains("lsk_") && !listed.text.contains("hash"), "{}", listed.text);
    let path = format!("/v1/api_keys/{}", made["id"].as_str().unwrap());
    assert_eq!(lender.delete(&path).await.status, 204);
    reader.get("/v1/payments").await.is_problem(401, "unauthenticated");
    lender.delete(&path).await.is_problem(404, "api_key_not_found");
    let own = format!("/v1/api_keys/{}", lender.key_id);
    lender.delete(&own).await.is_problem(409, "api_key_is_the_callers");
    for body in [
        json!({ "name": "", "scopes": ["read"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["read", "read"] }),
    ] {
        lender.post("/v1/api_keys", body).await.is_problem(422, "invalid_fields");
    }
    let root = json!({ "name": "x", "scopes": ["root"] });
    lender.post("/v1/api_keys", root).await.is_problem(400, "invalid_body");
}

#[tokio::test]
async fn no_key_makes_one_that_reaches_further_or_the_keys_of_two_people() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let admin = house.key(lender.tenant, &[KeyScope::Admin, KeyScope::Read]);
    let keys = async || lender.get("/v1/api_keys").await.ok()["data"].as_array().unwrap().len();
    let before = keys().await;
    let ask = |scopes: &[&str]| json!({ "name": "x", "scopes": scopes });
    let problem =
        admin.post("/v1/api_keys", ask(&["read", "write"])).await.is_problem(403, "scope_not_given");
    assert_eq!(named(&problem), [("scopes[1]".to_owned(), "not_held".to_owned())]);
    // Not even a key that has them: whoever holds one would be both people.
    for scope in ["refund", "approve"] {
        let problem = lender.post("/v1/api_keys", ask(&[scope])).await.is_problem(403, "scope_not_given");
        assert_eq!(named(&problem), [("scopes[0]".to_owned(), "command_line_only".to_owned())]);
        assert!(problem.to_string().contains("lockstep key create"), "{problem}");
    }
    assert_eq!(keys().await, before);
    admin.post("/v1/api_keys", ask(&["read", "admin"])).await.ok();
    let problem = admin.post("/v1/borrowers", json!({ "reference": "x" })).await;
    let problem = problem.is_problem(403, "scope_missing");
    assert!(problem["detail"].as_str().unwrap().contains("the scope write"), "{problem}");
    assert!(problem["detail_zh"].as_str().unwrap().contains("write 权限"), "{problem}");
}

#[tokio::test]
async fn an_endpoint_is_made_rotated_and_removed() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let body = json!({ "url": "https://example.com/in", "kinds": ["payment.succeeded", "payment.failed"] });
    let made = lender.post("/v1/webhook_endpoints", body).await.ok();
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let first = made["secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("whsec_"));
    let rotated = lender.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    assert_ne!(rotated["secret"], made["secret"]);
    {
        let data = house.world.data();
        let endpoint = data.endpoints.values().next().unwrap();
        assert_eq!(endpoint.secrets.len(), 2);
        assert!(endpoint.secrets.iter().all(|secret| !secret.contains("whsec_")), "sealed at rest");
    }
    assert!(!lender.get("/v1/webhook_endpoints").await.text.contains("whsec_"));
    assert_eq!(lender.delete(&path).await.status, 204);
    lender.delete(&path).await.is_problem(404, "webhook_endpoint_not_found");
    let reply = lender.post(&format!("{path}/rotate_secret"), json!({})).await;
    reply.is_problem(404, "webhook_endpoint_not_found");
    for (body, field) in [
        (json!({ "url": "http://example.com/" }), "url"),
        (json!({ "url": "https://127.0.0.1/" }), "url"),
        (json!({ "url": "https://[::ffff:10.0.0.1]/" }), "url"),
        (json!({ "url": "https://example.com/", "kinds": ["payment.lost"] }), "kinds[0]"),
        (
            json!({ "url": "https://example.com/", "kinds": ["order.collected", "order.collected"] }),
            "kinds[1]",
        ),
    ] {
        let problem = lender.post("/v1/webhook_endpoints", body).await.is_problem(422, "invalid_fields");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    for number in 0..16 {
        lender
            .post("/v1/webhook_endpoints", json!({ "url": format!("https://example.com/{number}") }))
            .await
            .ok();
    }
    let more = lender.post("/v1/webhook_endpoints", json!({ "url": "https://example.com/more" })).await;
    more.is_problem(422, "too_many_webhook_endpoints");
}

#[tokio::test]
async fn a_dead_message_is_sent_again_by_hand() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    lender.post("/v1/webhook_endpoints", json!({ "url": "https://example.com/in" })).await.ok();
    let borrower = lender.borrower("B-1").await;
    lender.post("/v1/bindings", Client::card(&borrower)).await.ok();
    let listed = lender.get("/v1/webhook_deliveries?state=pending").await.ok();
    assert_eq!(listed["data"][0]["kind"], "binding.verifying");
    let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/webhook_deliveries/{id}/retry");
    lender.post(&path, json!({})).await.is_problem(404, "webhook_delivery_not_found");
    house.world.data().deliveries.values_mut().for_each(|delivery| delivery.state = "dead".to_owned());
    assert_eq!(lender.get("/v1/webhook_deliveries?state=dead").await.ok()["data"][0]["id"], id);
    assert_eq!(lender.post(&path, json!({})).await.ok()["state"], "pending");
    lender.get("/v1/webhook_deliveries?state=lost").await.is_problem(400, "invalid_query");
}
