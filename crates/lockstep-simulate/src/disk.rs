//! The store with a disk under it that fails: before a write, after it took effect, for a while, or by taking the
//! process with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::Slice;
use lockstep_core::fleet::{Buckets, NodeEntry};
use lockstep_core::health::Hearsay;
use lockstep_core::id::{
    BorrowerId, Bucket, DeliveryId, EffectId, EndpointId, InboxId, TenantId, VaultItemId,
};
use lockstep_core::order::OrderState;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Clock;
use lockstep_engine::port::{
    CallKey, Change, Claim, Commit, CommitError, Delivered, Delivery, Endpoint, Fault, Fleet, InboxRow,
    InboxState, Membership, Shelf, Store, StoredAnswer, StoredEffect,
};
use lockstep_sim::runtime::VirtualClock;
use lockstep_store::MemoryStore;
use lockstep_store::memory::MemoryFleet;

use crate::chance::Chance;
use crate::process::Process;
use crate::swarm::{Kind, Swarm};
use crate::trace::{Broken, Trace};

/// What the disk is like, shared by every life of the process.
pub struct DiskWeather {
    error: u32,
    error_after: u32,
    serialization: u32,
    slow: u32,
    read_error: u32,
    crash_before: u32,
    crash_after: u32,
    latency_ms: u64,
    full_until: AtomicI64,
    away_until: AtomicI64,
    heals_at: Timestamp,
    chance: Chance,
}

impl DiskWeather {
    /// The weather of a world.
    pub fn new(swarm: &Swarm) -> Self {
        let rare = [200, 1_000, 5_000];
        let common = [2_000, 10_000, 40_000];
        let chance = Chance::of(swarm.seed, "disk");
        let latency_ms = [0, 1, 5, 20][usize::try_from(chance.below(4)).unwrap_or(0)];
        Self {
            error: swarm.scaled(Kind::DbError, common),
            error_after: swarm.scaled(Kind::DbErrorAfterCommit, common),
            serialization: swarm.scaled(Kind::DbSerialization, common),
            slow: swarm.scaled(Kind::DbSlow, common),
            read_error: swarm.scaled(Kind::DbReadError, common),
            crash_before: swarm.scaled(Kind::CrashBeforeCommit, rare),
            crash_after: swarm.scaled(Kind::CrashAfterCommit, rare),
            latency_ms,
            full_until: AtomicI64::new(0),
            away_until: AtomicI64::new(0),
            heals_at: swarm.heals_at(),
            chance,
        }
    }

    /// Nothing can be written until this moment.
    pub fn full_until(&self, until: Timestamp) {
        self.full_until.store(until.as_millis(), Ordering::SeqCst);
    }

    /// The database is away until this moment.
    pub fn away_until(&self, until: Timestamp) {
        self.away_until.store(until.as_millis(), Ordering::SeqCst);
    }
}

/// The store as one life of the process sees it.
pub struct Disk {
    /// What is on it.
    pub rows: Arc<MemoryStore>,
    /// What it is like.
    pub weather: Arc<DiskWeather>,
    /// Whose it is.
    pub process: Arc<Process>,
    /// In which life.
    pub life: u64,
    /// The world's time.
    pub clock: VirtualClock,
    /// Where it is written down.
    pub trace: Arc<Trace>,
    /// Its place among the nodes that share the database; `None` for a process that is alone.
    pub node: Option<MemoryFleet>,
    /// Until when it can't reach the database, in milliseconds.
    pub cut_until: Arc<AtomicI64>,
}

/// How a write goes.
enum Going {
    Well,
    ReportedAsFailed,
    Fatal,
}

impl Disk {
    async fn pause(&self, millis: u64) {
        if millis > 0 {
            self.clock.sleep_until(self.clock.now().plus(Duration::from_millis(millis))).await;
        }
    }

    /// What belongs to a dead process never goes on.
    async fn die(&self, kind: Kind, doing: &'static str) -> ! {
        self.trace.struck(self.clock.now(), None, kind.name());
        self.trace.note(self.clock.now(), None, format_args!("the process dies at: {doing}"));
        self.process.kill();
        std::future::pending().await
    }

