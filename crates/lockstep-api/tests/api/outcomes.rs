//! Two people decide what became of an attempt whose channel has not told by the deadline.

use std::time::Duration;

use lockstep_engine::port::KeyScope;
use serde_json::{Value, json};

use crate::support::{CARD, Client, House, named};

/// A payment that has been unknown for longer than its deadline; its path.
async fn overdue(house: &House, lender: &Client) -> String {
    let borrower = lender.borrower("B-1").await;
    let binding = lender.usable_card(&borrower).await;
    house.payments_answer("timeout");
    let order = lender.order(&borrower, "L-1", 100).await;
    let path = format!("/v1/payments/{}", lender.payment(&order, &binding).await);
    lender.until(&path, "status", "unknown").await;
    let body = json!({ "outcome": "moved", "evidence": "too early" });
    lender.post(&outcome(&path), body).await.is_problem(409, "not_overdue");
    house.advance(Duration::from_secs(7200));
    for _ in 0..500 {
        let timeline = lender.get(&format!("{path}/timeline")).await.text;
        if timeline.contains("deadline_passed") {
            return path;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no deadline passed");
}

fn outcome(path: &str) -> String {
    format!("{path}/attempts/1/outcome")
}

fn says(word: &str) -> Value {
    json!({ "outcome": word, "evidence": "support of the channel, ticket 4711" })
}

#[tokio::test]
async fn two_keys_decide() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let path = overdue(&house, &lender).await;
    let (first, second) =
        (house.key(lender.tenant, &[KeyScope::Approve]), house.key(lender.tenant, &[KeyScope::Approve]));
    let at = outcome(&path);
    let approve = format!("{at}/approve");
    first.post(&approve, json!({ "outcome": "moved" })).await.is_problem(409, "no_proposal");
    first.post(&format!("{at}/withdraw"), json!({})).await.is_problem(409, "no_proposal");
    let proposed = first.post_as("p1", &at, says("moved")).await;
    let shown = proposed.ok()["attempts"][0]["proposal"].clone();
    assert_eq!(
        (&shown["outcome"], &shown["proposed_by"]),
        (&json!("moved"), &json!(first.key_id.to_string()))
    );
    assert!(first.post_as("p1", &at, says("moved")).await.replayed());
    first.post_as("p1", &at, says("not_moved")).await.is_problem(422, "idempotency_key_reused");
    second.post(&at, says("not_moved")).await.is_problem(409, "proposal_stands");
    first.post(&approve, json!({ "outcome": "moved" })).await.is_problem(409, "same_approver");
    second.post(&approve, json!({ "outcome": "not_moved" })).await.is_problem(409, "proposal_differs");
    second.post(&format!("{at}/withdraw"), json!({})).await.ok();
    second.post(&at, says("moved")).await.ok();
    let decided = first.post(&approve, json!({ "outcome": "moved" })).await.ok();
    assert_eq!(
        (&decided["status"], &decided["attempts"][0]["source"]),
        (&json!("succeeded"), &json!("people"))
    );
    let decision = &decided["attempts"][0]["decision"];
    assert_eq!(decision["proposed_by"], second.key_id.to_string());
    assert_eq!(decision["approved_by"], first.key_id.to_string());
    first.post(&approve, json!({ "outcome": "moved" })).await.is_problem(409, "outcome_known");
    let id = path.rsplit('/').next().unwrap();
    let audit = lender.get(&format!("/v1/audit?subject={id}")).await.ok();
    let did = |action: &str, key: &Client| {
        let mut entries = audit["data"].as_array().unwrap().iter();
        entries.any(|entry| entry["action"] == action && entry["actor_id"] == key.key_id.to_string())
    };
    assert!(did("payment.propose_outcome", &second) && did("payment.approve_outcome", &first), "{audit}");
    let timeline = lender.get(&format!("{path}/timeline")).await.text;
    assert!(timeline.contains("outcome_approved") && timeline.contains("双人复核认定"), "{timeline}");
    assert!(lender.get(&format!("{path}/diagnosis")).await.text.contains("two people decided"));
}

#[tokio::test]
async fn concurrent_approvals_decide_once() {
    let house = House::open();
    let lender = house.lender("Sunrise");
    let path = overdue(&house, &lender).await;
    let proposer = house.key(lender.tenant, &[KeyScope::Approve]);
    proposer.post(&outcome(&path), says("not_moved")).await.ok();
    house.payments_answer("00");
    let approve = format!("{}/approve", outcome(&path));
    let calls = (0..8).map(|_| {
        let (one, approve) = (house.key(lender.tenant, &[KeyScope::Approve]), approve.clone());
        tokio::spawn(async move { one.post(&approve, json!({ "outcome": "not_moved" })).await.status })
    });
    let mut statuses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        statuses.push(call.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    let timeline = lender.get(&format!("{path}/timeline")).await.text;
    assert_eq!(timeline.matches("\"outcome_approved\"").count(), 1, "{timeline}");
    let ended = lender.get(&path).await.ok();
    assert_eq!(ended["attempts"][0]["proof"], "by_two_people", "{ended}");
}

#[tokio::test]
async fn attacks() {
    let house = House::open();
    let (lender, other) = (house.lender("Sunrise"), house.lender("Other"));
    let path = overdue(&house, &lender).await;
    let at = outcome(&path);
    other.post(&at, says("moved")).await.is_problem(404, "payment_not_found");
    other
        .post(&format!("{at}/approve"), json!({ "outcome": "moved" }))
        .await
        .is_problem(404, "payment_not_found");
    let writer = house.key(lender.tenant, &[KeyScope::Read, KeyScope::Write, KeyScope::Admin]);
    writer.post(&at, says("moved")).await.is_problem(403, "scope_missing");
    for number in ["2", "65535"] {
        let at = format!("{path}/attempts/{number}/outcome");
        lender.post(&at, says("moved")).await.is_problem(404, "attempt_not_found");
    }
    for number in ["0", "01", "+1", "-1", "1.0", "65536", "x", "%31%00", "99999999999999999999"] {
        let at = format!("{path}/attempts/{number}/outcome");
        lender.post(&at, says("moved")).await.is_problem(404, "attempt_not_found");
    }
    for (body, code) in [
        (json!({ "outcome": "moved" }), "missing"),
        (json!({ "outcome": "perhaps", "evidence": "x" }), "type"),
        (json!({ "outcome": "moved", "evidence": "x", "by": "key_1" }), "unknown_field"),
    ] {
        let problem = lender.post(&at, body).await.is_problem(400, "invalid_body");
        assert_eq!(named(&problem)[0].1, code, "{problem}");
    }
    for (evidence, code) in [
        (String::new(), "length"),
        ("x".repeat(501), "length"),
        ("a\u{202e}b".to_owned(), "control_characters"),
        (format!("card {CARD} was not debited"), "personal_data"),
        ("called 138 0013 8000".to_owned(), "personal_data"),
    ] {
        let reply = lender.post(&at, json!({ "outcome": "moved", "evidence": evidence })).await;
        let problem = reply.is_problem(422, "invalid_fields");
        assert_eq!(named(&problem), [("evidence".to_owned(), code.to_owned())]);
        assert!(!reply.text.contains(CARD));
    }
    lender.post(&at, json!({ "outcome": "moved", "evidence": "证".repeat(500) })).await.ok();
    let first = lender.get(&path).await.ok();
    assert_eq!(first["status"], "unknown", "one person decides nothing");
}
