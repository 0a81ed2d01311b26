//! Canaries: what was typed into a binding comes back nowhere, whatever went wrong.

use serde_json::{Value, json};

use crate::support::{Client, House, named};

const CANARIES: [&str; 5] =
    ["6222020000000000000", "11010519491231002X", "13800138000", "欧阳金丝雀", "135790"];

#[track_caller]
fn clean(place: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{place} shows {canary}: {text}");
    }
}

#[tokio::test]
async fn no_answer_and_no_row_shows_personal_data() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let made = lender.post("/v1/bindings", Client::card(&borrower)).await;
    clean("a new binding", &made.text);
    let path = format!("/v1/bindings/{}", made.json()["id"].as_str().unwrap());
    lender.until(&path, "status", "awaiting_code").await;
    let verified = lender.post(&format!("{path}/verify"), json!({ "code": "135790" })).await;
    clean("a verified binding", &verified.text);
    lender.until(&path, "status", "usable").await;
    let order = lender.order(&borrower, "L-1", 100).await;
    let payment = lender.payment(&order, made.json()["id"].as_str().unwrap()).await;
    for read in [
        path.clone(),
        "/v1/bindings".to_owned(),
        "/v1/payments".to_owned(),
        "/v1/audit".to_owned(),
        format!("/v1/payments/{payment}/timeline"),
        format!("/v1/payments/{payment}/diagnosis"),
    ] {
        clean(&read, &lender.get(&read).await.text);
    }
    clean("bound twice", &lender.post("/v1/bindings", Client::card(&borrower)).await.text);
    let data = house.world.data();
    for stored in data.answers.values() {
        clean("a stored answer", &stored.answer.body);
        clean("a stored fingerprint", &stored.fingerprint);
    }
    for row in data.events.values().flatten() {
        clean("an event", &row.body);
    }
    for item in data.items.values() {
        clean("the vault", &String::from_utf8_lossy(item));
    }
    for (stored, _) in data.effects.values() {
        clean("an effect", &serde_json::to_string(&stored.effect).unwrap());
    }
}

/// Puts each canary where it doesn't belong, in every way a confused caller might.
#[tokio::test]
async fn no_problem_repeats_what_was_typed() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let card = Client::card(&borrower);
    let paths = ["/v1/bindings", "/v1/orders", "/v1/payments", "/v1/precheck", "/v1/webhook_endpoints"];
    for canary in CANARIES {
        let mut bodies: Vec<Value> = Vec::new();
        for field in
            ["borrower_id", "kind", "card_number", "holder_name", "id_number", "mobile", "channels", "terms"]
        {
            for value in [
                json!(canary),
                json!([canary]),
                json!({ canary: canary }),
                json!(6_222_020_000_000_000_000_u64),
            ] {
                let mut body = card.clone();
                body[field] = value;
                bodies.push(body);
            }
        }
        bodies.push(json!({ canary: 1 }));
        bodies.push(json!(canary));
        bodies.push(json!([canary]));
        bodies
            .push(json!({ "amount_minor": canary, "url": format!("https://{canary}/"), "order_id": canary }));
        for body in bodies {
            for path in paths {
                let reply = lender.post(path, body.clone()).await;
                if reply.status >= 400 {
                    clean(path, &reply.text);
                }
            }
        }
        for broken in
            [format!("{{\"card_number\": \"{canary}\", "), canary.to_owned(), format!("{{\"{canary}\"")]
        {
            let reply =
                lender.post_raw(&[("idempotency-key", "\"k\"")], "/v1/bindings", broken.as_bytes()).await;
            clean("broken JSON", &reply.text);
        }
        if canary.is_ascii() {
            for path in
                ["/v1/payments?status=", "/v1/payments/", "/v1/", "/v1/orders?", "/v1/payments?cursor="]
            {
                clean(path, &lender.get(&format!("{path}{canary}")).await.text);
            }
        }
    }
    assert!(house.world.data().answers.values().all(|stored| !stored.answer.body.contains(CANARIES[0])));
}

#[tokio::test]
async fn two_first_cards_at_once_are_sealed_with_one_key() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    house.world.data().slow_ms = 30;
    let second = json!({
        "borrower_id": borrower, "kind": "bank_account", "card_number": "11001234567890123",
        "holder_name": "王伟",
    });
    let (one, two) = tokio::join!(
        lender.post("/v1/bindings", Client::card(&borrower)),
        lender.post("/v1/bindings", second),
    );
    assert_eq!((one.status, two.status), (201, 201), "{} {}", one.text, two.text);
    let data = house.world.data();
    let (_, key) = data.wrapped_keys.first_key_value().unwrap();
    assert_eq!((data.wrapped_keys.len(), data.items.len()), (1, 2));
    for (item, bytes) in &data.items {
        let (tenant, key) = (lender.tenant.to_string(), key.parse().unwrap());
        let opened = house.vault.open_item(&tenant, &borrower, &key, &item.to_string(), bytes).unwrap();
        assert!(opened.card_number.is_some());
    }
}

#[tokio::test]
async fn a_reference_is_no_number_of_a_person() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    for reference in ["6222020000000000000", "13800138000", "110105 1949 1231 002X"] {
        let order = json!({
            "borrower_id": borrower, "reference": reference, "amount_minor": 5, "currency": "CNY",
            "due_at": "2026-03-01T09:00:00+08:00",
        });
        for (path, body) in [("/v1/borrowers", json!({ "reference": reference })), ("/v1/orders", order)] {
            let problem = lender.post(path, body).await.is_problem(422, "invalid_fields");
            assert_eq!(named(&problem), [("reference".to_owned(), "personal_data".to_owned())]);
            assert!(!problem.to_string().contains(reference), "{problem}");
        }
    }
}
