//! The registry and the HTTP line, without a server behind them.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

use async_trait::async_trait;
use lockstep_channels::sandbox::sign::SignedHeaders;
use lockstep_channels::sandbox::{Body, HttpWire, MAX_BODY, Outgoing, Silence, Wire};
use lockstep_channels::{PersonalFields, Registry, Secrets};
use lockstep_core::binding::CodeRef;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::PaymentQuery;
use lockstep_core::id::{BorrowerId, Bucket, Mint, PaymentId, TenantId, VaultItemId};
use lockstep_core::payment::{NotSent, QueryAnswer};
use lockstep_core::sensitive::OneTimeCode;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Channels, Clock, Seeds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Nobody;

#[async_trait]
impl Secrets for Nobody {
    async fn personal(&self, _: TenantId, _: BorrowerId, _: VaultItemId) -> Option<PersonalFields> {
        None
    }

    async fn code(&self, _: &CodeRef) -> Option<OneTimeCode> {
        None
    }
}

#[async_trait]
impl Clock for Nobody {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    async fn sleep_until(&self, _: Timestamp) {}
}

impl Seeds for Nobody {
    fn draw(&self) -> [u8; 16] {
        [0; 16]
    }
}

fn outgoing() -> Outgoing {
    let headers =
        SignedHeaders { timestamp: "0".to_owned(), nonce: "0".to_owned(), signature: "0".to_owned() };
    Outgoing { path: "/channels/unionpay/pay".to_owned(), headers, body: Body(b"{}".to_vec()) }
}

#[tokio::test]
async fn a_channel_nobody_configured_is_never_sent_to() {
    let registry = Registry::new(BTreeMap::new());
    let mut mint = Mint::new(Bucket::of_tenant("t"), Timestamp::from_millis(0), [0; 16]);
    let payment = PaymentId::mint(&mut mint);
    let channel = ChannelId::try_from("unionpay").unwrap();
    let sent_at = Timestamp::from_millis(0);
    let query =
        PaymentQuery { payment, attempt: 1, channel: channel.clone(), order_no: String::new(), sent_at };
    assert_eq!(registry.query_payment(&query).await, QueryAnswer::NotSent { why: NotSent::NotConfigured });
    assert!(!registry.cancel_mandate(&channel, "A1").await);
    let (secrets, clock): (Arc<dyn Secrets>, Arc<dyn Clock>) = (Arc::new(Nobody), Arc::new(Nobody));
    let seeds: Arc<dyn Seeds> = Arc::new(Nobody);
    assert!(Registry::from_configs(&[], &secrets, &clock, &seeds).is_ok());
}

/// Only a connection that never stood proves that nothing was sent.
#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let wire = HttpWire::new(&format!("http://{free}"), 2_000).unwrap();
    assert_eq!(wire.post(outgoing()).await.unwrap_err(), Silence::NoConnection);
}

/// What the other side does after it has accepted a connection.
async fn against(answer: &'static [u8], hang: bool) -> Result<u16, Silence> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(answer).await;
        if hang {
            tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        }
    });
    let wire = HttpWire::new(&format!("http://{address}"), 400).unwrap();
    let result = wire.post(outgoing()).await.map(|incoming| incoming.status);
    server.abort();
    result
}

#[tokio::test]
async fn after_the_connection_stood_nothing_is_certain() {
    assert_eq!(against(b"", false).await, Err(Silence::Lost));
    assert_eq!(against(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}", false).await, Err(Silence::Lost));
    assert_eq!(against(b"", true).await, Err(Silence::TimedOut));
    assert_eq!(
        against(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}", true).await,
        Err(Silence::TimedOut)
    );
    let redirect = b"HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(against(redirect, false).await, Ok(307), "never followed");
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MAX_BODY + 1).into_bytes();
    answer.resize(answer.len() + MAX_BODY + 1, b' ');
    assert_eq!(against(answer.leak(), true).await, Err(Silence::TooLarge));
}
