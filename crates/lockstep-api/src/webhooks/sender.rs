//! Sending messages, and to nobody who is not on the public internet.
//!
//! A name is resolved once per connection, every address of it is checked, and the connection goes to an
//! address that was checked: a name that changes its mind in between changes nothing. There are no redirects
//! and no proxy.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_engine::port::{Clock, Delivery, Endpoint, WebhookOutcome, Webhooks};
use lockstep_vault::Vault;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode, redirect};

use super::address::is_public;
use super::message::body_of;
use super::secrets::EndpointSecrets;
use super::sign::sign;
use super::target::check_url;

/// Nothing in an answer is of interest; so much is read that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 1024;

/// Longest time for one try; Standard Webhooks asks for 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends signed messages over HTTPS.
pub struct WebhookSender {
    client: Client,
    vault: Vault,
    clock: Arc<dyn Clock>,
    allow_private: bool,
}

impl WebhookSender {
    /// A sender that opens secrets with this vault and dates messages by this clock. `allow_private` lets it
    /// call plain http and private addresses: for demos and tests on one machine only.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(vault: Vault, clock: Arc<dyn Clock>, allow_private: bool) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("Lockstep/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(!allow_private)
            .dns_resolver(Arc::new(PublicOnly { allow_private }))
            .build()?;
        Ok(Self { client, vault, clock, allow_private })
    }

    async fn post(&self, endpoint: &Endpoint, delivery: &Delivery) -> Result<WebhookOutcome, WebhookOutcome> {
        let url = check_url(&endpoint.url, self.allow_private).map_err(|_| WebhookOutcome::Forbidden)?;
        let now = self.clock.now();
        let secrets = EndpointSecrets::new(&self.vault, endpoint.tenant, endpoint.id);
        let secrets = secrets.open(&endpoint.secrets, now).map_err(|fault| {
            tracing::error!(%fault, endpoint = %endpoint.id, "could not open a webhook secret");
            WebhookOutcome::Failed(None)
        })?;
        let body = body_of(&delivery.message, &delivery.notice);
        let timestamp_s = now.as_millis().div_euclid(1000);
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let request = request
            .header("webhook-id", &delivery.message)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header("webhook-signature", sign(&secrets, &delivery.message, timestamp_s, &body));
        let response = request.body(body).send().await.map_err(|error| unsent(&error))?;
        let outcome = outcome_of(response.status());
        drain(response).await;
        Ok(outcome)
    }
}

#[async_trait]
impl Webhooks for WebhookSender {
    async fn send(&self, endpoint: &Endpoint, delivery: &Delivery) -> WebhookOutcome {
        self.post(endpoint, delivery).await.unwrap_or_else(|outcome| outcome)
    }
}

fn outcome_of(status: StatusCode) -> WebhookOutcome {
    match status.as_u16() {
        200..300 => WebhookOutcome::Accepted,
        410 => WebhookOutcome::Gone,
        429 | 502 | 504 => WebhookOutcome::Throttled,
        other => WebhookOutcome::Failed(Some(other)),
    }
}

/// An address that may not be called is named among the causes of the error.
fn unsent(error: &reqwest::Error) -> WebhookOutcome {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return WebhookOutcome::Forbidden;
        }
        cause = error.source();
    }
    WebhookOutcome::Failed(None)
}

async fn drain(mut response: Response) {
    let mut read = 0;
    while read < MAX_ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

/// The name leads outside of the public internet.
#[derive(Debug, thiserror::Error)]
#[error("an address of the host is not on the public internet")]
struct NotPublic;

/// Resolves names, and refuses one with any address that may not be called.
struct PublicOnly {
    allow_private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            checked(found.collect(), allow_private)
        })
    }
}

fn checked(found: Vec<SocketAddr>, allow_private: bool) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    if !allow_private && !found.iter().all(|address| is_public(address.ip())) {
        return Err(Box::new(NotPublic));
    }
    Ok(Box::new(found.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_is_enough_to_refuse() {
        let addresses =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert!(checked(addresses(&["8.8.8.8:0", "[2400:3200::1]:0"]), false).is_ok());
        for bad in ["127.0.0.1:0", "[::1]:0", "[::ffff:10.0.0.1]:0", "169.254.169.254:0", "100.100.100.200:0"]
        {
            assert!(checked(addresses(&["8.8.8.8:0", bad]), false).is_err(), "{bad}");
            assert!(checked(addresses(&[bad]), true).is_ok());
        }
    }

    #[test]
    fn statuses_mean_what_standard_webhooks_says() {
        for (status, outcome) in [
            (200, WebhookOutcome::Accepted),
            (204, WebhookOutcome::Accepted),
            (301, WebhookOutcome::Failed(Some(301))),
            (302, WebhookOutcome::Failed(Some(302))),
            (400, WebhookOutcome::Failed(Some(400))),
            (410, WebhookOutcome::Gone),
            (429, WebhookOutcome::Throttled),
            (500, WebhookOutcome::Failed(Some(500))),
            (502, WebhookOutcome::Throttled),
            (504, WebhookOutcome::Throttled),
        ] {
            assert_eq!(outcome_of(StatusCode::from_u16(status).unwrap()), outcome, "{status}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_forbidden() {
        let resolver = Arc::new(PublicOnly { allow_private: false });
        let client = Client::builder().dns_resolver(resolver).no_proxy().build().unwrap();
        let error = client.post("https://localhost:1/").send().await.unwrap_err();
        assert_eq!(unsent(&error), WebhookOutcome::Forbidden, "{error:?}");
    }
}