    async fn alive(&self) {
        if !self.process.lives(self.life) {
            std::future::pending::<()>().await;
        }
    }

    fn fault(&self, kind: Kind, doing: &'static str) -> Fault {
        self.trace.struck(self.clock.now(), None, kind.name());
        Fault::new(doing, kind.name())
    }

    /// A database that is away: what was asked of it fails when it is back.
    async fn away(&self, doing: &'static str) -> Result<(), Fault> {
        for (until, kind) in [(&self.weather.away_until, Kind::DbFailover), (&self.cut_until, Kind::NodeCut)]
        {
            let until = Timestamp::from_millis(until.load(Ordering::SeqCst));
            if self.clock.now() < until {
                self.clock.sleep_until(until).await;
                self.alive().await;
                return Err(self.fault(kind, doing));
            }
        }
        Ok(())
    }

    async fn before_read(&self, doing: &'static str) -> Result<(), Fault> {
        self.alive().await;
        let weather = &self.weather;
        if self.clock.now() >= weather.heals_at {
            return Ok(());
        }
        self.away(doing).await?;
        if weather.chance.ppm(weather.read_error) {
            return Err(self.fault(Kind::DbReadError, doing));
        }
        Ok(())
    }

    async fn before_write(&self, doing: &'static str) -> Result<Going, Fault> {
        self.alive().await;
        let weather = &self.weather;
        if self.clock.now() >= weather.heals_at {
            self.pause(weather.latency_ms).await;
            return Ok(Going::Well);
        }
        self.away(doing).await?;
        if self.clock.now().as_millis() < weather.full_until.load(Ordering::SeqCst) {
            return Err(self.fault(Kind::DiskFull, doing));
        }
        if weather.chance.ppm(weather.error) {
            return Err(self.fault(Kind::DbError, doing));
        }
        if weather.chance.ppm(weather.crash_before) {
            self.die(Kind::CrashBeforeCommit, doing).await;
        }
        let latency = weather.chance.below(weather.latency_ms + 1);
        let slow = if weather.chance.ppm(weather.slow) {
            self.trace.struck(self.clock.now(), None, Kind::DbSlow.name());
            weather.chance.between(50, 5_000)
        } else {
            0
        };
        // A process that dies here loses the write: it was not flushed.
        self.pause(latency + slow).await;
        self.alive().await;
        if weather.chance.ppm(weather.crash_after) {
            return Ok(Going::Fatal);
        }
        let after = weather.chance.ppm(weather.error_after);
        Ok(if after { Going::ReportedAsFailed } else { Going::Well })
    }

    async fn after_write(&self, going: Going, doing: &'static str) -> Result<(), Fault> {
        match going {
            Going::Well => Ok(()),
            Going::ReportedAsFailed => Err(self.fault(Kind::DbErrorAfterCommit, doing)),
            Going::Fatal => self.die(Kind::CrashAfterCommit, doing).await,
        }
    }

    /// Whether this process may write to a bucket.
    fn holds(&self, bucket: Bucket) -> bool {
        self.node.as_ref().is_none_or(|node| node.holds(bucket))
    }

    /// What is this process's business.
    fn ours<T>(&self, mut found: Vec<T>, bucket: impl Fn(&T) -> Bucket) -> Vec<T> {
        found.retain(|one| self.holds(bucket(one)));
        found
    }

    /// Its place among the nodes. Nobody asks for it who is alone.
    fn node(&self) -> Result<&MemoryFleet, Fault> {
        self.node.as_ref().ok_or_else(|| Fault::new("speak to the other nodes", "there are none"))
    }

    /// Writes down what a change did, before it is handed over.
    fn told(&self, commit: &Commit) -> Vec<(Option<String>, String)> {
        let mut lines = Vec::new();
        for changed in &commit.changes {
            let subject = lockstep_store::memory::EntityId::of(&changed.state).to_string();
            for event in &changed.events {
                lines.push((Some(subject.clone()), format!("{event:?}")));
            }
        }
        for stored in &commit.effects {
            let words = format!("to do at {}: {:?}", stored.due_at.as_millis(), stored.effect);
            lines.push((None, words));
        }
        if let Some((key, answer)) = &commit.answer {
            lines.push((None, format!("answer to {}: {} {}", key.key, answer.status, answer.body)));
        }
        lines.push((None, format!("committed; done {:?}; {} entries", commit.done, commit.entries.len())));
        lines
    }

