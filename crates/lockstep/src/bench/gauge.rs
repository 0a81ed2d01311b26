//! What a run takes from the machine: of this process, and of the database server where that runs here, too.

use std::path::PathBuf;

use lockstep_engine::port::Fault;
use lockstep_store::PostgresStore;

use crate::bench::args::{BenchArgs, StoreKind};
use crate::bench::machine::{self, Readings};
use crate::foundation::StartProblem;

/// Reads it.
pub struct Gauge {
    folder: PathBuf,
    server: Option<PostgresStore>,
}

impl Gauge {
    /// A gauge for this folder, and for the server that was named.
    ///
    /// # Errors
    /// [`StartProblem`] when the server can't be reached.
    pub async fn of(args: &BenchArgs, folder: PathBuf) -> Result<Self, StartProblem> {
        let server = match (args.store, &args.database) {
            (StoreKind::Postgres, Some(url)) => Some(PostgresStore::open_beside(url.expose()).await?),
            _ => None,
        };
        Ok(Self { folder, server })
    }

    /// Reads everything now.
    ///
    /// # Errors
    /// A [`Fault`] of the server.
    pub async fn read(&self) -> Result<Readings, Fault> {
        let own = machine::read(&self.folder);
        let Some(server) = &self.server else { return Ok(own) };
        let found = server.server().await?;
        let cpu = own.cpu.zip(machine::cpu_of_server(found.process)).map(|(own, server)| own + server);
        // What this process writes are a few lines beside the server's log.
        Ok(Readings { cpu, written: Some(found.log_bytes), files: found.database_bytes })
    }
}
