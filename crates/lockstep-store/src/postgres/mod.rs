//! The store on PostgreSQL 15 or newer.
//!
//! Changes wait in lanes, by bucket, and travel together (`writer`, `batch`); reads take a connection of the pool each and are
//! one statement where they have to fit together. One process writes at a time: opening counts the fence up, and a
//! transaction of an older epoch is refused by the database. Needs a tokio runtime.

mod admin;
mod answers;
mod batch;
mod columns;
mod commit;
mod connection;
mod deliveries;
mod directory;
mod effects;
mod endpoints;
mod entities;
mod failure;
mod inbox;
mod lines;
mod load;
mod maintenance;
mod migrate;
mod notes;
mod page;
mod queries;
mod routing_rules;
mod row;
mod server;
mod store;
mod tenants;
mod vault;
mod work;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool};
use lockstep_engine::port::Fault;

use self::connection::database;
use self::failure::Failure;
use self::lines::Lines;
use self::migrate::{MIGRATIONS, migrate};
use self::row::Found;
pub use self::server::ServerFigures;
use self::work::Work;
use self::writer::{Lane, Shared};
use crate::{Migration, OpenError};

/// Queues of changes. More would fill smaller transactions; fewer would leave the server idle while one commits.
const LANES: usize = 2;
/// Connections. Few are enough: a read takes well under a millisecond of one.
const CONNECTIONS: usize = 12;

/// The store on one PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    lines: Lines,
    lanes: Vec<Lane>,
    /// Rows that could not be read, each reported once.
    unreadable: Mutex<BTreeSet<String>>,
}

impl PostgresStore {
    /// Opens the database of a `postgres://user:password@host/database?sslmode=require` address, brings its schema up to
    /// date, and takes it over from whoever wrote there before.
    ///
    /// # Errors
    /// When it can't be reached, is too old, only a copy, of a newer program, or acknowledges what it may lose.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let pool = connection::pool(url, CONNECTIONS)?;
        let mut client = reach(&pool).await?;
        connection::check_server(&client).await?;
        migrate(&mut client, MIGRATIONS).await?;
        let sql = "UPDATE fence SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch";
        let taken = client.query_one(sql, &[]).await.map_err(Failure::from);
        let epoch =
            taken.and_then(|found| row::get(&found, 0)).map_err(database("take the database over"))?;
        drop(client);
        let shared = Arc::new(Shared { pool: pool.clone(), epoch, fenced: AtomicBool::new(false) });
        let lanes = (0..LANES).map(|number| Lane::start(shared.clone(), number)).collect();
        Ok(Self { pool, lines: Lines::default(), lanes, unreadable: Mutex::default() })
    }

    /// As [`open`](Self::open), beside the process that serves: for reading, and for settings of the installation. Takes
    /// nothing over and changes no schema; a change that belongs to that process is refused.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when the schema is older than this program's.
    pub async fn open_beside(url: &str) -> Result<Self, OpenError> {
        let pool = connection::pool(url, 4)?;
        let mut client = reach(&pool).await?;
        connection::check_server(&client).await?;
        let pending = migrate::pending(&client, MIGRATIONS).await?;
        // An empty database is made ready: the first command of an installation may be one that runs beside.
        if pending.len() == MIGRATIONS.len() {
            migrate(&mut client, MIGRATIONS).await?;
        } else if let Some(first) = pending.first() {
            let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
            return Err(OpenError::OlderSchema { found: first.version - 1, known });
        }
        drop(client);
        Ok(Self { pool, lines: Lines::default(), lanes: Vec::new(), unreadable: Mutex::default() })
    }

    /// Applies what is missing of the schema; or, dry, only says what that is. Returns the steps.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn migrate(url: &str, dry: bool) -> Result<Vec<Migration>, OpenError> {
        let pool = connection::pool(url, 1)?;
        let mut client = reach(&pool).await?;
        connection::check_server(&client).await?;
        let pending = migrate::pending(&client, MIGRATIONS).await?;
        if !dry {
            migrate(&mut client, MIGRATIONS).await?;
        }
        Ok(pending)
    }

    /// Reads.
    async fn read<T>(
        &self,
        doing: &'static str,
        read: impl AsyncFnOnce(&mut Object) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        let run = async { read(&mut self.pool.get().await?).await };
        run.await.map_err(|failure| failure.fault(doing))
    }

    /// Reads a few rows by their keys.
    async fn look_up<T>(
        &self,
        doing: &'static str,
        read: impl AsyncFnOnce(&Object) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        let run = async { read(self.lines.get(&self.pool).await?.as_ref()).await };
        run.await.map_err(|failure| failure.fault(doing))
    }

    /// Changes something of the installation itself, by itself.
    async fn change<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Object) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        self.read(doing, work).await
    }

    /// Writes, together with whatever else waits. Returns once it is durable.
    async fn write(&self, work: Work) -> Result<bool, Failure> {
        let lane = usize::from(work.bucket().number()).checked_rem(self.lanes.len());
        match lane.and_then(|lane| self.lanes.get(lane)) {
            Some(lane) => lane.write(work).await,
            None => Err(Failure::Refused("this store was opened beside the process that serves")),
        }
    }

    /// What could be read; the rest is reported, each row once.
    fn readable<T>(&self, found: Found<T>) -> Vec<T> {
        let mut reported = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        for id in found.unreadable {
            if !reported.contains(&id) {
                tracing::error!(row = %id, "a stored row can't be read; did a newer program write it?");
                reported.insert(id);
            }
        }
        found.rows
    }
}

/// A connection to a database whose schema is up to date, to fill it.
pub(crate) async fn ready_to_fill(url: &str) -> Result<(Pool, Object), OpenError> {
    let pool = connection::pool(url, 1)?;
    let mut client = reach(&pool).await?;
    connection::check_server(&client).await?;
    migrate(&mut client, MIGRATIONS).await?;
    Ok((pool, client))
}

async fn reach(pool: &Pool) -> Result<Object, OpenError> {
    pool.get().await.map_err(Failure::from).map_err(database("reach the database"))
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
