//! What can go wrong between a query and its caller, before it becomes the engine's words.

use lockstep_engine::port::{CommitError, Fault};
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

use crate::money_rules;

/// What went wrong. No variant carries a bound value, so none carries personal data.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("lost the race for {0}")]
    Conflict(&'static str),
    #[error("the effect was finished before")]
    AlreadyDone,
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("a stored value can't be read or written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Refused(&'static str),
    #[error("the file can't be written: {0}")]
    File(#[from] std::io::Error),
    #[error("the program failed inside the store; nothing of this change was kept")]
    Panicked,
    #[error("the store has stopped: the disk lost a write, or the program is ending; start it again")]
    Stopped,
}

impl Failure {
    /// Whether the whole transaction is gone or in doubt, not only this change.
    pub(super) fn breaks_the_batch(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::OutOfMemory
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::OperationInterrupted
            )
        )
    }

    /// Whether the disk has refused to make a write durable. What it holds now is anybody's guess, and a
    /// second fsync may report success for pages that were dropped: nothing may be acknowledged any more.
    pub(super) fn lost_a_write(&self) -> bool {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(error, _)) => {
                [SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC].contains(&error.extended_code)
            }
            _ => false,
        }
    }

    pub(super) fn fault(self, doing: &'static str) -> Fault {
        Fault::new(doing, self)
    }

    pub(super) fn commit_error(self, doing: &'static str) -> CommitError {
        match self {
            Self::Conflict(what) => CommitError::Conflict(what),
            Self::AlreadyDone => CommitError::AlreadyDone,
            other => CommitError::Fault(other.fault(doing)),
        }
    }
}

/// Names the race that was lost when an insert or update met a row that was there first: `same_id` for the
/// row itself, `same_rule` for another row that the database's own rules allow only once.
pub(super) fn taken<T>(
    result: rusqlite::Result<T>,
    same_id: &'static str,
    same_rule: &'static str,
) -> Result<T, Failure> {
    result.map_err(|error| match &error {
        rusqlite::Error::SqliteFailure(code, _) if code.extended_code == SQLITE_CONSTRAINT_PRIMARYKEY => {
            Failure::Conflict(same_id)
        }
        rusqlite::Error::SqliteFailure(code, _) if code.extended_code == SQLITE_CONSTRAINT_UNIQUE => {
            Failure::Conflict(same_rule)
        }
        rusqlite::Error::SqliteFailure(code, Some(said)) if code.extended_code == SQLITE_CONSTRAINT_CHECK => {
            money_rules::broken(said).map(Failure::Refused).unwrap_or(Failure::Sql(error))
        }
        _ => Failure::Sql(error),
    })
}
