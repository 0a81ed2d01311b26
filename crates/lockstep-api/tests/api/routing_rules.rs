//! A lender's own rules about channels: put in place, in force at once, and attacked.

use lockstep_engine::port::KeyScope;
use serde_json::{Value, json};

use crate::support::{Client, House};

const PATH: &str = "/v1/routing_rules";

fn pin(version: u64, channel: &str) -> Value {
    json!({ "version": version, "rules": [{ "name": "mine", "then": { "pin": [channel] } }] })
}

async fn channel_of(client: &Client, binding: &str, borrower: &str, reference: &str) -> Value {
    let order = client.order(borrower, reference, 100).await;
    let payment = client.payment(&order, binding).await;
    client.get(&format!("/v1/payments/{payment}")).await.ok()
}

#[tokio::test]
async fn rules_are_in_force_with_the_next_payment_and_for_their_lender_only() {
    let house = House::open();
    let (lender, other) = (house.lender("Sunrise"), house.lender("Other"));
    let mut cards = Vec::new();
    for client in [&lender, &other] {
        let borrower = client.borrower("B-1").await;
        cards.push((client.usable_card(&borrower).await, borrower));
    }
    let (binding, borrower) = &cards[0];
    assert_eq!(lender.get(PATH).await.ok(), json!({ "version": 0, "rules": [] }));
    let before = channel_of(&lender, binding, borrower, "L-1").await;
    let first = before["attempts"][0]["channel"].as_str().unwrap().to_owned();
    assert_eq!(before["attempts"][0]["considered"][0]["share_ppm"], 1_000_000);

    // The card holds one mandate; a rule that leaves it out is refused with what could be signed instead.
    let elsewhere = if first == "unionpay" { "netsunion" } else { "unionpay" };
    let put = lender.put(PATH, pin(0, elsewhere)).await.ok();
    assert_eq!(put["version"], 1);
    let order = lender.order(borrower, "L-2", 100).await;
    let refused = lender.post("/v1/payments", json!({ "order_id": order, "binding_id": binding })).await;
    let problem = refused.is_problem(422, "no_live_mandate");
    assert_eq!(problem["offers"][0]["channel"], elsewhere, "{problem}");
    assert_eq!(problem["offers"][0]["href"], format!("/v1/bindings/{binding}/mandates"));
    // Another lender's payments are not touched.
    channel_of(&other, &cards[1].0, &cards[1].1, "L-1").await;

    assert_eq!(lender.put(PATH, pin(1, &first)).await.ok()["version"], 2);
    let after = channel_of(&lender, binding, borrower, "L-3").await;
    assert_eq!(after["attempts"][0]["channel"], first);
    assert_eq!(other.get(PATH).await.ok()["version"], 0);
    let audit = lender.get("/v1/audit").await;
    assert_eq!(audit.text.matches("routing_rules.replace").count(), 2, "{}", audit.text);
    assert!(!other.get("/v1/audit").await.text.contains("routing_rules"));
}

#[tokio::test]
async fn a_stale_version_undoes_nobodys_change_and_a_repeat_is_answered_as_before() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let key = [("idempotency-key", "\"k-1\"")];
    let body = pin(0, "unionpay");
    let first = lender.put_with(&key, PATH, body.clone()).await;
    let again = lender.put_with(&key, PATH, body.clone()).await;
    assert_eq!((first.status, &first.text), (200, &again.text));
    assert!(!first.replayed() && again.replayed());
    lender.put_with(&key, PATH, pin(1, "netsunion")).await.is_problem(422, "idempotency_key_reused");
    lender.put(PATH, pin(0, "netsunion")).await.is_problem(409, "routing_rules_changed");
    lender.put(PATH, pin(7, "netsunion")).await.is_problem(409, "routing_rules_changed");
    lender.put(PATH, pin(9_007_199_254_740_991, "netsunion")).await.is_problem(409, "routing_rules_changed");
    let read = lender.get(PATH).await.ok();
    assert_eq!((&read["version"], &read["rules"][0]["then"]["pin"][0]), (&json!(1), &json!("unionpay")));
    // The answer got lost after the rules were in place: the repeat finds them there.
    house.world.data().forget_answers = 1;
    let key = [("idempotency-key", "\"k-2\"")];
    assert_eq!(lender.put_with(&key, PATH, pin(1, "netsunion")).await.status, 503);
    assert_eq!(lender.put_with(&key, PATH, pin(1, "netsunion")).await.ok()["version"], 2);
    // Ten at once: one wins.
    let calls = (0..10).map(|_| lender.put(PATH, pin(2, "unionpay")));
    let statuses: Vec<_> = futures::future::join_all(calls).await.iter().map(|reply| reply.status).collect();
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    assert_eq!(lender.get(PATH).await.ok()["version"], 3);
}

