//! Between Rust values and columns.

use std::str::FromStr;

use lockstep_core::id::Bucket;
use lockstep_core::time::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::failure::Failure;

/// A column's value.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Failure> {
    Ok(row.try_get(column)?)
}

/// An id from a text column.
pub(super) fn id<T: FromStr>(row: &Row, column: usize) -> Result<T, Failure> {
    get::<&str>(row, column)?.parse().map_err(|_| Failure::Refused("a stored id is not an id"))
}

/// A moment from an integer column.
pub(super) fn moment(row: &Row, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millis(get(row, column)?))
}

/// A moment from an integer column that may be empty.
pub(super) fn moment_if_any(row: &Row, column: usize) -> Result<Option<Timestamp>, Failure> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_millis))
}

/// A value from a JSON column.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Failure> {
    Ok(serde_json::from_str(get(row, column)?)?)
}

/// A value from a JSON column that may be empty.
pub(super) fn json_if_any<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, Failure> {
    Ok(get::<Option<&str>>(row, column)?.map(serde_json::from_str).transpose()?)
}

/// A counter as the database keeps it. Counters are 64 bits on both sides and never reach the sign.
pub(super) fn count(number: u64) -> Result<i64, Failure> {
    i64::try_from(number).map_err(|_| Failure::Refused("a counter is larger than the database can hold"))
}

/// A counter from a column.
pub(super) fn counted(row: &Row, column: usize) -> Result<u64, Failure> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| Failure::Refused("a stored counter is negative"))
}

/// A small number from a column.
pub(super) fn small<T: TryFrom<i32>>(row: &Row, column: usize) -> Result<T, Failure> {
    T::try_from(get::<i32>(row, column)?).map_err(|_| Failure::Refused("a stored number is out of its range"))
}

/// A bucket as the database keeps it.
pub(super) fn bucket(bucket: Bucket) -> i32 {
    i32::from(bucket.number())
}

/// All rows, each read.
pub(super) fn all<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    rows.iter().map(read).collect()
}

/// What was found, and the ids of rows that this program can't read (a newer one wrote them). An unreadable row stays as
/// it is and holds up nobody else.
pub(super) struct Found<T> {
    pub(super) rows: Vec<T>,
    pub(super) unreadable: Vec<String>,
}

impl<T> Found<T> {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), unreadable: Vec::new() }
    }

    /// Takes a row whose first column is its id.
    pub(super) fn take(
        &mut self,
        row: &Row,
        read: impl Fn(&Row) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        match read(row) {
            Ok(value) => self.rows.push(value),
            Err(_) => self.unreadable.push(get(row, 0)?),
        }
        Ok(())
    }

    /// Takes rows until there are enough.
    pub(super) fn fill(
        &mut self,
        rows: &[Row],
        enough: usize,
        read: impl Fn(&Row) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        for row in rows {
            if self.rows.len() >= enough {
                break;
            }
            self.take(row, &read)?;
        }
        Ok(())
    }
}
