//! A whole house for the tests: the router on a store in memory, an engine that runs, and lenders with keys.

mod bank;
mod client;
mod reading;
mod store;
mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use lockstep_api::{AppState, Limits, new_api_key, router};
use lockstep_core::id::{ApiKeyId, Bucket, Mint, TenantId};
use lockstep_core::payment::RetryPolicy;
use lockstep_core::payment::route::RoutePolicy;
use lockstep_engine::port::{ApiKey, Clock, KeyScope, Seeds, Tenant};
use lockstep_engine::{Engine, Ports, Settings};
use lockstep_vault::{MasterKeyring, TransientSecrets, Vault};

pub(crate) use self::bank::{Bank, Counter, MONDAY_MS, TestClock};
pub(crate) use self::client::{CARD, Client, MOBILE, NAME, Reply, named};
pub(crate) use self::world::World;

/// Everything the tests look at.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    pub(crate) world: World,
    pub(crate) bank: Arc<Bank>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) vault: Vault,
    pub(crate) codes: Arc<TransientSecrets>,
    seeds: Arc<Counter>,
}

impl House {
    /// A house whose engine runs.
    pub(crate) fn open() -> Self {
        let house = Self::with(Limits::default(), Settings::default());
        let engine = house.engine.clone();
        tokio::spawn(async move { engine.run(std::future::pending()).await });
        house
    }

    /// A house whose engine takes calls and performs nothing.
    pub(crate) fn asleep() -> Self {
        Self::with(Limits::default(), Settings::default())
    }

    pub(crate) fn with(limits: Limits, settings: Settings) -> Self {
        let world = World::default();
        let clock = Arc::new(TestClock::new());
        let codes = Arc::new(TransientSecrets::new(100));
        let bank = Arc::new(Bank {
            money: Mutex::new("00"),
            codes: codes.clone(),
            clock: clock.clone(),
            entered: Mutex::default(),
        });
        let seeds = Arc::new(Counter::default());
        let ports = Ports {
            fleet: None,
            store: Arc::new(world.clone()),
            channels: bank.clone(),
            webhooks: Arc::new(bank::Receiver),
            clock: clock.clone(),
            seeds: seeds.clone(),
        };
        let route = RoutePolicy { explore_ppm: 0, ..RoutePolicy::default() };
        let retry = RetryPolicy { spread_s: 1, route, ..RetryPolicy::default() };
        let engine = Engine::new(ports, bank::book(), retry, settings);
        let vault = Vault::new(MasterKeyring::generate().unwrap());
        let state = AppState {
            nodes: None,
            engine: engine.clone(),
            queries: Arc::new(world.clone()),
            directory: Arc::new(world.clone()),
            shelf: Arc::new(world.clone()),
            vault: vault.clone(),
            codes: codes.clone(),
            notices: Arc::new(bank::TestReader),
            clock: clock.clone(),
            limits,
        };
        Self { router: router(state), engine, world, bank, clock, vault, codes, seeds }
    }

    /// A lender with a key of all scopes.
    pub(crate) fn lender(&self, name: &str) -> Client {
        let mut mint = Mint::new(Bucket::of_tenant(name), self.clock.now(), self.seeds.draw());
        let tenant =
            Tenant { id: TenantId::mint(&mut mint), name: name.to_owned(), created_at: self.clock.now() };
        let id = tenant.id;
        self.world.data().tenants.insert(id, tenant);
        self.key(id, &[KeyScope::Read, KeyScope::Write, KeyScope::Refund, KeyScope::Admin, KeyScope::Approve])
    }

    /// A client with a key of these scopes.
    pub(crate) fn key(&self, tenant: TenantId, scopes: &[KeyScope]) -> Client {
        let (secret, hash) = new_api_key(&self.vault).unwrap();
        let mut mint = Mint::new(tenant.bucket(), self.clock.now(), self.seeds.draw());
        let key = ApiKey {
            id: ApiKeyId::mint(&mut mint),
            tenant,
            hash,
            name: "test".to_owned(),
            scopes: scopes.to_vec(),
            created_at: self.clock.now(),
            revoked_at: None,
        };
        let client = Client::new(self.router.clone(), tenant, key.id, Some(secret));
        self.world.data().keys.push(key);
        client
    }

    /// A caller without a key.
    pub(crate) fn stranger(&self) -> Client {
        let mut mint = Mint::new(Bucket::of_tenant("nobody"), self.clock.now(), self.seeds.draw());
        Client::new(self.router.clone(), TenantId::mint(&mut mint), ApiKeyId::mint(&mut mint), None)
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// What payments are answered with from now on: a code, or `timeout`.
    pub(crate) fn payments_answer(&self, code: &'static str) {
        *self.bank.money.lock().unwrap() = code;
    }
}