    /// What has to hold after every change.
    async fn laws(&self, changed: &[Change], explained: bool) {
        let now = self.clock.now();
        if !changed.is_empty() && !explained {
            let subject =
                changed.first().map(|state| lockstep_store::memory::EntityId::of(state).to_string());
            let what = format_args!("a change without an audit entry");
            self.trace.found(now, Broken::Unexplained, subject.as_deref(), what);
        }
        for state in changed {
            let Change::Payment(payment) = state else { continue };
            let Some(id) = payment.purpose.order().filter(|_| payment.status().is_live()) else { continue };
            let order = self.rows.load(&CallKey::Order(id)).await.ok().and_then(|slice| slice.order);
            let held =
                order.is_some_and(|order| order.state == OrderState::Collecting { payment: payment.id });
            if !held {
                let subject = payment.id.to_string();
                let what =
                    format_args!("a payment is {} and its order doesn't know", payment.status().as_str());
                self.trace.found(now, Broken::Wrong, Some(&subject), what);
            }
        }
    }
}

#[async_trait]
impl Store for Disk {
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault> {
        self.before_read("load a slice").await?;
        self.rows.load(key).await
    }

    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault> {
        self.before_read("look up an idempotency key").await?;
        self.rows.answer(tenant, key).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        const DOING: &str = "commit a change";
        let weather = &self.weather;
        let going = self.before_write(DOING).await?;
        if self.clock.now() < weather.heals_at && weather.chance.ppm(weather.serialization) {
            self.trace.struck(self.clock.now(), None, Kind::DbSerialization.name());
            return Err(CommitError::Conflict("serialization"));
        }
        let lines = self.told(&commit);
        let explained = commit.audit.as_ref().is_some_and(|entry| !entry.action.is_empty());
        let changed: Vec<_> = commit.changes.iter().map(|changed| changed.state.clone()).collect();
        if self.node.as_ref().is_some_and(|node| !node.may_write(&commit)) {
            return Err(CommitError::Elsewhere);
        }
        self.rows.commit(commit).await?;
        for (subject, words) in &lines {
            self.trace.note(self.clock.now(), subject.as_deref(), format_args!("{words}"));
        }
        self.laws(&changed, explained).await;
        Ok(self.after_write(going, DOING).await?)
    }

    async fn begin_sending(&self, effect: EffectId, at: Timestamp, claim: Claim) -> Result<bool, Fault> {
        const DOING: &str = "mark an effect as being sent";
        let going = self.before_write(DOING).await?;
        let begun = self.holds(effect.bucket()) && self.rows.begin_sending(effect, at, claim).await?;
        self.trace.note(self.clock.now(), None, format_args!("sending {effect}: {begun}"));
        self.after_write(going, DOING).await?;
        Ok(begun)
    }

