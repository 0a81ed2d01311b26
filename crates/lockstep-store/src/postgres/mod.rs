//! The store on PostgreSQL 15 or newer.
//!
//! Changes wait in lanes, by bucket, and travel together (`writer`, `batch`); reads take a connection of the pool each and are
//! one statement where they have to fit together. Each bucket is written to by one process at a time: its number stands in
//! the bucket's lease, and the database refuses every other (`leases`). Needs a tokio runtime.

mod admin;
mod answers;
mod batch;
mod columns;
mod commit;
mod connection;
mod deliveries;
mod directory;
mod distribute;
mod effects;
mod endpoints;
mod entities;
mod failure;
mod fleet;
mod groups;
mod hearsay;
mod inbox;
mod leases;
mod lines;
mod load;
mod maintenance;
mod migrate;
mod notes;
mod page;
mod queries;
mod rights;
mod routing_rules;
mod row;
mod server;
#[cfg(test)]
mod statements;
mod store;
mod tenants;
mod vault;
mod wall;
mod work;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool, Transaction};
use lockstep_core::fleet::{NodeNo, Register};
use lockstep_core::id::TenantId;
use lockstep_engine::port::Fault;

use self::batch::AsNode;
use self::connection::database;
use self::failure::Failure;
pub use self::fleet::PostgresFleet;
use self::groups::Groups;
use self::lines::Lines;
use self::migrate::{MIGRATIONS, migrate};
use self::row::Found;
pub use self::server::ServerFigures;
use self::work::Work;
use self::writer::{Lane, Shared};
use crate::{Migration, OpenError};

/// Queues of changes. More would fill smaller transactions; fewer would leave the server idle while one commits.
const LANES: usize = 2;
/// The same where buckets lie in many groups, none of which shares a transaction with another.
const LANES_APART: usize = 8;
/// Connections. Few are enough: a read takes well under a millisecond of one.
const CONNECTIONS: usize = 12;

/// The store on one PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    lines: Lines,
    lanes: Vec<Lane>,
    shared: Arc<Shared>,
    /// Whether the second wall between lenders stands.
    wall: bool,
    /// Rows that could not be read, each reported once.
    unreadable: Mutex<BTreeSet<String>>,
}

