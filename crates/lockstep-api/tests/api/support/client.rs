//! A caller: sends requests to the router and reads the answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use lockstep_core::id::{ApiKeyId, TenantId};
use serde_json::{Value, json};
use tower::ServiceExt;

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// Canaries: personal data that may appear in no answer.
pub(crate) const CARD: &str = "6222020000000000000";
pub(crate) const ID_NUMBER: &str = "11010519491231002X";
pub(crate) const MOBILE: &str = "13800138000";
pub(crate) const NAME: &str = "欧阳金丝雀";

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("not JSON: {} {:?}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn replayed(&self) -> bool {
        self.header("idempotency-replayed") == "true"
    }

    /// Checks that it is a problem of this status and code, complete and in both languages.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("/problems/{code}"));
        for field in ["title", "detail", "detail_zh", "instance"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
        problem
    }

    /// Checks that it succeeded, and gives the body.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }
}

/// The fields named by a problem, with their codes.
pub(crate) fn named(problem: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
}

/// A caller with a key, or without.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    pub(crate) tenant: TenantId,
    pub(crate) key_id: ApiKeyId,
    pub(crate) secret: Option<String>,
}

impl Client {
    pub(crate) fn new(router: Router, tenant: TenantId, key_id: ApiKeyId, secret: Option<String>) -> Self {
        Self { router, tenant, key_id, secret }
    }

    /// The same caller with another key.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self { secret: Some(secret.to_owned()), ..self.clone() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(parts.headers.get(name).unwrap(), value);
        }
        assert!(parts.headers.get("x-request-id").unwrap().to_str().unwrap().starts_with("req_"));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(parts.status == StatusCode::NO_CONTENT, text.is_empty(), "{} {text}", parts.status);
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// A request with the caller's key and other headers.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(secret) = &self.secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_vec())).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path, &[], b"")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(self.request("DELETE", path, &[], b"")).await
    }

    /// Posts under a new key.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        let key = format!("key-{}", NEXT_KEY.fetch_add(1, Ordering::SeqCst));
        self.post_as(&key, path, body).await
    }

    /// Posts under this key.
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: Value) -> Reply {
        self.post_raw(&[("idempotency-key", &format!("\"{key}\""))], path, body.to_string().as_bytes()).await
    }

    /// Posts JSON with these headers besides.
    pub(crate) async fn post_raw(&self, headers: &[(&str, &str)], path: &str, body: &[u8]) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(self.request("POST", path, &all, body)).await
    }

    /// Puts under a fresh key.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        let key = format!("\"key-{}\"", NEXT_KEY.fetch_add(1, Ordering::SeqCst));
        self.put_with(&[("idempotency-key", &key)], path, body).await
    }

    /// Puts JSON with these headers besides.
    pub(crate) async fn put_with(&self, headers: &[(&str, &str)], path: &str, body: Value) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(self.request("PUT", path, &all, body.to_string().as_bytes())).await
    }

    pub(crate) async fn borrower(&self, reference: &str) -> String {
        let made = self.post("/v1/borrowers", json!({ "reference": reference })).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn order(&self, borrower: &str, reference: &str, amount_minor: i64) -> String {
        let body = json!({
            "borrower_id": borrower, "reference": reference, "amount_minor": amount_minor, "currency": "CNY",
            "due_at": "2026-03-01T09:00:00+08:00",
        });
        self.post("/v1/orders", body).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// What a card with its four elements is bound with.
    pub(crate) fn card(borrower: &str) -> Value {
        json!({
            "borrower_id": borrower, "card_number": CARD, "holder_name": NAME, "id_number": ID_NUMBER,
            "mobile": MOBILE, "channels": ["unionpay"],
        })
    }

    /// A usable binding of a card.
    pub(crate) async fn usable_card(&self, borrower: &str) -> String {
        let made = self.post("/v1/bindings", Self::card(borrower)).await.ok();
        let path = format!("/v1/bindings/{}", made["id"].as_str().unwrap());
        self.until(&path, "status", "awaiting_code").await;
        self.post(&format!("{path}/verify"), json!({ "code": "123456" })).await.ok();
        self.until(&path, "status", "usable").await;
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn payment(&self, order: &str, binding: &str) -> String {
        let body = json!({ "order_id": order, "binding_id": binding });
        self.post("/v1/payments", body).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// Reads until a field has a value.
    pub(crate) async fn until(&self, path: &str, field: &str, value: &str) -> Value {
        for _ in 0..500 {
            let seen = self.get(path).await.ok();
            if seen[field] == value {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} never had {field} = {value}: {}", self.get(path).await.text);
    }
}
