//! One world from its seed to its end: first anything may fail, then everything is healed and has to come to rest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::FutureExt;
use lockstep_channels::{Adapter, ChannelConfig, ChannelKey, Secrets};
use lockstep_core::channel::{Capability, ChannelBook};
use lockstep_core::health::HealthReport;
use lockstep_core::id::{BindingId, BorrowerId, Bucket, EndpointId, Mint, TenantId};
use lockstep_core::payment::RetryPolicy;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Directory, Endpoint, Fleet, Seeds, Tenant};
use lockstep_engine::{Engine, Ports, Settings};
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::runtime::{Runtime, Spawner, VirtualClock};
use lockstep_sim::sandbox::{Rail, Sandbox};
use lockstep_store::MemoryStore;
use lockstep_store::memory::MemoryFleet;
use lockstep_vault::{MasterKeyring, TransientSecrets, Vault};

use crate::borrower::Borrower;
use crate::chance::Chance;
use crate::disk::{Disk, DiskWeather};
use crate::lender::Lender;
use crate::line::{Cable, Peril, Sent};
use crate::node::{Node, Nodes};
use crate::oracle;
use crate::postman::Postman;
use crate::receiver::Receiver;
use crate::secrets::OpenSecrets;
use crate::swarm::{Kind, Swarm, counted_as};
use crate::trace::{Broken, Recorded, Trace};

/// Both sides of the simulated channels sign with this. It guards nothing.
const CHANNEL_KEY: &str = "the-simulated-channels-sign-with-this-it-guards-nothing";
/// The same in every world, so that fingerprints repeat. It guards nothing.
const KEYS: &str = "master:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\nindex:6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283";
/// Orders of one borrower, about.
const ORDERS_EACH: usize = 8;
/// After healing the nodes work together for so long; then one goes on alone, or two weeks of signs of life would take
/// longer than all the rest.
const HEALED_TOGETHER_MS: u64 = 1_800_000;
/// The longest call, and a node's silence, are over well before.
const OVERDUE: Duration = Duration::from_secs(600);
/// How often the world looks whether it has come to rest.
const LOOK: Duration = Duration::from_secs(300);
/// After healing and the last window, everything has to have ended within this: the slowest timer waits for money on an
/// empty account, up to ten days.
const BOUND: Duration = Duration::from_secs(12 * 86_400);

/// What a world came to.
pub struct WorldOutcome {
    /// Its seed.
    pub seed: u64,
    /// Payments there were.
    pub payments: usize,
    /// What was recorded.
    pub record: Recorded,
    /// Second debits that the world had declared, all of them found.
    pub declared_second_debits: u64,
}

/// Everything that the lives of the process share.
struct Setting {
    swarm: Swarm,
    nodes: Arc<Nodes>,
    rows: Arc<MemoryStore>,
    weather: Arc<DiskWeather>,
    banks: Arc<SharedSandbox>,
    clock: VirtualClock,
    receiver: Arc<Receiver>,
    sent: Arc<Sent>,
    trace: Arc<Trace>,
    seeds: Arc<dyn Seeds>,
    spawner: Spawner,
    ring: Mutex<MasterKeyring>,
    lender: Arc<Lender>,
    config: AtomicUsize,
    peril: Arc<Peril>,
}

/// Runs the world of a seed.
pub fn run(swarm: &Swarm, story: bool) -> WorldOutcome {
    let trace = Arc::new(Trace::new(story));
    let mut runtime = Runtime::new(swarm.start);
    let setting = Arc::new(Setting::new(swarm, &runtime, &trace));
    let main = Arc::clone(&setting).main();
    if runtime.block_on(main, || false).is_err() {
        let what = format_args!("everything waits and nothing will ever happen");
        trace.found(setting.clock.now(), Broken::Stuck, None, what);
    }
    setting.count_channel_faults();
    let declared = oracle::judge(&oracle::Evidence {
        swarm,
        rows: &setting.rows,
        banks: &setting.banks,
        taken: setting.receiver.taken(),
        health: setting.health(),
        accepted: setting.lender.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        trace: &trace,
        now: setting.clock.now(),
    });
    let payments = setting.rows.payment_count();
    // Lets go of everything that holds the runtime.
    setting.nodes.kill_all();
    WorldOutcome { seed: swarm.seed, payments, record: trace.finish(), declared_second_debits: declared }
}

