//! The document and the router say the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::House;

fn document() -> Value {
    serde_json::to_value(lockstep_api::openapi()).unwrap()
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every route there is, by hand: a new one is added here on purpose.
const ROUTES: &str = "
    DELETE /v1/api_keys/{id}
    DELETE /v1/bindings/{id}/stand_in
    DELETE /v1/webhook_endpoints/{id}
    GET /health/live
    GET /health/ready
    GET /openapi.json
    GET /problems/{code}
    GET /v1/api_keys
    GET /v1/audit
    GET /v1/bindings
    GET /v1/bindings/{id}
    GET /v1/borrowers
    GET /v1/borrowers/{id}
    GET /v1/channels
    GET /v1/orders
    GET /v1/orders/{id}
    GET /v1/payments
    GET /v1/payments/{id}
    GET /v1/payments/{id}/diagnosis
    GET /v1/payments/{id}/refunds
    GET /v1/payments/{id}/refunds/{number}
    GET /v1/payments/{id}/timeline
    GET /v1/reasons
    GET /v1/routing_rules
    GET /v1/webhook_deliveries
    GET /v1/webhook_endpoints
    POST /v1/api_keys
    POST /v1/bindings
    POST /v1/bindings/{id}/code
    POST /v1/bindings/{id}/mandates
    POST /v1/bindings/{id}/stand_in
    POST /v1/bindings/{id}/unbind
    POST /v1/bindings/{id}/verify
    POST /v1/borrowers
    POST /v1/callbacks/{channel}
    POST /v1/orders
    POST /v1/orders/{id}/cancel
    POST /v1/payments
    POST /v1/payments/{id}/attempts/{attempt}/outcome
    POST /v1/payments/{id}/attempts/{attempt}/outcome/approve
    POST /v1/payments/{id}/attempts/{attempt}/outcome/withdraw
    POST /v1/payments/{id}/cancel
    POST /v1/payments/{id}/refunds
    POST /v1/payments/{id}/refunds/{number}/approve
    POST /v1/payments/{id}/refunds/{number}/withdraw
    POST /v1/payments/{id}/try_now
    POST /v1/precheck
    POST /v1/webhook_deliveries/{id}/retry
    POST /v1/webhook_endpoints
    POST /v1/webhook_endpoints/{id}/rotate_secret
    PUT /v1/routing_rules";

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_route_is_documented_and_every_documented_route_answers() {
    let document = document();
    let documented: BTreeSet<_> =
        operations(&document).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let expected: BTreeSet<_> =
        ROUTES.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    assert_eq!(documented, expected);
    let house = House::asleep();
    let stranger = house.stranger();
    for path in document["paths"].as_object().unwrap().keys() {
        let concrete = path
            .replace("{id}", "x")
            .replace("{code}", "fault")
            .replace("{channel}", "unionpay")
            .replace("{number}", "1");
        for method in METHODS {
            let name = format!("{} {path}", method.to_uppercase());
            let request = stranger.request(&method.to_uppercase(), &concrete, &[], b"");
            let reply = stranger.send(request).await;
            let routed = reply.status != 405 && reply.json()["code"] != "route_not_found";
            assert_eq!(routed, documented.contains(&name), "{name} {}", reply.text);
        }
    }
}

#[test]
fn every_operation_is_complete() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{name}: its name is taken"
        );
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            summary.contains(" · ") && !summary.is_ascii(),
            "{name}: a summary in both languages: {summary}"
        );
        let open =
            ["/health", "/openapi", "/problems", "/v1/callbacks"].iter().any(|open| path.starts_with(open));
        let secured = operation["security"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one.get("api_key").is_some()));
        assert_eq!(secured, !open, "{name}: {}", operation["security"]);
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses {
            let content = response["content"].as_object().cloned().unwrap_or_default();
            let media_types: Vec<_> = content.keys().map(String::as_str).collect();
            match status.as_str() {
                "204" => assert!(media_types.is_empty(), "{name} {status}"),
                "200" | "201" => assert_eq!(media_types, ["application/json"], "{name} {status}"),
                _ => assert_eq!(media_types, ["application/problem+json"], "{name} {status}"),
            }
        }
        let has = |status: &str| responses.contains_key(status);
        assert!(has("500") && has("503"), "{name}");
        assert_eq!(has("401") && has("403") && has("429"), secured, "{name}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let keyed = parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["required"] == true);
        let mutating = ["POST", "PUT"].contains(&method.as_str()) && secured && path != "/v1/precheck";
        assert_eq!(keyed, mutating, "{name}: Idempotency-Key");
        if keyed {
            assert!(["400", "409", "413", "415", "422"].iter().all(|status| has(status)), "{name}");
        }
        for parameter in parameters {
            assert!(!parameter["schema"].to_string().contains("null"), "{name}: {parameter}");
            let (pattern, example) = (parameter["schema"]["pattern"].as_str(), parameter["example"].as_str());
            if pattern.is_some_and(|pattern| pattern.ends_with("{26}$")) && example.is_some() {
                assert_eq!(example.map(str::len), Some(30), "{name}: {parameter}");
            }
            if parameter["in"] == "path" {
                let schema = &parameter["schema"];
                let bounded = schema["minimum"].is_number() && schema["maximum"].is_number();
                assert!(schema["pattern"].is_string() || bounded, "{name}: {parameter}");
                assert!(has("404"), "{name}");
            }
        }
    }
}

#[test]
fn bodies_take_no_unknown_fields() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else {
            continue;
        };
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["additionalProperties"], json!(false), "{method} {path}: {name}");
    }
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#/components/schemas/").skip(1);
    for name in references.filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name} is referred to and missing");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let house = House::asleep();
    let served = house.stranger().get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.json(), document());
}
