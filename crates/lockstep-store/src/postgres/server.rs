//! What the server says of itself, for measurements.

use deadpool_postgres::Object;
use lockstep_engine::port::Fault;

use super::failure::Failure;
use super::{PostgresStore, row};

/// The server at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerFigures {
    /// The process that answered, by the number it has where the server runs.
    pub process: i32,
    /// Bytes of log that the server has made so far, for all its databases.
    pub log_bytes: u64,
    /// Size of this database.
    pub database_bytes: u64,
}

impl PostgresStore {
    /// Asks the server about itself.
    ///
    /// # Errors
    /// A [`Fault`] when it can't be reached.
    pub async fn server(&self) -> Result<ServerFigures, Fault> {
        self.read("ask the server about itself", async |client| figures(client).await).await
    }
}

async fn figures(client: &Object) -> Result<ServerFigures, Failure> {
    let sql = "SELECT pg_backend_pid(), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
                      pg_database_size(current_database())";
    let found = client.query_one(sql, &[]).await?;
    Ok(ServerFigures {
        process: row::get(&found, 0)?,
        log_bytes: row::counted(&found, 1)?,
        database_bytes: row::counted(&found, 2)?,
    })
}