impl Setting {
    fn new(swarm: &Swarm, runtime: &Runtime, trace: &Arc<Trace>) -> Self {
        let clock = runtime.clock();
        let rows = Arc::new(MemoryStore::new());
        let seeds: Arc<dyn Seeds> = Arc::new(Chance::of(swarm.seed, "engine"));
        let keys: BTreeMap<_, _> =
            Rail::ALL.into_iter().map(|rail| (rail.id(), ChannelKey::new(CHANNEL_KEY.to_owned()))).collect();
        let mut sandbox = Sandbox::new(swarm.world.clone());
        sandbox.add_faults(&swarm.script(), swarm.start);
        let bank_seeds: Arc<dyn Seeds> = Arc::new(Chance::of(swarm.seed, "banks"));
        let banks = SharedSandbox::new(sandbox, &keys, Arc::new(clock.clone()), bank_seeds);
        let banks = Arc::new(banks);
        let mut mint = Mint::new(Bucket::of_tenant("lender"), swarm.start, seeds.draw());
        let ring = match MasterKeyring::parse(KEYS) {
            Ok(ring) => ring,
            Err(problem) => unreachable!("the simulator's keys are well-formed: {problem}"),
        };
        let nodes = Arc::new(Nodes::new(swarm, &clock, &ring));
        let lender = Lender {
            tenant: TenantId::mint(&mut mint),
            nodes: Arc::clone(&nodes),
            rows: Arc::clone(&rows),
            banks: Arc::clone(&banks),
            clock: clock.clone(),
            swarm: swarm.clone(),
            trace: Arc::clone(trace),
            spawner: runtime.spawner(),
            busy: AtomicUsize::new(0),
            answers: Mutex::default(),
            accepted: Mutex::default(),
        };
        Self {
            swarm: swarm.clone(),
            receiver: Arc::new(Receiver::new(swarm, clock.clone(), Arc::clone(trace))),
            weather: Arc::new(DiskWeather::new(swarm)),
            spawner: runtime.spawner(),
            ring: Mutex::new(ring),
            lender: Arc::new(lender),
            sent: Arc::default(),
            config: AtomicUsize::new(0),
            peril: Arc::new(Peril::new(swarm)),
            trace: Arc::clone(trace),
            nodes,
            rows,
            banks,
            clock,
            seeds,
        }
    }

    /// The channels as configured now.
    fn capabilities(&self) -> Vec<Capability> {
        let turn = self.config.load(Ordering::SeqCst);
        let mut capabilities = lockstep_sim::capabilities();
        for capability in &mut capabilities {
            capability.refund = capability.refund.filter(|_| self.swarm.refunds);
            capability.reversal = capability.reversal.take().filter(|_| self.swarm.reversals);
            capability.statement = capability.statement.take().filter(|_| self.swarm.statements);
            if self.swarm.notices_only && capability.id == Rail::Netsunion.id() {
                capability.query = None;
            }
            if turn % 2 == 1 {
                capability.max_in_flight = 4;
                if let Some(query) = &mut capability.query {
                    query.ladder_s.iter_mut().for_each(|step| *step = (*step * 2).min(1_200));
                }
            }
        }
        capabilities
    }

    /// The breakers at the end, and the time by which they go.
    fn health(&self) -> Option<(Timestamp, HealthReport)> {
        let node = self.nodes.first();
        node.process.engine().map(|engine| (node.wall.now(), engine.health()))
    }

