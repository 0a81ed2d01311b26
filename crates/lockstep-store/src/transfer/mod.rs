//! Carrying an embedded database over to a server: everything in one transaction there, read back and compared before it
//! is kept. The file is marked as moved before that, so that nobody ever collects from both.

mod cell;
mod source;
mod target;

use std::path::Path;

pub use self::cell::Digest;
use self::source::Source;
use self::target::Target;
use crate::{OpenError, TABLES};

/// Under this name a database file remembers that it was moved, and serves no more.
pub const MOVED: &str = "moved_to_a_server";
/// Tables that are carried over beside those that grow.
const SMALL: [&str; 3] = ["erased_keys", "routing_rules", "meta"];
/// Rows read at once.
const AT_ONCE: usize = 2_000;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: &'static str,
    /// Rows carried over.
    pub done: u64,
    /// Rows there are.
    pub of: u64,
}

/// What was carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// A digest of all its rows, the same on both sides.
    pub digest: Digest,
}

/// Why nothing was carried over.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the two can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The server already holds data.
    #[error("the database of the server holds {rows} rows in {table} already; give one that is empty")]
    NotEmpty {
        /// Where.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// What the server holds is not what the file holds.
    #[error("{table} on the server is not what it is in the file; nothing was kept")]
    Differs {
        /// Where.
        table: &'static str,
    },
    /// Reading or writing failed.
    #[error("{doing}: {source}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Carries a database file over to an empty database of a server. Killed at any moment it can be started again: until the
/// end the server keeps nothing.
///
/// # Errors
/// [`TransferError`]; then the server holds nothing.
pub async fn sqlite_to_postgres(
    file: &Path,
    url: &str,
    mut told: impl FnMut(Progress),
) -> Result<Vec<Carried>, TransferError> {
    let mut source = Source::open(file)?;
    let mut target = Target::open(url).await?;
    let transaction = target.begin().await?;
    // A run that was killed at its very end left the mark behind; the server is empty, so the file still counts.
    source.unmark(MOVED)?;
    let mut carried = Vec::new();
    for table in TABLES.into_iter().chain(SMALL) {
        let columns = transaction.columns(table).await?;
        let of = source.count(table)?;
        let (mut digest, mut done) = (Digest::default(), 0);
        let mut writer = transaction.writer(table, &columns).await?;
        let mut after = None;
        loop {
            let (rows, last) = source.rows(table, &columns, after, AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            after = last;
            for row in &rows {
                digest.add(row);
                writer.write(row).await?;
            }
            done += rows.len() as u64;
            told(Progress { table, done, of });
        }
        writer.finish().await?;
        if transaction.digest(table, &columns).await? != (done, digest) || done != of {
            return Err(TransferError::Differs { table });
        }
        carried.push(Carried { table, rows: done, digest });
    }
    // In this order: a file that is marked and a server that is empty can be begun again; the other way round both
    // could be served.
    source.mark(MOVED)?;
    transaction.commit().await?;
    Ok(carried)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(doing: &'static str) -> impl Fn(E) -> TransferError {
    move |source| TransferError::Failed { doing, source: Box::new(source) }
}
