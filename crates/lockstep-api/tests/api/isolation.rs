//! One lender sees and touches only its own: every route, every kind of id, every kind of caller.

use lockstep_engine::port::KeyScope;
use serde_json::{Value, json};

use crate::support::{Client, House, Reply};

/// The ids of one lender's things, by what stands in a path before `{id}`.
async fn things(house: &House, lender: &Client) -> Vec<(&'static str, String)> {
    let borrower = lender.borrower("B-1").await;
    let endpoint =
        lender.post("/v1/webhook_endpoints", json!({ "url": "https://example.com/in" })).await.ok();
    let binding = lender.usable_card(&borrower).await;
    let order = lender.order(&borrower, "L-1", 100).await;
    let payment = lender.payment(&order, &binding).await;
    lender.until(&format!("/v1/payments/{payment}"), "status", "succeeded").await;
    let refund = json!({ "amount_minor": 1, "reason": "goodwill" });
    lender.post(&format!("/v1/payments/{payment}/refunds"), refund).await.ok();
    let key = lender.post("/v1/api_keys", json!({ "name": "x", "scopes": ["read"] })).await.ok();
    let delivery = {
        let mut data = house.world.data();
        let delivery =
            data.deliveries.values_mut().find(|delivery| delivery.tenant == lender.tenant).unwrap();
        delivery.state = "dead".to_owned();
        delivery.id.to_string()
    };
    let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
    vec![
        ("borrowers", borrower),
        ("bindings", binding),
        ("orders", order),
        ("payments", payment),
        ("webhook_endpoints", text(&endpoint)),
        ("webhook_deliveries", delivery),
        ("api_keys", text(&key)),
    ]
}