    /// Starts a process: everything in memory is new, everything stored is as it was.
    fn start(&self, node: &Node) {
        let life = node.process.next_life();
        node.wall.restart();
        let vault = Vault::new(self.ring.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let codes = Arc::new(TransientSecrets::new(1_000));
        let disk = Arc::new(Disk {
            rows: Arc::clone(&self.rows),
            weather: Arc::clone(&self.weather),
            process: Arc::clone(&node.process),
            life,
            clock: self.clock.clone(),
            trace: Arc::clone(&self.trace),
            node: self.nodes.are_many().then(|| MemoryFleet::join(&self.rows, &node.name, &node.name)),
            cut_until: Arc::clone(&node.cut_until),
        });
        let secrets: Arc<dyn Secrets> = Arc::new(OpenSecrets {
            shelf: Arc::clone(&disk),
            vault: vault.clone(),
            codes: Arc::clone(&codes),
            clock: node.wall.clone(),
        });
        let cable = Cable {
            banks: Arc::clone(&self.banks),
            process: Arc::clone(&node.process),
            life,
            clock: self.clock.clone(),
            sent: Arc::clone(&self.sent),
            peril: Arc::clone(&self.peril),
            trace: Arc::clone(&self.trace),
        };
        let key = ChannelKey::new(CHANNEL_KEY.to_owned());
        let channels = cable.channels(&key, &secrets, &node.wall, &self.seeds);
        let ports = Ports {
            fleet: self.nodes.are_many().then(|| Arc::clone(&disk) as Arc<dyn Fleet>),
            store: disk,
            channels: Arc::new(channels),
            webhooks: self.receiver.clone(),
            clock: Arc::new(node.wall.clone()),
            seeds: self.seeds.clone(),
        };
        let turn = u16::try_from(self.config.load(Ordering::SeqCst)).unwrap_or(0);
        let retry = RetryPolicy {
            window_s: self.swarm.window_s,
            max_attempts: 8 - turn % 3,
            ..RetryPolicy::default()
        };
        let settings = Settings { refunds: self.swarm.refund_policy(), ..Settings::default() };
        let engine = Engine::new(ports, ChannelBook::new(self.capabilities()), retry, settings);
        let asked_to_leave = node.begin(vault, codes);
        let name = if self.nodes.are_many() { format!("{}, ", node.name) } else { String::new() };
        self.trace.note(self.clock.now(), None, format_args!("the process starts, {name}life {life}"));
        node.process.start(engine.clone());
        let running = async move { engine.run(asked_to_leave).await }.boxed();
        let process = Arc::clone(&node.process);
        let contained = process.contain(life, running);
        self.spawner.spawn(async move {
            if contained.await.is_ok() {
                process.kill();
            }
        });
    }

    async fn main(self: Arc<Self>) {
        let lender = Arc::clone(&self.lender);
        self.furnish().await;
        for node in self.nodes.all() {
            self.start(node);
            self.spawner.spawn(Arc::clone(&self).watch(Arc::clone(node)));
        }
        self.spawner.spawn(self.postman().run());
        self.weather_forecast();
        let borrowers = (self.swarm.payments / ORDERS_EACH).max(1);
        for number in 0..borrowers {
            let borrower = Arc::new(Borrower::new(&lender, number));
            let orders =
                self.swarm.payments / borrowers + usize::from(number < self.swarm.payments % borrowers);
            let setting = Arc::clone(&self);
            lender.spawn(async move { setting.life_of(borrower, orders).await });
        }
        lender.until(self.swarm.heals_at()).await;
        self.heal();
        if self.nodes.are_many() {
            lender.wait(HEALED_TOGETHER_MS).await;
            self.nothing_is_overdue();
            self.nodes.go_back_to_one();
        }
        self.quiet(|setting| setting.lender.busy.load(Ordering::SeqCst) == 0).await;
        self.top_up(borrowers).await;
        self.quiet(|setting| {
            setting.lender.busy.load(Ordering::SeqCst) == 0 && setting.rows.work_left() == (0, 0, 0)
        })
        .await;
    }

    /// Several nodes that are well leave nothing undone: whoever goes on alone would find it, and nobody would see.
    fn nothing_is_overdue(&self) {
        let now = self.clock.now();
        for one in self.rows.overdue(now.minus(OVERDUE)) {
            self.trace.found(now, Broken::Stuck, None, format_args!("the nodes leave it undone: {one}"));
        }
    }

    /// Waits until something holds, or the bound is reached.
    async fn quiet(&self, holds: impl Fn(&Self) -> bool) {
        let window = Duration::from_secs(self.swarm.window_s);
        let bound = self.swarm.heals_at().plus(window).plus(BOUND);
        while !holds(self) && self.clock.now() < bound {
            self.clock.sleep_until(self.clock.now().plus(LOOK)).await;
        }
    }

    async fn life_of(&self, borrower: Arc<Borrower>, orders: usize) {
        let delay = Chance::of(self.swarm.seed, "arrivals").below(600_000);
        self.lender.wait(delay).await;
        if let Some((owner, binding)) = borrower.arrive().await {
            for place in 0..orders {
                self.lender.spawn(Arc::clone(&borrower).owe(place, owner, binding));
            }
        }
    }

    /// The lender and its endpoints: one takes everything, one only what has ended.
    async fn furnish(&self) {
        let tenant = self.lender.tenant;
        let now = self.clock.now();
        let made = Tenant { id: tenant, name: "Lender".to_owned(), created_at: now };
        let mut mint = Mint::new(Bucket::of_tenant("endpoints"), now, self.seeds.draw());
        let endpoint = |mint: &mut Mint, kinds: &[&str]| Endpoint {
            id: EndpointId::mint(mint),
            tenant,
            url: "https://lender.example/hooks".to_owned(),
            secrets: Vec::new(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            enabled: true,
            created_at: now,
        };
        let endpoints =
            [endpoint(&mut mint, &[]), endpoint(&mut mint, &["payment.succeeded", "payment.failed"])];
        let mut furnished = self.rows.add_tenant(made).await.is_ok();
        for endpoint in endpoints {
            furnished &= self.rows.put_endpoint(endpoint).await.is_ok();
        }
        debug_assert!(furnished, "an empty store takes a tenant and two endpoints");
    }

    fn postman(&self) -> Postman {
        let config = |capability: Capability| ChannelConfig {
            adapter: Adapter::Sandbox,
            base_url: "https://channel.example".to_owned(),
            key: ChannelKey::new(CHANNEL_KEY.to_owned()),
            capability,
        };
        Postman {
            nodes: Arc::clone(&self.nodes),
            banks: Arc::clone(&self.banks),
            clock: self.clock.clone(),
            configs: lockstep_sim::capabilities().into_iter().map(config).collect(),
            trace: Arc::clone(&self.trace),
            rows: Arc::clone(&self.rows),
            swarm: self.swarm.clone(),
        }
    }

    /// Whoever keeps the process running: starts it again when it died.
    async fn watch(self: Arc<Self>, node: Arc<Node>) {
        let first = Arc::ptr_eq(&node, self.nodes.first());
        let stream = if first { "restarts".to_owned() } else { format!("restarts of {}", node.name) };
        let chance = Chance::of(self.swarm.seed, &stream);
        loop {
            node.process.dead().await;
            if self.nodes.alone() && !first {
                return;
            }
            let healed = self.clock.now() >= self.swarm.heals_at();
            let down_ms = if self.swarm.quick_restarts || healed {
                chance.between(20, 800)
            } else {
                chance.between(500, 300_000)
            };
            self.lender.wait(down_ms).await;
            self.start(&node);
        }
    }

    /// Faults that come and go by the clock.
    fn weather_forecast(self: &Arc<Self>) {
        let minutes = |list: [u64; 3]| list.map(|minutes| minutes * 60_000);
        self.recur(Kind::Crash, minutes([90, 20, 4]), |setting, chance| {
            setting.nodes.drawn(chance).process.kill();
            None
        });
        self.recur(Kind::Pause, minutes([90, 30, 10]), |setting, chance| {
            setting.nodes.drawn(chance).process.stop(true);
            Some((chance.between(500, 600_000), |setting| setting.nodes.go_on()))
        });
        self.recur(Kind::DbFailover, minutes([120, 40, 10]), |setting, chance| {
            setting.weather.away_until(setting.in_ms(chance.between(500, 45_000)));
            None
        });
        self.recur(Kind::DiskFull, minutes([120, 60, 20]), |setting, chance| {
            setting.weather.full_until(setting.in_ms(chance.between(1_000, 600_000)));
            None
        });
        self.recur(Kind::ClockJump, minutes([120, 60, 20]), |setting, chance| {
            let ahead = i64::try_from(chance.below(1_800_000)).unwrap_or(0) - 900_000;
            setting.nodes.first().wall.set_ahead(if chance.one_in(5) { -3_600_000 } else { ahead });
            None
        });
        self.recur(Kind::EndpointDown, minutes([90, 60, 30]), |setting, chance| {
            setting.receiver.down_until(setting.in_ms(chance.between(30_000, 3_600_000)));
            None
        });
        self.recur(Kind::KeyRotation, minutes([120, 60, 20]), |setting, _| {
            setting.rotate_keys();
            None
        });
        self.recur(Kind::ConfigRotation, minutes([120, 60, 20]), |setting, _| {
            setting.config.fetch_add(1, Ordering::SeqCst);
            setting.nodes.kill_all();
            None
        });
        self.recur(Kind::NodeCut, minutes([60, 20, 5]), |setting, chance| {
            let node = setting.nodes.drawn(chance);
            node.cut_off_until(setting.in_ms(chance.between(500, 120_000)));
            None
        });
        self.recur(Kind::NodeReplaced, minutes([60, 20, 5]), |setting, chance| {
            setting.nodes.drawn(chance).leave();
            None
        });
    }

    fn in_ms(&self, millis: u64) -> Timestamp {
        self.clock.now().plus(Duration::from_millis(millis))
    }

    /// Lets something happen again and again until everything heals, about so often by its strength.
    fn recur(
        self: &Arc<Self>,
        kind: Kind,
        about_ms: [u64; 3],
        happen: impl Fn(&Self, &Chance) -> Option<(u64, fn(&Self))> + Send + Sync + 'static,
    ) {
        let strength = self.swarm.strength(kind);
        if strength == 0 {
            return;
        }
        let about_ms = about_ms[usize::try_from(strength - 1).unwrap_or(0).min(2)];
        let (setting, chance) = (Arc::clone(self), Chance::of(self.swarm.seed, kind.name()));
        self.spawner.spawn(async move {
            loop {
                setting.lender.wait(chance.between(about_ms / 8, about_ms * 2)).await;
                if setting.clock.now() >= setting.swarm.heals_at() {
                    return;
                }
                setting.trace.struck(setting.clock.now(), None, kind.name());
                if let Some((after_ms, undo)) = happen(&setting, &chance) {
                    setting.lender.wait(after_ms).await;
                    undo(&setting);
                }
            }
        });
    }

    /// A fresh master key; every data key is wrapped again, one after the other, while everything goes on.
    fn rotate_keys(&self) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let rotated = if ring.key_ids().count() < 6 { ring.rotated().ok() } else { None };
        let Some(rotated) = rotated else { return };
        *ring = rotated.clone();
        let vault = self.nodes.first().vault();
        if self.nodes.all().iter().any(|node| node.vault().replace_keyring(rotated.clone()).is_err()) {
            self.trace.found(
                self.clock.now(),
                Broken::Wrong,
                None,
                format_args!("the keys can't be rotated"),
            );
        }
        let (rows, tenant) = (Arc::clone(&self.rows), self.lender.tenant.to_string());
        let clock = self.clock.clone();
        self.spawner.spawn(async move {
            for (borrower, old) in rows.wrapped_keys() {
                clock.sleep_until(clock.now().plus(Duration::from_millis(200))).await;
                let Ok(key) = old.parse() else { continue };
                if let Ok(Some(new)) = vault.rewrap_borrower_key(&tenant, &borrower.to_string(), &key) {
                    rows.rewrap(borrower, &old, &new.to_string());
                }
            }
        });
    }

    fn heal(&self) {
        self.trace.note(self.clock.now(), None, format_args!("everything is healed"));
        self.banks.with(Sandbox::clear_faults);
        self.nodes.go_on();
        self.nodes.first().wall.set_ahead(0);
    }

    /// Payments that are still missing: plain ones, now that everything works.
    async fn top_up(self: &Arc<Self>, from: usize) {
        let mut number = from;
        while self.rows.payment_count() < self.swarm.payments && number < from + 40 {
            let missing = self.swarm.payments - self.rows.payment_count();
            let borrower = Arc::new(Borrower::new(&self.lender, number));
            number += 1;
            let Some((owner, binding)) = borrower.arrive().await else { continue };
            self.owe_plainly(&borrower, owner, binding, missing).await;
        }
    }

    async fn owe_plainly(
        &self,
        borrower: &Arc<Borrower>,
        owner: BorrowerId,
        binding: BindingId,
        missing: usize,
    ) {
        for place in 0..missing.min(ORDERS_EACH * 4) {
            borrower.owe_plainly(10_000 + place, owner, binding).await;
        }
    }

    fn count_channel_faults(&self) {
        for (place, times) in self.banks.with(|sandbox| sandbox.truth().faults) {
            let kind = place.split_once('/').and_then(|(_, kind)| counted_as(kind));
            if let Some(kind) = kind {
                self.trace.count(kind, times);
            }
        }
    }
}
