//! Bodies that are not what they should be, and what is said about them.

use serde_json::json;

use crate::support::{Client, House, named};

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let check = async |body: &[u8], code: &str, field: &str, what: &str| {
        let reply = lender.post_raw(&[("idempotency-key", "\"k\"")], "/v1/orders", body).await;
        let status = if code == "invalid_fields" { 422 } else { 400 };
        let problem = reply.is_problem(status, code);
        assert!(named(&problem).contains(&(field.to_owned(), what.to_owned())), "{problem}");
        for error in problem["errors"].as_array().unwrap() {
            assert!(error["message"]["zh"].is_string() && error["message"]["en"].is_string());
        }
    };
    check(b"", "invalid_json", "", "syntax").await;
    check(b"{", "invalid_json", "", "syntax").await;
    check(b"\xff\xfe", "invalid_json", "", "syntax").await;
    check(b"{\"reference\": \"\\ud800\"}", "invalid_json", "", "syntax").await;
    check("[".repeat(5000).as_bytes(), "invalid_json", "", "too_deep").await;
    check(b"[]", "invalid_body", "", "type").await;
    check(b"null", "invalid_body", "", "type").await;
    check(b"{}", "invalid_body", "borrower_id", "missing").await;
    let with = |name: &str, value: &str| {
        let mut fields = vec![
            ("borrower_id".to_owned(), "\"bor_0A01KJP3Q8ZB00000000000000\"".to_owned()),
            ("reference".to_owned(), "\"L-1\"".to_owned()),
            ("amount_minor".to_owned(), "100".to_owned()),
            ("currency".to_owned(), "\"CNY\"".to_owned()),
            ("due_at".to_owned(), "\"2026-03-02T09:00:00+08:00\"".to_owned()),
        ];
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = value.to_owned(),
            None => fields.push((name.to_owned(), value.to_owned())),
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    for (name, value, what) in [
        ("tenant", "\"ten_x\"", "unknown_field"),
        ("collected_minor", "5", "unknown_field"),
        ("amount_minor", "1.5", "type"),
        ("amount_minor", "1e3", "type"),
        ("amount_minor", "\"100\"", "type"),
        ("amount_minor", "99999999999999999999", "type"),
        ("amount_minor", "null", "type"),
        ("reference", "7", "type"),
        ("reference", "[\"a\"]", "type"),
    ] {
        check(with(name, value).as_bytes(), "invalid_body", name, what).await;
    }
    for (name, value, what) in [
        ("amount_minor", "0", "amount"),
        ("amount_minor", "-1", "amount"),
        ("amount_minor", "10000000000001", "amount"),
        ("amount_minor", "-9223372036854775808", "amount"),
        ("currency", "\"RMB\"", "currency"),
        ("currency", "\"cny\"", "currency"),
        ("due_at", "\"tomorrow\"", "time"),
        ("due_at", "\"2026-03-02\"", "time"),
        ("reference", "\"\"", "length"),
        ("reference", "\"a\\u0000b\"", "control_characters"),
        ("reference", "\"a\\nb\"", "control_characters"),
        ("reference", "\"a\\u202eb\"", "control_characters"),
        ("borrower_id", "\"ord_0A01KJP3Q8ZB00000000000000\"", "id"),
        ("borrower_id", "\"' OR 1=1 --\"", "id"),
    ] {
        check(with(name, value).as_bytes(), "invalid_fields", name, what).await;
    }
    let repeated = with("x", "1").replace("\"x\":1", "\"reference\":\"L-2\"");
    check(repeated.as_bytes(), "invalid_body", "reference", "repeated").await;
    assert!(house.world.data().orders.is_empty());
}

#[tokio::test]
async fn a_wrong_binding_names_every_field_and_repeats_none() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let body = json!({
        "borrower_id": borrower, "card_number": "6222020000000000001", "holder_name": "x",
        "id_number": "110105194912310021", "mobile": "13800", "channels": ["unionpay", "unionpay", "!"],
        "terms": { "payee": "", "valid_until": "2020-01-01T00:00:00Z", "max_amount_minor": 0 },
    });
    let problem = lender.post("/v1/bindings", body).await.is_problem(422, "invalid_fields");
    let fields: Vec<_> = named(&problem).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "card_number",
        "holder_name",
        "id_number",
        "mobile",
        "channels[1]",
        "channels[2]",
        "terms.payee",
        "terms.max_amount_minor",
        "terms.valid_until",
    ];
    for field in expected {
        assert!(fields.iter().any(|found| found == field), "{field}: {fields:?}");
    }
    let incomplete =
        json!({ "borrower_id": borrower, "card_number": "6222020000000000000", "holder_name": "王伟" });
    let problem = lender.post("/v1/bindings", incomplete).await.is_problem(422, "invalid_fields");
    let expected = [("id_number", "id_empty"), ("mobile", "mobile_empty")];
    assert_eq!(named(&problem), expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
    let unknown = json!({ "terms": { "fee": 1 } });
    let mut body = Client::card(&borrower);
    body["terms"] = unknown["terms"].clone();
    let problem = lender.post("/v1/bindings", body).await.is_problem(400, "invalid_body");
    assert_eq!(named(&problem)[0].0, "terms.fee");
}
