//! Everything that can be wrong with a request, and what is said about it.

use serde_json::json;

use crate::support::{Client, House, named};

#[tokio::test]
async fn addresses_methods_media_types_and_queries() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    for path in
        ["/", "/v1", "/v1/", "/v2/payments", "/v1/payments/", "/v1/admin", "/v1//payments", "/v1/%00", "/%ff"]
    {
        lender.get(path).await.is_problem(404, "route_not_found");
    }
    let reply = lender.send(lender.request("PUT", "/v1/payments", &[], b"{}")).await;
    reply.is_problem(405, "method_not_allowed");
    let mut allowed: Vec<_> = reply.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    for method in ["PATCH", "TRACE", "OPTIONS", "PROPFIND"] {
        lender
            .send(lender.request(method, "/v1/orders", &[], b""))
            .await
            .is_problem(405, "method_not_allowed");
    }
    for media_type in
        ["text/plain", "application/xml", "application/json; charset=gbk", "application/jsonp", ""]
    {
        let headers = [("content-type", media_type), ("idempotency-key", "\"k\"")];
        let request = lender.request("POST", "/v1/borrowers", &headers, b"{\"reference\":\"a\"}");
        lender.send(request).await.is_problem(415, "unsupported_media_type");
    }
    let headers = [("content-type", "Application/JSON; charset=UTF-8"), ("idempotency-key", "\"k\"")];
    let request = lender.request("POST", "/v1/borrowers", &headers, b"{\"reference\":\"a\"}");
    assert_eq!(lender.send(request).await.status, 201);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=9999999999999999999999", "limit"),
        ("limit=", "limit"),
        ("limit=5&limit=6", "limit"),
        ("tenant=x", "tenant"),
        ("status=paid", "status"),
        ("status=", "status"),
        ("borrower_id=bor_1", "borrower_id"),
        ("created_from=yesterday", "created_from"),
        ("created_from=2026-03-02T00:00:00+08:00", "created_from"),
    ] {
        let problem = lender.get(&format!("/v1/payments?{query}")).await.is_problem(400, "invalid_query");
        assert_eq!(named(&problem)[0].0, field, "{query} {problem}");
    }
    lender.get("/v1/payments/pay_x?wait_s=31").await.is_problem(404, "payment_not_found");
    lender
        .get("/v1/payments/pay_0A01KJP3Q8ZB00000000000000?wait_s=31")
        .await
        .is_problem(400, "invalid_query");
}

#[tokio::test]
async fn cursors_can_not_be_made_or_moved() {
    let house = House::asleep();
    let (lender, other) = (house.lender("Sunrise"), house.lender("Other"));
    for client in [&lender, &other] {
        for number in 0..3 {
            let borrower = client.borrower(&format!("B-{number}")).await;
            client.order(&borrower, "L-1", 5).await;
        }
    }
    let page = lender.get("/v1/borrowers?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    lender.get(&format!("/v1/borrowers?cursor={cursor}")).await.ok();
    other.get(&format!("/v1/borrowers?cursor={cursor}")).await.is_problem(400, "invalid_cursor");
    lender.get(&format!("/v1/orders?cursor={cursor}")).await.is_problem(400, "invalid_cursor");
    for index in 0..cursor.len() {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        lender.get(&format!("/v1/borrowers?cursor={tampered}")).await.is_problem(400, "invalid_cursor");
    }
    for bad in ["", "x", "e30", "%00", "bnVsbA", "AAAA=", &"A".repeat(600)] {
        lender.get(&format!("/v1/borrowers?cursor={bad}")).await.is_problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn what_exists_already_is_named() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    let again = lender.post("/v1/borrowers", json!({ "reference": "B-1" })).await;
    assert_eq!(again.is_problem(409, "borrower_exists")["existing"], borrower);
    let bound = lender.post("/v1/bindings", Client::card(&borrower)).await.ok();
    let mut spaced = Client::card(&borrower);
    spaced["card_number"] = json!("6222 0200-0000 0000 000");
    let again = lender.post("/v1/bindings", spaced).await;
    assert_eq!(again.is_problem(409, "already_bound")["existing"], bound["id"]);
    let order = lender.order(&borrower, "L-1", 5).await;
    let body = json!({
        "borrower_id": borrower, "reference": "L-1", "amount_minor": 5, "currency": "CNY",
        "due_at": "2026-03-01T09:00:00+08:00",
    });
    let again = lender.post("/v1/orders", body).await;
    assert_eq!(again.is_problem(409, "order_exists")["existing"], order);
    let body = json!({ "order_id": order, "binding_id": bound["id"], "amount_minor": 6 });
    lender.post("/v1/payments", body).await.is_problem(422, "amount_not_allowed");
    let body = json!({ "order_id": order, "binding_id": bound["id"] });
    lender.post("/v1/payments", body).await.is_problem(422, "no_live_mandate");
    let body = json!({ "order_id": order, "binding_id": bound["id"], "channels": ["nobody"] });
    lender.post("/v1/payments", body).await.is_problem(422, "channel_not_found");
    let stranger = lender.borrower("B-2").await;
    let theirs = lender.order(&stranger, "L-1", 5).await;
    let body = json!({ "order_id": theirs, "binding_id": bound["id"] });
    lender.post("/v1/payments", body).await.is_problem(422, "not_the_borrowers");
}

#[tokio::test]
async fn our_own_faults_say_nothing_of_the_inside() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let borrower = lender.borrower("B-1").await;
    house.world.data().broken = true;
    let reply = lender.get(&format!("/v1/borrowers/{borrower}")).await;
    let problem = reply.is_problem(503, "temporary_fault");
    assert_eq!(reply.header("retry-after"), "1");
    assert!(!problem.to_string().contains("test store"), "{problem}");
    lender.post("/v1/borrowers", json!({ "reference": "B-2" })).await.is_problem(503, "temporary_fault");
    lender.get("/health/ready").await.is_problem(503, "not_ready");
    assert_eq!(lender.get("/health/live").await.ok(), json!({ "status": "ok" }));
    house.world.data().broken = false;
    assert_eq!(lender.get("/health/ready").await.status, 200);
    house.world.data().poisoned = Some(lender.tenant);
    lender.post("/v1/bindings", Client::card(&borrower)).await.is_problem(500, "internal_error");
    house.world.data().poisoned = None;
    lender.post("/v1/bindings", Client::card(&borrower)).await.ok();
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let house = House::asleep();
    let stranger = house.stranger();
    let problem = stranger.get("/v1/payments").await.is_problem(401, "unauthenticated");
    let page = stranger.get(problem["type"].as_str().unwrap()).await.ok();
    assert_eq!(page["code"], "unauthenticated");
    assert!(page["detail"]["zh"].is_string() && page["title"]["en"].is_string());
    stranger.get("/problems/nothing").await.is_problem(404, "problem_not_found");
    stranger.get("/problems/%00").await.is_problem(404, "problem_not_found");
}
