//! Why a database could not be opened. Each message says what to do about it.

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be reached.
    #[error("{what}: {source}")]
    File {
        /// What was being done.
        what: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("{file} is in use by another process; stop that one first, or give this one its own file")]
    InUse {
        /// The file.
        file: String,
    },
    /// A newer program has changed its schema.
    #[error("the database has schema version {found}, this program knows up to {known}; use a newer program")]
    NewerSchema {
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An older program made it, and it may not be changed while it is only read.
    #[error(
        "the database has schema version {found}, reading it needs {known}; start the service with this program once"
    )]
    OlderSchema {
        /// Its version.
        found: i64,
        /// The version this program reads.
        known: i64,
    },
    /// The role may not change the schema, and it has to be changed.
    #[error(
        "the schema has to be brought up to date, and this role may not do that; run `lockstep migrate` once with the \
         address of the role that owns the tables"
    )]
    MayNotMigrate,
    /// The schema has to be brought up to date before its tables are distributed.
    #[error("step {missing} of the schema is missing; run `lockstep migrate` first, then distribute")]
    NotMigrated {
        /// The first step that is missing.
        missing: i64,
    },
    /// The server has no Citus.
    #[error(
        "the database has no extension named citus. Install Citus 13.1 or newer on every machine, put it first in \
         `shared_preload_libraries`, restart the servers, run `CREATE EXTENSION citus` in this database on each, and join the \
         machines with `SELECT citus_add_node(…)`; then distribute"
    )]
    NoCitus,
    /// The server's Citus is too old.
    #[error(
        "the database has Citus {found}; it has to be 13.1 or newer, which carries rights to columns to every machine"
    )]
    OldCitus {
        /// Its version.
        found: String,
    },
    /// A migration that was applied differs from the one of the same number in this program.
    #[error(
        "migration {version} of the database is not the one of this program; use the program that made it"
    )]
    OtherMigration {
        /// Its number.
        version: i64,
    },
    /// It is a database of another program.
    #[error("the file is a database, but not one of this program")]
    NotOurs,
    /// A setting that durability rests on did not take.
    #[error(
        "the database keeps {setting} at {found}, it has to be {wanted}; is the file system a network share?"
    )]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it has to be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The address of a database server can't be used. Never carries the address itself, which may hold a password.
    #[error("the database address can't be used: {problem}. Write postgres://user:password@host/database")]
    Address {
        /// What is wrong with it.
        problem: String,
    },
    /// The database server is too old.
    #[error("the database server is PostgreSQL {found}; it has to be {oldest} or newer")]
    OldServer {
        /// Its major version.
        found: i32,
        /// The oldest that will do.
        oldest: i32,
    },
    /// The database server is a copy that can't be written.
    #[error("the database server is a replica; give the address of the primary")]
    Replica,
    /// The database said no.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