    async fn finish(&self, effect: EffectId) -> Result<(), Fault> {
        const DOING: &str = "finish an effect";
        let going = self.before_write(DOING).await?;
        if self.holds(effect.bucket()) {
            self.rows.finish(effect).await?;
        }
        self.after_write(going, DOING).await
    }

    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault> {
        const DOING: &str = "put an effect off";
        let going = self.before_write(DOING).await?;
        if self.holds(effect.bucket()) {
            self.rows.postpone(effect, due_at).await?;
        }
        self.after_write(going, DOING).await
    }

    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault> {
        self.before_read("find due effects").await?;
        let found = self.rows.due_effects(until, limit).await?;
        Ok(self.ours(found, |stored| stored.id.bucket()))
    }

    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault> {
        self.before_read("find interrupted effects").await?;
        let found = self.rows.interrupted().await?;
        Ok(self.ours(found, |stored| stored.id.bucket()))
    }

    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault> {
        self.before_read("find due deliveries").await?;
        let found = self.rows.due_deliveries(until, limit, per_endpoint).await?;
        Ok(self.ours(found, |delivery| delivery.id.bucket()))
    }

    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, at: Timestamp) -> Result<(), Fault> {
        const DOING: &str = "write a delivery's outcome down";
        let going = self.before_write(DOING).await?;
        if self.holds(delivery.bucket()) {
            self.rows.delivered(delivery, outcome, at).await?;
        }
        self.trace.note(self.clock.now(), None, format_args!("delivery {delivery}: {outcome:?}"));
        self.after_write(going, DOING).await
    }

    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        self.before_read("read an endpoint").await?;
        self.rows.endpoint(id).await
    }

    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault> {
        const DOING: &str = "switch an endpoint off";
        let going = self.before_write(DOING).await?;
        self.rows.disable_endpoint(id).await?;
        self.after_write(going, DOING).await
    }

    async fn receive(&self, row: InboxRow) -> Result<bool, Fault> {
        const DOING: &str = "store an incoming message";
        let going = self.before_write(DOING).await?;
        let (message, fresh) = (row.message_id.clone(), self.rows.receive(row).await?);
        self.trace.note(self.clock.now(), None, format_args!("message {message} stored: {fresh}"));
        self.after_write(going, DOING).await?;
        Ok(fresh)
    }

    async fn inbox(&self, parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        self.before_read("find incoming messages").await?;
        let found = self.rows.inbox(parked_after, limit).await?;
        Ok(self.ours(found, |row| row.id.bucket()))
    }

    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault> {
        const DOING: &str = "write down where a message stands";
        let going = self.before_write(DOING).await?;
        if self.holds(id.bucket()) {
            self.rows.inbox_state(id, state).await?;
        }
        self.after_write(going, DOING).await
    }
}

#[async_trait]
impl Fleet for Disk {
    async fn beat(&self) -> Result<Membership, Fault> {
        const DOING: &str = "say that this node lives";
        let going = self.before_write(DOING).await?;
        let membership = self.node()?.beat().await?;
        self.after_write(going, DOING).await?;
        Ok(membership)
    }

    async fn join(&self) -> Result<(), Fault> {
        const DOING: &str = "join the nodes again";
        let going = self.before_write(DOING).await?;
        self.node()?.join().await?;
        self.after_write(going, DOING).await
    }

    async fn strike_off(&self, silent: &NodeEntry) -> Result<bool, Fault> {
        const DOING: &str = "strike a silent node off";
        let going = self.before_write(DOING).await?;
        let struck = self.node()?.strike_off(silent).await?;
        self.trace.note(
            self.clock.now(),
            None,
            format_args!("the process {} is struck off: {struck}", silent.name),
        );
        self.after_write(going, DOING).await?;
        Ok(struck)
    }

    async fn take(&self, free: &Buckets) -> Result<Buckets, Fault> {
        const DOING: &str = "take buckets over";
        let going = self.before_write(DOING).await?;
        let won = self.node()?.take(free).await?;
        self.after_write(going, DOING).await?;
        Ok(won)
    }

    async fn give(&self, held: &Buckets) -> Result<Buckets, Fault> {
        const DOING: &str = "give buckets up";
        let going = self.before_write(DOING).await?;
        let given = self.node()?.give(held).await?;
        self.after_write(going, DOING).await?;
        Ok(given)
    }

    async fn exchange(&self, told: &[Hearsay]) -> Result<Vec<Hearsay>, Fault> {
        self.before_read("exchange news of channels").await?;
        self.node()?.exchange(told).await
    }

    async fn leave(&self) -> Result<(), Fault> {
        const DOING: &str = "leave the nodes";
        let going = self.before_write(DOING).await?;
        self.node()?.leave().await?;
        self.after_write(going, DOING).await
    }
}

#[async_trait]
impl Shelf for Disk {
    async fn wrapped_key(&self, borrower: BorrowerId) -> Result<Option<String>, Fault> {
        self.before_read("read a wrapped key").await?;
        self.rows.wrapped_key(borrower).await
    }

    async fn sealed_item(
        &self,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<Option<(String, Vec<u8>)>, Fault> {
        self.before_read("read a sealed item").await?;
        self.rows.sealed_item(borrower, item).await
    }
}
