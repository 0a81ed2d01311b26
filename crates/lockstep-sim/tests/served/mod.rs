//! The sandbox served on loopback, for tests over real HTTP.
#![allow(dead_code, reason = "each test binary uses its part of it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lockstep_channels::{Adapter, ChannelConfig, ChannelKey, Registry};
use lockstep_core::binding::SignAnswer;
use lockstep_engine::port::{Channels, Clock, Seeds};
use lockstep_sim::http::{Door, Options, serve};
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::sandbox::{Rail, Sandbox, Script, Scripted, World};
use serde_json::Value;

use crate::town::{Counting, Lender, MOBILE, Real, key, keys, vault};

/// The sandbox, served, with the adapter of production on the other end.
pub(crate) struct Served {
    pub(crate) base: String,
    pub(crate) shared: Arc<SharedSandbox>,
    pub(crate) registry: Registry,
    pub(crate) lender: Lender,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn config(rail: Rail, base_url: String, key: ChannelKey) -> ChannelConfig {
    let mut capability = rail.capability().clone();
    // Tests don't wait the seconds that people would.
    capability.call_timeout_ms = 700;
    ChannelConfig { adapter: Adapter::Sandbox, base_url, key, capability }
}

fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Served {
    pub(crate) async fn start(callback_url: Option<String>) -> Self {
        let world = World { pace_permille: 0, open_all_day: true, ..World::default() };
        let shared =
            SharedSandbox::new(Sandbox::new(world), &keys(), Arc::new(Real), Arc::new(Counting::default()));
        let shared = Arc::new(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let door = Door { rail: Rail::Unionpay, address: free_port() };
        let options = Options { callback_url, doors: vec![door] };
        tokio::spawn(serve(listener, shared.clone(), options));
        let configs: Vec<_> = Rail::ALL
            .into_iter()
            .map(|rail| {
                let own =
                    if rail == Rail::Unionpay { format!("http://{}", door.address) } else { base.clone() };
                config(rail, own, key(rail))
            })
            .collect();
        let (clock, seeds): (Arc<dyn Clock>, Arc<dyn Seeds>) =
            (Arc::new(Real), Arc::new(Counting::default()));
        let registry = Registry::from_configs(&configs, &vault(), &clock, &seeds).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        while tokio::net::TcpStream::connect(door.address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self { base, shared, registry, lender: Lender::new(), http }
    }

    pub(crate) fn script(&self, scripted: Scripted) {
        self.shared.with(|sandbox| sandbox.add_faults(&Script { faults: vec![scripted] }, Real.now()));
    }

    pub(crate) async fn signed(&mut self, rail: Rail) -> String {
        let request_no = format!("{}-01", rail.as_str());
        let answer = self.registry.request_code(&self.lender.sign_request(rail, &request_no, None)).await;
        assert!(matches!(answer, SignAnswer::Answered { .. }), "{answer:?}");
        let messages = self.get(&format!("/sandbox/v1/phones/{MOBILE}/messages")).await.1;
        let texted = messages.as_array().unwrap().last().unwrap()["code"].as_str().unwrap().to_owned();
        let request = self.lender.sign_request(rail, &request_no, Some(&texted));
        let SignAnswer::Answered { agreement_no: Some(number), .. } = self.registry.sign(&request).await
        else {
            panic!("not signed");
        };
        number
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(format!("{}{path}", self.base)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: &str) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }
}
