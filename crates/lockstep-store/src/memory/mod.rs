//! The store ports in memory: for the simulator and for tests. It keeps typed states, so nothing is written down as
//! text on the way, and obeys the same rules as a database (the conformance suite runs on it, too).
//!
//! What it does at once, it has made durable: losing what was not flushed, failing and being slow are the business of
//! whoever wraps it.

mod commit;
mod deliveries;
mod directory;
mod fleet;
mod inbox;
mod queries;
mod store;
mod tables;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_core::Event;
use lockstep_core::audit::AuditEntry;
use lockstep_core::id::BorrowerId;
use lockstep_core::ledger::Entry;
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{CommitError, Delivery, Fault};

pub use self::fleet::MemoryFleet;
pub use self::tables::EntityId;

use self::fleet::Nodes;
use self::tables::Tables;

/// A store that lives and dies with the process.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    nodes: Mutex<Nodes>,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Conflict(&'static str),
    AlreadyDone,
    Refused(&'static str),
}

impl Failure {
    fn commit_error(self) -> CommitError {
        match self {
            Self::Conflict(what) => CommitError::Conflict(what),
            Self::AlreadyDone => CommitError::AlreadyDone,
            Self::Refused(why) => CommitError::Fault(Fault::new("commit a change", why)),
        }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every change is checked before the first row is touched, so a panic elsewhere leaves whole changes behind.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All payments, in the order of their ids.
    pub fn all_payments(&self) -> Vec<Payment> {
        self.tables().payments.values().cloned().collect()
    }

    /// All orders, in the order of their ids.
    pub fn all_orders(&self) -> Vec<Order> {
        self.tables().orders.values().cloned().collect()
    }

    /// How many payments there are.
    pub fn payment_count(&self) -> usize {
        self.tables().payments.len()
    }

    /// Hands every entity's events to `look`, oldest first, each with the moment it was committed at.
    pub fn each_history(&self, mut look: impl FnMut(EntityId, &[(Timestamp, Event)])) {
        for (entity, events) in &self.tables().events {
            look(*entity, events);
        }
    }

    /// Whether the fold of an entity's events is its state.
    pub fn folds(&self, entity: EntityId) -> bool {
        self.tables().folds(entity)
    }

    /// All ledger entries, oldest first.
    pub fn all_entries(&self) -> Vec<Entry> {
        self.tables().ledger.clone()
    }

    /// All audit entries.
    pub fn all_audits(&self) -> Vec<AuditEntry> {
        self.tables().audit.values().cloned().collect()
    }

    /// All deliveries, whatever became of them.
    pub fn all_deliveries(&self) -> Vec<Delivery> {
        self.tables().deliveries.values().cloned().collect()
    }

    /// Work that is left: effects, deliveries that are pending, messages that are new.
    pub fn work_left(&self) -> (usize, usize, usize) {
        let tables = self.tables();
        (tables.effects.len(), tables.pending_deliveries(), tables.inbox_new.len())
    }

    /// Effects that have been due since before this moment, ready or being sent, and messages that came in before it.
    pub fn overdue(&self, before: Timestamp) -> Vec<String> {
        let tables = self.tables();
        let effects = tables.effects.values().filter(|row| row.stored.due_at < before);
        let effects = effects.map(|row| format!("{:?}", row.stored));
        let messages = tables.inbox_new.iter().filter(|(received_at, _)| *received_at < before);
        effects.chain(messages.map(|(_, id)| format!("message {id}"))).collect()
    }

    /// Puts the same key, wrapped by another master key, in its place; whether the old one was still there.
    pub fn rewrap(&self, borrower: BorrowerId, old: &str, new: &str) -> bool {
        let mut tables = self.tables();
        match tables.data_keys.get_mut(&borrower) {
            Some(stored) if stored == old => {
                new.clone_into(stored);
                true
            }
            Some(_) | None => false,
        }
    }

    /// All wrapped data keys.
    pub fn wrapped_keys(&self) -> Vec<(BorrowerId, String)> {
        self.tables().data_keys.iter().map(|(borrower, key)| (*borrower, key.clone())).collect()
    }
}
