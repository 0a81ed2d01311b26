//! The store: the ports `Store`, `Queries`, `Directory` and `Shelf` of the engine, on a database, and in memory for the
//! simulator.
//!
//! One folder per database with the same file names in each, plain SQL next to the function that needs it,
//! and one suite, [`conformance`], that every folder has to pass. What is not SQL (how an event is written
//! down, which records exist) lies beside the folders and is shared.
//!
//! Invariants of absence: no rule about money is decided here; the database only repeats the few that must
//! hold whatever the program above believes. No clock is read and no random number drawn: moments and ids
//! come in.

mod answer_key;
mod commit_rules;
#[cfg(feature = "conformance")]
pub mod conformance;
mod delivery_id;
mod entity_key;
mod erased_key;
mod event_body;
pub mod memory;
mod migration;
mod money_rules;
mod open_error;
pub mod postgres;
pub mod sqlite;
pub mod transfer;
mod upkeep;

pub use event_body::{EVENT_VERSION, EventBodyError, decode_event, encode_event};
pub use memory::MemoryStore;
pub use migration::Migration;
pub use open_error::OpenError;
pub use postgres::{PostgresFleet, PostgresStore};
pub use sqlite::SqliteStore;
pub use upkeep::{Database, Upkeep};

/// Tables that grow, in the order they are shown.
pub(crate) const TABLES: [&str; 16] = [
    "tenants",
    "api_keys",
    "endpoints",
    "borrowers",
    "bindings",
    "orders",
    "payments",
    "events",
    "effects",
    "deliveries",
    "answers",
    "ledger_entries",
    "audit",
    "inbox",
    "data_keys",
    "vault_items",
];