#[tokio::test]
async fn wrong_rules_are_named_by_rule_and_field_and_change_nothing() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let one = |when: Value, then: Value| json!([{ "name": "r", "when": when, "then": then }]);
    let cases = [
        (one(json!({}), json!({ "pin": ["paypal"] })), "rules[0].then.pin", "channel"),
        (one(json!({}), json!({ "pin": ["Not A Channel"] })), "rules[0].then.pin[0]", "channel"),
        (one(json!({}), json!({ "pin": [] })), "rules[0].then.pin", "length"),
        (one(json!({}), json!({ "prefer": ["unionpay", "unionpay"] })), "rules[0].then.prefer", "repeated"),
        (
            one(json!({}), json!({ "split": { "shares_ppm": { "unionpay": 1, "netsunion": 2 } } })),
            "rules[0].then.split.shares_ppm",
            "sum",
        ),
        (
            one(json!({}), json!({ "split": { "shares_ppm": { "unionpay": 1_000_000, "netsunion": 0 } } })),
            "rules[0].then.split.shares_ppm",
            "zero",
        ),
        (
            one(json!({ "amount_min_minor": 2, "amount_max_minor": 1 }), json!({ "pin": ["unionpay"] })),
            "rules[0].when.amount_max_minor",
            "contradiction",
        ),
        (
            one(json!({ "direction": "pay_out" }), json!({ "pin": ["unionpay"] })),
            "rules[0].then.pin",
            "contradiction",
        ),
        (
            one(json!({}), json!({ "exclude": ["unionpay", "netsunion", "bankdirect"] })),
            "rules[0].then.exclude",
            "contradiction",
        ),
        (
            one(
                json!({ "hours": { "from_minute": 60, "until_minute": 60 } }),
                json!({ "pin": ["unionpay"] }),
            ),
            "rules[0].when.hours",
            "hours",
        ),
        (one(json!({ "issuer": "工行" }), json!({ "pin": ["unionpay"] })), "rules[0].when.issuer", "issuer"),
        (
            one(json!({ "currency": "RMB" }), json!({ "pin": ["unionpay"] })),
            "rules[0].when.currency",
            "currency",
        ),
        (
            json!([
                { "name": "all", "then": { "pin": ["unionpay"] } },
                { "name": "some", "when": { "issuer": "ICBC" }, "then": { "pin": ["netsunion"] } }
            ]),
            "rules[1].when",
            "unreachable",
        ),
        (
            json!([
                { "name": "a", "when": { "issuer": "ICBC" }, "then": { "pin": ["unionpay"] } },
                { "name": "a", "then": { "pin": ["netsunion"] } }
            ]),
            "rules[1].name",
            "repeated",
        ),
        (json!([{ "name": "a\u{0}b", "then": { "pin": ["unionpay"] } }]), "rules[0].name", "name"),
    ];
    for (rules, field, code) in cases {
        let problem =
            lender.put(PATH, json!({ "version": 0, "rules": rules })).await.is_problem(422, "invalid_fields");
        let told = problem["errors"].as_array().unwrap();
        let named = told.iter().find(|one| one["field"] == field && one["code"] == code);
        assert!(named.is_some(), "{field} {code}: {problem}");
        assert!(!named.unwrap()["message"]["zh"].as_str().unwrap().is_empty());
    }
    assert_eq!(lender.get(PATH).await.ok()["version"], 0);
}

