//! What can go wrong between a query and its caller, before it becomes the engine's words.

use deadpool_postgres::PoolError;
use lockstep_engine::port::{CommitError, Fault};
use tokio_postgres::error::SqlState;

/// What went wrong. No variant carries a bound value or the server's details, which name them, so none carries personal
/// data.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Failure {
    #[error("lost the race for {0}")]
    Conflict(&'static str),
    #[error("the effect was finished before")]
    AlreadyDone,
    #[error("the database says {code}: {message}")]
    Sql { code: String, message: String, constraint: Option<String> },
    #[error("the database can't be reached: {0}")]
    Unreachable(String),
    #[error("a stored value can't be read or written: {0}")]
    Json(String),
    #[error("{0}")]
    Refused(&'static str),
    #[error("another process has taken this database over; this one writes nothing any more")]
    Fenced,
    #[error("whether the change was committed could not be found out: {0}")]
    InDoubt(String),
    #[error("the store has stopped: the program is ending; start it again")]
    Stopped,
}

impl Failure {
    /// Whether the server answered that this change can't be: trying again would not help.
    pub(super) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Sql { .. })
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

    /// Names the race that was lost where a row was met that was there first.
    pub(super) fn taken(self, what: &'static str) -> Self {
        match self {
            Self::Sql { code, .. } if code == SqlState::UNIQUE_VIOLATION.code() => Self::Conflict(what),
            other => other,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) if !ends_the_session(said.code()) => Self::Sql {
                code: said.code().code().to_owned(),
                message: said.message().to_owned(),
                constraint: said.constraint().map(str::to_owned),
            },
            Some(said) => Self::Unreachable(said.message().to_owned()),
            // The text of what lies below can name values; what failed is enough.
            None => Self::Unreachable(error.to_string()),
        }
    }
}

/// The server ends the session with these: it is shutting down, or somebody ended it.
fn ends_the_session(code: &SqlState) -> bool {
    code.code().starts_with("57P") || code.code().starts_with("08")
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::Unreachable(other.to_string()),
        }
    }
}