/// Every operation of the document that has an id in its path.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(lockstep_api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "delete"] {
            if path.contains("{id}") && item.get(method).is_some() {
                found.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

async fn call(client: &Client, method: &str, path: &str) -> Reply {
    match (method, path.rsplit('/').next()) {
        ("POST", Some("code")) => client.post(path, json!({ "channel": "unionpay" })).await,
        ("POST", Some("mandates")) => client.post(path, json!({ "channel": "netsunion" })).await,
        ("POST", Some("outcome")) => {
            client.post(path, json!({ "outcome": "moved", "evidence": "called the bank" })).await
        }
        ("POST", Some("approve")) if path.contains("/refunds/") => client.post(path, json!({})).await,
        ("POST", Some("approve")) => client.post(path, json!({ "outcome": "moved" })).await,
        ("POST", Some("verify")) => {
            client.post(path, json!({ "channel": "unionpay", "code": "123456" })).await
        }
        ("POST", Some("refunds")) => client.post(path, json!({ "reason": "goodwill" })).await,
        ("POST", _) => client.post(path, json!({})).await,
        ("DELETE", _) => client.delete(path).await,
        _ => client.get(path).await,
    }
}

/// A problem without what differs from request to request.
fn comparable(reply: &Reply) -> Value {
    let mut problem = reply.json();
    problem["instance"] = Value::Null;
    problem
}

#[tokio::test]
async fn the_matrix() {
    let house = House::open();
    let (owner, other) = (house.lender("Owner"), house.lender("Other"));
    let theirs = things(&house, &owner).await;
    things(&house, &other).await;
    let reader = house.key(owner.tenant, &[KeyScope::Read]);
    let nobody = house.key(owner.tenant, &[]);
    let operations = operations();
    assert!(operations.len() >= 16, "{operations:?}");
    for (method, template) in operations {
        let template = template.replace("{attempt}", "1");
        let collection = template.split('/').nth(2).unwrap();
        let (_, id) = theirs.iter().find(|(name, _)| *name == collection).unwrap();
        let template = template.replace("{number}", "1");
        let path = template.replace("{id}", id);
        // The last character is random; one that nobody was given.
        let absent = template.replace("{id}", &format!("{}{}", &id[..id.len() - 6], "000000"));
        let malformed = template.replace("{id}", "x");
        let foreign = call(&other, &method, &path).await;
        assert_eq!(foreign.status, 404, "{method} {path} {}", foreign.text);
        for same in [&absent, &malformed] {
            let unknown = call(&other, &method, same).await;
            assert_eq!(comparable(&foreign), comparable(&unknown), "{method} {same}");
        }
        call(&house.stranger(), &method, &path).await.is_problem(401, "unauthenticated");
        call(&nobody, &method, &path).await.is_problem(403, "scope_missing");
        let read = call(&reader, &method, &path).await;
        match method.as_str() {
            "GET" => assert_eq!(read.status, 200, "{path} {}", read.text),
            _ => drop(read.is_problem(403, "scope_missing")),
        }
    }
    let order = &theirs[2].1;
    assert_eq!(owner.get(&format!("/v1/orders/{order}")).await.status, 200, "nothing was changed by trying");
}

#[tokio::test]
async fn things_of_others_in_bodies_and_filters_do_not_exist() {
    let house = House::open();
    let (owner, other) = (house.lender("Owner"), house.lender("Other"));
    let theirs = things(&house, &owner).await;
    let own = things(&house, &other).await;
    let id = |things: &[(&str, String)], name: &str| {
        things.iter().find(|(found, _)| *found == name).unwrap().1.clone()
    };
    let mut card = Client::card(&id(&theirs, "borrowers"));
    other.post("/v1/bindings", card.clone()).await.is_problem(404, "borrower_not_found");
    card["borrower_id"] = json!("bor_0A01KJP3Q8ZB00000000000000");
    other.post("/v1/bindings", card).await.is_problem(404, "borrower_not_found");
    let body = json!({
        "borrower_id": id(&theirs, "borrowers"), "reference": "L-9", "amount_minor": 5, "currency": "CNY",
        "due_at": "2026-03-01T09:00:00Z",
    });
    other.post("/v1/orders", body).await.is_problem(404, "borrower_not_found");
    let pay = |order: String, binding: String| json!({ "order_id": order, "binding_id": binding });
    let (orders, bindings) = ("orders", "bindings");
    let reply = other.post("/v1/payments", pay(id(&theirs, orders), id(&theirs, bindings))).await;
    reply.is_problem(404, "order_not_found");
    let reply = other.post("/v1/payments", pay(id(&theirs, orders), id(&own, bindings))).await;
    reply.is_problem(404, "order_not_found");
    let reply = other.post("/v1/payments", pay(id(&own, orders), id(&theirs, bindings))).await;
    reply.is_problem(404, "binding_not_found");
    for path in [
        format!("/v1/bindings?borrower_id={}", id(&theirs, "borrowers")),
        format!("/v1/orders?borrower_id={}", id(&theirs, "borrowers")),
        format!("/v1/payments?order_id={}", id(&theirs, orders)),
        format!("/v1/audit?subject={}", id(&theirs, "payments")),
    ] {
        assert_eq!(other.get(&path).await.ok()["data"], json!([]), "{path}");
    }
    for list in
        ["borrowers", "bindings", "orders", "payments", "webhook_endpoints", "webhook_deliveries", "api_keys"]
    {
        let text = other.get(&format!("/v1/{list}")).await.text;
        assert!(theirs.iter().all(|(_, id)| !text.contains(id.as_str())), "{list}: {text}");
    }
}

#[tokio::test]
async fn keys_are_believed_in_one_form_only() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let secret = lender.secret.clone().unwrap();
    let stranger = house.stranger();
    for header in [
        secret.clone(),
        format!("Basic {secret}"),
        format!("Bearer{secret}"),
        format!("Bearer  {secret}"),
        format!("Bearer {secret}x"),
        format!("Bearer {}", &secret[..secret.len() - 1]),
        format!("Bearer {}", secret.to_uppercase()),
        "Bearer lsk_".to_owned(),
        format!("Bearer lsk_{}", "x".repeat(1000)),
        "Bearer".to_owned(),
        String::new(),
    ] {
        let request = stranger.request("GET", "/v1/payments", &[("authorization", &header)], b"");
        let reply = stranger.send(request).await;
        reply.is_problem(401, "unauthenticated");
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        assert!(!reply.text.contains("lsk_0") && !reply.text.contains(&secret));
    }
    let value = format!("bearer {secret}");
    let twice = [("authorization", value.as_str()), ("authorization", value.as_str())];
    stranger
        .send(stranger.request("GET", "/v1/payments", &twice, b""))
        .await
        .is_problem(401, "unauthenticated");
    assert_eq!(stranger.send(stranger.request("GET", "/v1/payments", &twice[..1], b"")).await.status, 200);
}