#[tokio::test]
async fn what_no_lender_would_send_is_refused_cheaply() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let rule = |number: usize| json!({ "name": format!("r{number}"), "then": { "pin": ["unionpay"] } });
    // Ten thousand rules don't fit into a body; as many tiny ones as fit are too many.
    let many: Vec<_> = (0..10_000).map(rule).collect();
    lender.put(PATH, json!({ "version": 0, "rules": many })).await.is_problem(413, "body_too_large");
    let many: Vec<_> = (0..1_000).map(rule).collect();
    let problem =
        lender.put(PATH, json!({ "version": 0, "rules": many })).await.is_problem(422, "invalid_fields");
    assert_eq!(
        (&problem["errors"][0]["field"], problem["errors"].as_array().unwrap().len()),
        (&json!("rules"), 1)
    );
    // A list may be long, too, and an answer stays short.
    let long: Vec<_> = (0..5_000).map(|_| "unionpay").collect();
    let body = json!({ "version": 0, "rules": [{ "name": "r", "then": { "pin": long } }] });
    let reply = lender.put(PATH, body).await;
    reply.is_problem(422, "invalid_fields");
    assert!(reply.text.len() < 8_000);
    for body in [
        json!({ "rules": [] }),
        json!({ "version": -1, "rules": [] }),
        json!({ "version": 0, "rules": {} }),
        json!({ "version": 0, "rules": [], "tenant": "ten_1" }),
        json!({ "version": 0, "rules": [{ "name": "r", "then": {} }] }),
        json!({ "version": 0, "rules": [{ "name": "r", "then": { "pin": ["unionpay"], "exclude": [] } }] }),
        json!({ "version": 0, "rules": [{ "name": "r", "when": { "amount": 1 }, "then": { "pin": ["unionpay"] } }] }),
        json!({ "version": 0, "rules": [{ "name": "r", "then": { "split": { "shares_ppm": { "unionpay": -1 } } } }] }),
        json!([]),
    ] {
        let reply = lender.put(PATH, body.clone()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    for scopes in [&[KeyScope::Read, KeyScope::Write][..], &[]] {
        let small = house.key(lender.tenant, scopes);
        small.get(PATH).await.is_problem(403, "scope_missing");
        small.put(PATH, pin(0, "unionpay")).await.is_problem(403, "scope_missing");
    }
    house.stranger().put(PATH, pin(0, "unionpay")).await.is_problem(401, "unauthenticated");
    assert_eq!(lender.put(PATH, json!({ "version": 0, "rules": [] })).await.ok()["version"], 1);
}

#[tokio::test]
async fn a_rule_that_says_nothing_or_two_things_is_named() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let put = async |rule: serde_json::Value| {
        let problem = lender.put(PATH, json!({ "version": 0, "rules": [rule] })).await;
        let problem = problem.is_problem(400, "invalid_body");
        let error = &problem["errors"][0];
        (error["field"].as_str().unwrap().to_owned(), error["message"]["en"].as_str().unwrap().to_owned())
    };
    let exactly = "It must be exactly one of: pin, exclude, prefer, split.";
    for then in [json!({}), json!({ "pin": ["unionpay"], "prefer": ["netsunion"] })] {
        let said = put(json!({ "name": "x", "then": then })).await;
        assert_eq!(said, ("rules[0].then".to_owned(), exactly.to_owned()));
    }
    let object = "It must be a JSON object ({…}).";
    for (field, rule) in [
        ("rules[0]", json!(["x", {}, { "pin": ["unionpay"] }])),
        ("rules[0].when", json!({ "name": "x", "when": ["ICBC"], "then": { "pin": ["unionpay"] } })),
        ("rules[0].then", json!({ "name": "x", "then": "pin" })),
        ("rules[0].then.split", json!({ "name": "x", "then": { "split": [{}] } })),
    ] {
        assert_eq!(put(rule).await, (field.to_owned(), object.to_owned()));
    }
}
