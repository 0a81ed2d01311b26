//! Between Rust values and columns.

use std::str::FromStr;

use lockstep_core::time::Timestamp;
use rusqlite::Row;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// An id from a text column.
pub(super) fn id<T: FromStr>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| Failure::Refused("a stored id is not an id"))
}

/// A moment from an integer column.
pub(super) fn moment(row: &Row<'_>, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// A moment from an integer column that may be empty.
pub(super) fn moment_if_any(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, Failure> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A value from a JSON column.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(serde_json::from_str(text)?)
}

/// A counter as the database keeps it. Counters are 64 bits on both sides and never reach the sign.
pub(super) fn count(number: u64) -> Result<i64, Failure> {
    i64::try_from(number).map_err(|_| Failure::Refused("a counter is larger than the database can hold"))
}

/// A counter from a column.
pub(super) fn counted(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Failure::Refused("a stored counter is negative"))
}

/// All rows of a query.
pub(super) fn all<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(read(row)?);
    }
    Ok(list)
}

/// The first row of a query, if there is one.
pub(super) fn first<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    rows.next()?.map(read).transpose()
}

/// What was found, and the ids of rows that this program can't read (a newer one wrote them). An unreadable
/// row stays as it is and holds up nobody else.
pub(super) struct Found<T> {
    pub(super) rows: Vec<T>,
    pub(super) unreadable: Vec<String>,
}

/// Readable rows of a query whose first column is the id, until there are enough. The query has no `LIMIT`,
/// so unreadable rows take nobody's place.
pub(super) fn readable<T>(
    mut found: rusqlite::Rows<'_>,
    enough: usize,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Found<T>, Failure> {
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    while rows.len() < enough
        && let Some(row) = found.next()?
    {
        match read(row) {
            Ok(value) => rows.push(value),
            Err(Failure::Sql(error)) => return Err(error.into()),
            Err(_) => unreadable.push(row.get(0)?),
        }
    }
    Ok(Found { rows, unreadable })
}