impl PostgresStore {
    /// Opens the database of a `postgres://user:password@host/database?sslmode=require` address, brings its schema up to
    /// date, and takes all of it over from whoever wrote there before.
    ///
    /// # Errors
    /// When it can't be reached, is too old, only a copy, of a newer program, or acknowledges what it may lose.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let Opened { pool, mut client, wall, groups } = open_to_write(url).await?;
        let number = leases::take_over(&mut client, &groups).await;
        Ok(Self::start(pool, wall, groups, number.map_err(database("take the database over"))?))
    }

    /// As [`open`](Self::open), as one node of several: takes nothing over, but joins under a name, and replaces whoever
    /// had joined under it before. The others reach this node's API at `address`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn join(url: &str, name: &str, address: &str) -> Result<(Self, PostgresFleet), OpenError> {
        let Opened { pool, mut client, wall, groups } = open_to_write(url).await?;
        let joined = leases::join(&mut client, name, address).await;
        let store = Self::start(pool, wall, groups, joined.map_err(database("join the nodes"))?);
        let (name, address) = (name.to_owned(), address.to_owned());
        let shared = store.shared.clone();
        let fleet =
            PostgresFleet { shared, name, address, told: AtomicI64::new(0), heard: Default::default() };
        Ok((store, fleet))
    }

    /// The register of nodes as it stands, without joining them.
    ///
    /// # Errors
    /// When the database can't be reached, or has none of our schema.
    pub async fn register(url: &str) -> Result<Register, OpenError> {
        let client = reach(&connection::pool(url, 1)?).await?;
        leases::register(&client).await.map_err(database("read the register of nodes"))
    }

    fn start(pool: Pool, wall: bool, groups: Groups, number: NodeNo) -> Self {
        let lanes = if groups.are_distributed() { LANES_APART } else { LANES };
        let shared = Arc::new(Shared { pool: pool.clone(), number: AtomicI64::new(number.0), groups });
        let lanes = (0..lanes).map(|number| Lane::start(shared.clone(), number)).collect();
        Self { pool, lines: Lines::default(), lanes, shared, wall, unreadable: Mutex::default() }
    }

    /// In whose name this process writes.
    fn number(&self) -> i64 {
        self.shared.number.load(Ordering::Acquire)
    }

    fn as_node(&self) -> AsNode<'_> {
        AsNode { groups: &self.shared.groups, number: self.number() }
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
        let groups = groups_of(&client).await?;
        let wall = !groups.are_distributed() && the_wall(&mut client).await?;
        drop(client);
        let shared = Arc::new(Shared { pool: pool.clone(), number: AtomicI64::new(0), groups });
        let (lines, lanes) = (Lines::default(), Vec::new());
        Ok(Self { pool, lines, lanes, shared, wall, unreadable: Mutex::default() })
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

    /// Makes every table distributed or copied on a server with Citus, leaving those that are; dry, only says what would be
    /// done. Each statement is told before it is run.
    ///
    /// # Errors
    /// As [`open`](Self::open), when the schema is not up to date, and where Citus is missing.
    pub async fn distribute(url: &str, dry: bool, told: impl FnMut(&str)) -> Result<(), OpenError> {
        let pool = connection::pool(url, 1)?;
        let client = reach(&pool).await?;
        connection::check_server(&client).await?;
        if let Some(first) = migrate::pending(&client, MIGRATIONS).await?.first() {
            return Err(OpenError::NotMigrated { missing: first.version });
        }
        distribute::distribute(&client, dry, told).await
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

    /// Reads what a lender may see.
    async fn read_for<T>(
        &self,
        tenant: TenantId,
        doing: &'static str,
        read: impl AsyncFnOnce(&Object) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        let run = async {
            let client = self.pool.get().await?;
            if self.wall { wall::read(&client, tenant, read).await } else { read(&client).await }
        };
        run.await.map_err(|failure: Failure| failure.fault(doing))
    }

    /// Changes something that a lender sets, all of it or nothing.
    async fn change_for<T>(
        &self,
        tenant: TenantId,
        doing: &'static str,
        change: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        let run = async {
            let mut client = self.pool.get().await?;
            let work = client.transaction().await?;
            if self.wall {
                wall::enter(&work, tenant).await?;
            }
            let done = change(&work).await?;
            work.commit().await?;
            Ok(done)
        };
        run.await.map_err(|failure: Failure| failure.fault(doing))
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
        let groups = &self.shared.groups;
        let place = match groups.are_distributed() {
            true => groups.of(work.bucket()),
            false => usize::from(work.bucket().number()),
        };
        let lane = place.checked_rem(self.lanes.len());
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

/// A database that is ready to be written to.
struct Opened {
    pool: Pool,
    client: Object,
    /// Whether the wall between lenders stands.
    wall: bool,
    groups: Groups,
}

async fn open_to_write(url: &str) -> Result<Opened, OpenError> {
    let pool = connection::pool(url, CONNECTIONS)?;
    let mut client = reach(&pool).await?;
    connection::check_server(&client).await?;
    // The server's own role may not change the schema, and needn't where nothing is missing of it.
    if !migrate::pending(&client, MIGRATIONS).await?.is_empty() {
        migrate(&mut client, MIGRATIONS).await?;
    }
    let groups = groups_of(&client).await?;
    let wall = !groups.are_distributed() && the_wall(&mut client).await?;
    if !wall {
        tracing::warn!("{}", rights::no_wall(&groups));
    }
    Ok(Opened { pool, client, wall, groups })
}

async fn groups_of(client: &Object) -> Result<Groups, OpenError> {
    Groups::read(client).await.map_err(database("see how the tables are distributed"))
}

/// A connection to a database whose schema is up to date, to fill it.
pub(crate) async fn ready_to_fill(url: &str) -> Result<(Pool, Object), OpenError> {
    let pool = connection::pool(url, 1)?;
    let mut client = reach(&pool).await?;
    connection::check_server(&client).await?;
    migrate(&mut client, MIGRATIONS).await?;
    // Filling is one long transaction, and what is compared in between takes as long as it takes.
    let patient = client.batch_execute("SET idle_in_transaction_session_timeout = 0").await;
    patient.map_err(Failure::from).map_err(database("prepare to fill the database"))?;
    Ok((pool, client))
}

async fn the_wall(client: &mut Object) -> Result<bool, OpenError> {
    wall::stands(client).await.map_err(database("look at the rights of the database"))
}

async fn reach(pool: &Pool) -> Result<Object, OpenError> {
    pool.get().await.map_err(Failure::from).map_err(database("reach the database"))
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
