//! The nodes of a world: one process, or several that share the database.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::oneshot;
use lockstep_core::sensitive::OneTimeCode;
use lockstep_core::time::Timestamp;
use lockstep_sim::runtime::VirtualClock;
use lockstep_vault::{MasterKeyring, TransientSecrets, Vault};

use crate::chance::Chance;
use crate::clock::WallClock;
use crate::process::Process;
use crate::swarm::{Kind, Swarm};

/// Where a process runs: it may die and be started again, and is the same node.
pub struct Node {
    /// Its name, which is also its address.
    pub name: String,
    /// What runs there.
    pub process: Arc<Process>,
    /// Its clock.
    pub wall: WallClock,
    /// Until when it can't reach the database, in milliseconds.
    pub cut_until: Arc<AtomicI64>,
    vault: Mutex<Vault>,
    codes: Mutex<Arc<TransientSecrets>>,
    leave: Mutex<Option<oneshot::Sender<()>>>,
}

impl Node {
    fn new(number: usize, swarm: &Swarm, clock: &VirtualClock, ring: &MasterKeyring) -> Self {
        Self {
            name: format!("node-{number}"),
            process: Arc::default(),
            wall: WallClock::new(clock.clone(), swarm.strength(Kind::ClockJump) > 0),
            cut_until: Arc::default(),
            vault: Mutex::new(Vault::new(ring.clone())),
            codes: Mutex::new(Arc::new(TransientSecrets::new(1_000))),
            leave: Mutex::default(),
        }
    }

    /// The vault of the running process.
    pub fn vault(&self) -> Vault {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A process starts with an empty memory. Resolves when it is asked to stop in good order.
    pub fn begin(
        &self,
        vault: Vault,
        codes: Arc<TransientSecrets>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (leave, asked) = oneshot::channel();
        *self.vault.lock().unwrap_or_else(PoisonError::into_inner) = vault;
        *self.codes.lock().unwrap_or_else(PoisonError::into_inner) = codes;
        *self.leave.lock().unwrap_or_else(PoisonError::into_inner) = Some(leave);
        async move {
            if asked.await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// Asks its process to stop in good order.
    pub fn leave(&self) {
        let leave = self.leave.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A process that is dead can't be asked.
        let _ = leave.map(|leave| leave.send(()));
    }

    /// It can't reach the database until this moment.
    pub fn cut_off_until(&self, until: Timestamp) {
        self.cut_until.store(until.as_millis(), Ordering::SeqCst);
    }
}

/// All of them.
pub struct Nodes {
    all: Vec<Arc<Node>>,
    chance: Chance,
    alone: AtomicBool,
}

impl Nodes {
    /// As many as the world has.
    pub fn new(swarm: &Swarm, clock: &VirtualClock, ring: &MasterKeyring) -> Self {
        let all = (0..swarm.nodes).map(|number| Arc::new(Node::new(number, swarm, clock, ring)));
        Self { all: all.collect(), chance: Chance::of(swarm.seed, "doors"), alone: AtomicBool::new(false) }
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Node>] {
        &self.all
    }

    /// The one that is always there.
    pub fn first(&self) -> &Arc<Node> {
        &self.all[0]
    }

    /// The one to whom a caller comes.
    pub fn door(&self) -> &Arc<Node> {
        self.drawn(&self.chance)
    }

    /// One of them. Where there is only one nothing is drawn, so that the dice fall as they do in worlds without nodes.
    pub fn drawn(&self, chance: &Chance) -> &Arc<Node> {
        match self.all.len() {
            0 | 1 => self.first(),
            _ if self.alone() => self.first(),
            many => &self.all[usize::try_from(chance.below(many as u64)).unwrap_or(0)],
        }
    }

    /// The one at an address.
    pub fn at(&self, address: &str) -> Option<&Arc<Node>> {
        self.all.iter().find(|node| node.name == address)
    }

    /// Whether several share the database now.
    pub fn are_many(&self) -> bool {
        self.all.len() > 1 && !self.alone()
    }

    /// Whether the lender has gone back to one process.
    pub fn alone(&self) -> bool {
        self.alone.load(Ordering::SeqCst)
    }

    /// The lender goes back to one process, which takes everything over.
    pub fn go_back_to_one(&self) {
        self.alone.store(true, Ordering::SeqCst);
        self.kill_all();
    }

    /// Everything dies at once.
    pub fn kill_all(&self) {
        self.all.iter().for_each(|node| node.process.kill());
    }

    /// Whoever was stopped goes on.
    pub fn go_on(&self) {
        self.all.iter().for_each(|node| node.process.stop(false));
    }

    /// A code waits at each of them: a call that comes to the wrong one is handed on with all it brought.
    pub fn put_code(&self, reference: &str, code: &str, until_ms: i64) {
        for node in &self.all {
            let codes = node.codes.lock().unwrap_or_else(PoisonError::into_inner).clone();
            codes.put(reference, OneTimeCode::new(code.to_owned()), until_ms);
        }
    }
}
