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
    check(b"", "invalid_body", "", "missing").await;
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

/// Every operation of the document that takes a body, with something in place of its path's names.
fn taking_bodies() -> Vec<(String, String)> {
    let document = serde_json::to_value(lockstep_api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{attempt}", "1").replace("{number}", "1");
        let path = path.replace("/bindings/{id}", "/bindings/bnd_0A01KJP3Q8ZB00000000000000");
        for method in ["post", "put"] {
            // Notices of channels are in the channels' own forms.
            if item.get(method).is_some() && !path.contains("callbacks") {
                found.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn a_list_is_never_taken_for_an_object() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let routes = taking_bodies();
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path) in routes {
        for body in ["[]", "[\"a\"]", "[\"a\",\"b\",null,null]", "\"a\"", "7", "null"] {
            let headers = [("content-type", "application/json"), ("idempotency-key", "\"list\"")];
            let path = path.replace("{id}", &borrower);
            let reply = lender.send(lender.request(&method, &path, &headers, body.as_bytes())).await;
            // An id of another kind in the path is refused first, where a path has one.
            if reply.status == 404 && path.contains(&borrower) {
                continue;
            }
            let problem = reply.is_problem(400, "invalid_body");
            assert_eq!(problem["errors"][0]["field"], "", "{method} {path} {body}");
            assert_eq!(problem["errors"][0]["message"]["en"], "It must be a JSON object ({…}).");
            assert_eq!(problem["errors"][0]["message"]["zh"], "类型或取值不对，应为 JSON 对象（{…}）。");
        }
    }
    assert_eq!(house.world.data().borrowers.len(), 1);
    let order = json!({
        "borrower_id": borrower, "reference": "L-1", "amount_minor": 9, "currency": "CNY",
        "due_at": "2026-03-02T09:00:00+08:00", "partial": [5, true],
    });
    let problem = lender.post("/v1/orders", order).await.is_problem(400, "invalid_body");
    assert_eq!(named(&problem), [("partial".to_owned(), "type".to_owned())]);
}

#[tokio::test]
async fn what_belongs_in_a_field_is_said_in_words_of_people() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let said = async |path: &str, body: serde_json::Value| {
        let problem = lender.post(path, body).await.is_problem(400, "invalid_body");
        let error = &problem["errors"][0];
        let text = |lang: &str| error["message"][lang].as_str().unwrap().to_owned();
        (error["field"].as_str().unwrap().to_owned(), text("zh"), text("en"))
    };
    let is = |field: &str, zh: &str, en: &str| (field.to_owned(), zh.to_owned(), en.to_owned());
    let number = said("/v1/borrowers", json!({ "reference": 7 })).await;
    assert_eq!(
        number,
        is("reference", "类型或取值不对，应为文本（字符串）。", "It must be text (a string).")
    );
    let (field, zh, en) = said("/v1/api_keys", json!({ "name": "x", "scopes": ["root"] })).await;
    assert!(field.starts_with("scopes[0]"), "{field}");
    assert_eq!(zh, "类型或取值不对，应为以下之一：read、write、refund、admin、approve。");
    assert_eq!(en, "It must be one of: read, write, refund, admin, approve.");
    let (field, _, en) = said("/v1/api_keys", json!({ "name": "x", "scopes": [5] })).await;
    assert!(field.starts_with("scopes[0]") && en.contains("/openapi.json"), "{field} {en}");
    let bare =
        lender.send(lender.request("POST", "/v1/borrowers", &[("idempotency-key", "\"k\"")], b"")).await;
    let problem = bare.is_problem(400, "invalid_body");
    assert_eq!(problem["errors"][0]["message"]["en"], "The body is missing; send a JSON object.");
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
