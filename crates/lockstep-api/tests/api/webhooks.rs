//! Messages on the wire: to a real socket on this machine.

use std::sync::Arc;

use lockstep_api::webhooks::{WebhookSender, verify};
use lockstep_core::id::{BorrowerId, Bucket, DeliveryId, EndpointId, Mint, NoticeId, PaymentId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::notice::{Notice, Subject};
use lockstep_core::payment::PaymentStatus;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Delivery, Endpoint, WebhookOutcome, Webhooks};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Client, House, MONDAY_MS};

/// One message as it came over the wire.
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default()
    }

    fn verified_by(&self, secret: &str, now: Timestamp) -> bool {
        let (id, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        verify(secret, id, time, self.header("webhook-signature"), self.body.as_bytes(), now).is_ok()
    }
}

/// Answers one request with `answer` and gives it back.
async fn receive(listener: &TcpListener, answer: &str) -> Received {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| body.len() >= length.parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    // A receiver that hangs up while it is being read is its own affair.
    let _ = socket.write_all(answer.as_bytes()).await;
    Received { head, body }
}

fn mint() -> Mint {
    Mint::new(Bucket::of_tenant("t"), Timestamp::from_millis(MONDAY_MS), [5; 16])
}

fn delivery(lender: &Client, endpoint: EndpointId) -> Delivery {
    let mut mint = mint();
    let now = Timestamp::from_millis(MONDAY_MS);
    let subject = Subject::Payment {
        payment: PaymentId::mint(&mut mint),
        borrower: BorrowerId::mint(&mut mint),
        order: None,
        money: Money::new(42, Currency::CNY).unwrap(),
        status: PaymentStatus::Waiting,
        reason: None,
        next_try_at: Some(now),
    };
    let kind = "payment.waiting".to_owned();
    Delivery {
        id: DeliveryId::mint(&mut mint),
        message: NoticeId::mint(&mut mint).to_string(),
        endpoint,
        tenant: lender.tenant,
        notice: Notice { tenant: lender.tenant, kind, at: now, subject, version: 3 },
        tries: 0,
        due_at: now,
        created_at: now,
        state: "pending".to_owned(),
        last_status: None,
    }
}

/// An endpoint with a real, sealed secret, at this machine's address.
async fn endpoint(house: &House, lender: &Client, url: &str) -> (Endpoint, String) {
    let made = lender.post("/v1/webhook_endpoints", json!({ "url": "https://example.com/in" })).await.ok();
    let id: EndpointId = made["id"].as_str().unwrap().parse().unwrap();
    let endpoint = house.world.data().endpoints[&id].clone();
    let secret = made["secret"].as_str().unwrap().to_owned();
    (Endpoint { url: url.to_owned(), ..endpoint }, secret)
}

fn sender(house: &House, allow_private: bool) -> WebhookSender {
    WebhookSender::new(house.vault.clone(), house.clock.clone(), allow_private).unwrap()
}

#[tokio::test]
async fn a_message_is_signed_and_says_what_happened() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let (endpoint, first) = endpoint(&house, &lender, &url).await;
    let (delivery, sender) = (delivery(&lender, endpoint.id), sender(&house, true));
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (outcome, received) = tokio::join!(sender.send(&endpoint, &delivery), receive(&listener, ok));
    assert_eq!(outcome, WebhookOutcome::Accepted);
    assert!(received.head.starts_with("POST /in HTTP/1.1"));
    assert_eq!(received.header("webhook-id"), delivery.message);
    assert!(received.verified_by(&first, house.clock.now()));
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!((&body["type"], &body["version"]), (&json!("payment.waiting"), &json!(3)));
    assert_eq!(
        (&body["id"], &body["timestamp"]),
        (&json!(delivery.message), &json!("2026-03-02T01:00:00.000Z"))
    );
    assert_eq!(body["data"]["object"], "payment");
    assert_eq!(body["data"]["next_try_at"], "2026-03-02T01:00:00.000Z");
    assert!(body["data"].get("money").is_none(), "a micro-deposit's amount is its borrower's proof");

    let path = format!("/v1/webhook_endpoints/{}/rotate_secret", endpoint.id);
    let second = lender.post(&path, json!({})).await.ok()["secret"].as_str().unwrap().to_owned();
    let rotated = Endpoint { url, ..house.world.data().endpoints[&endpoint.id].clone() };
    for (hours, old_signs) in [(0, true), (23, true), (2, false)] {
        house.advance(std::time::Duration::from_secs(hours * 3600));
        let (outcome, again) = tokio::join!(sender.send(&rotated, &delivery), receive(&listener, ok));
        assert_eq!(outcome, WebhookOutcome::Accepted);
        assert_eq!(again.body, received.body, "the same bytes on every try");
        assert!(again.verified_by(&second, house.clock.now()));
        assert_eq!(again.verified_by(&first, house.clock.now()), old_signs);
    }
}

#[tokio::test]
async fn answers_are_read_no_further_than_needed_and_redirects_not_followed() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let (endpoint, _) = endpoint(&house, &lender, &url).await;
    let (delivery, sender) = (delivery(&lender, endpoint.id), sender(&house, true));
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{}", "x".repeat(100_000));
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let gone = "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n".to_owned();
    let nonsense = "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned();
    for (answer, expected) in [
        (endless, WebhookOutcome::Accepted),
        (redirect, WebhookOutcome::Failed(Some(302))),
        (gone, WebhookOutcome::Gone),
        (nonsense, WebhookOutcome::Failed(None)),
    ] {
        let (outcome, _) = tokio::join!(sender.send(&endpoint, &delivery), receive(&listener, &answer));
        assert_eq!(outcome, expected);
    }
    drop(listener);
    assert_eq!(sender.send(&endpoint, &delivery).await, WebhookOutcome::Failed(None));
}

#[tokio::test]
async fn private_addresses_are_forbidden_at_every_try() {
    let house = House::asleep();
    let lender = house.lender("Sunrise");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sender: Arc<dyn Webhooks> = Arc::new(sender(&house, false));
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[::1]/".to_owned(),
    ] {
        let (endpoint, _) = endpoint(&house, &lender, &url).await;
        let delivery = delivery(&lender, endpoint.id);
        assert_eq!(sender.send(&endpoint, &delivery).await, WebhookOutcome::Forbidden, "{url}");
    }
    let untouched = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(untouched.is_err(), "nobody was called");
}
