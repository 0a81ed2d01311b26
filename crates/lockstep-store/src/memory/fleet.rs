//! The register of nodes in memory, for worlds with several processes on one store.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use async_trait::async_trait;
use lockstep_core::fleet::{Buckets, NodeEntry, NodeNo, Register};
use lockstep_core::health::Hearsay;
use lockstep_core::id::Bucket;
use lockstep_engine::port::{Commit, Fault, Fleet, Membership};

use super::MemoryStore;
use crate::commit_rules;

#[derive(Default)]
pub(super) struct Nodes {
    register: Register,
    /// Numbers that were given so far.
    numbers: i64,
    news: Vec<(NodeNo, Hearsay)>,
}

/// One process among those that share a store in memory. The store itself refuses nobody: whoever writes in a node's name
/// asks it first, and does nothing else between the question and the change.
pub struct MemoryFleet {
    rows: Arc<MemoryStore>,
    name: String,
    address: String,
    number: AtomicI64,
    heard: AtomicUsize,
}

impl MemoryFleet {
    /// Joins under a name; whoever had it is replaced.
    pub fn join(rows: &Arc<MemoryStore>, name: &str, address: &str) -> Self {
        let rows = Arc::clone(rows);
        let heard = AtomicUsize::new(rows.nodes().news.len());
        let number = AtomicI64::new(rows.nodes().join(name, address).0);
        Self { rows, name: name.to_owned(), address: address.to_owned(), number, heard }
    }

    fn me(&self) -> NodeNo {
        NodeNo(self.number.load(Ordering::Relaxed))
    }

    /// Whether this process holds a bucket, whatever it believes itself.
    pub fn holds(&self, bucket: Bucket) -> bool {
        self.rows.nodes().register.held_by(self.me()).contains(bucket)
    }

    /// Whether it may make a change: an answer by itself is kept from being written twice by its key.
    pub fn may_write(&self, commit: &Commit) -> bool {
        commit_rules::owned(commit).is_none_or(|bucket| self.holds(bucket))
    }
}

impl MemoryStore {
    pub(super) fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nodes {
    fn join(&mut self, name: &str, address: &str) -> NodeNo {
        self.register.nodes.retain(|node| node.name != name);
        self.numbers += 1;
        let no = NodeNo(self.numbers);
        let (name, address) = (name.to_owned(), address.to_owned());
        self.register.nodes.push(NodeEntry { no, name, address, beats: 0 });
        no
    }

    fn beat(&mut self, me: NodeNo) -> bool {
        let mine = self.register.nodes.iter_mut().find(|node| node.no == me);
        mine.map(|node| node.beats += 1).is_some()
    }

    fn set(&mut self, holder: NodeNo, buckets: Buckets) {
        self.register.held.retain(|(no, _)| *no != holder);
        self.register.held.push((holder, buckets));
    }

    fn take(&mut self, me: NodeNo, free: &Buckets) -> Buckets {
        if !self.register.nodes.iter().any(|node| node.no == me) {
            return Buckets::NONE;
        }
        let won = free.and(&self.register.free());
        for (_, buckets) in &mut self.register.held {
            *buckets = buckets.without(&won);
        }
        self.set(me, self.register.held_by(me).or(&won));
        self.register.held.retain(|(_, buckets)| !buckets.is_empty());
        won
    }

    fn give(&mut self, me: NodeNo, held: &Buckets) -> Buckets {
        let mine = self.register.held_by(me);
        self.set(me, mine.without(held));
        held.and(&mine)
    }
}

#[async_trait]
impl Fleet for MemoryFleet {
    async fn beat(&self) -> Result<Membership, Fault> {
        let (me, mut nodes) = (self.me(), self.rows.nodes());
        if nodes.beat(me) {
            return Ok(Membership::Member { me, register: nodes.register.clone() });
        }
        let replaced = nodes.register.nodes.iter().any(|node| node.name == self.name);
        Ok(if replaced { Membership::Replaced } else { Membership::StruckOff })
    }

    async fn join(&self) -> Result<(), Fault> {
        let number = self.rows.nodes().join(&self.name, &self.address);
        self.number.store(number.0, Ordering::Relaxed);
        Ok(())
    }

    async fn strike_off(&self, silent: &NodeEntry) -> Result<bool, Fault> {
        let listed = &mut self.rows.nodes().register.nodes;
        let before = listed.len();
        listed.retain(|node| node.no != silent.no || node.beats != silent.beats);
        Ok(listed.len() < before)
    }

    async fn take(&self, free: &Buckets) -> Result<Buckets, Fault> {
        Ok(self.rows.nodes().take(self.me(), free))
    }

    async fn give(&self, held: &Buckets) -> Result<Buckets, Fault> {
        Ok(self.rows.nodes().give(self.me(), held))
    }

    async fn exchange(&self, told: &[Hearsay]) -> Result<Vec<Hearsay>, Fault> {
        let (me, mut nodes) = (self.me(), self.rows.nodes());
        nodes.news.extend(told.iter().map(|one| (me, one.clone())));
        let heard = self.heard.swap(nodes.news.len(), Ordering::Relaxed);
        let news = nodes.news.iter().skip(heard).filter(|(teller, _)| *teller != me);
        Ok(news.map(|(_, one)| one.clone()).collect())
    }

    async fn leave(&self) -> Result<(), Fault> {
        let me = self.me();
        self.rows.nodes().register.nodes.retain(|node| node.no != me);
        Ok(())
    }
}
