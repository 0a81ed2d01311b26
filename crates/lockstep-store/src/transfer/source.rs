//! The database file that is left.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::cell::{Cell, Column};
use super::{TransferError, failed};
use crate::OpenError;
use crate::sqlite::Exclusive;

const READING: &str = "read the file";

/// A database file that nobody else has open.
pub(super) struct Source(Exclusive);

impl Source {
    pub(super) fn open(file: &Path) -> Result<Self, OpenError> {
        Ok(Self(Exclusive::open(file)?))
    }

    fn connection(&self) -> &Connection {
        self.0.connection()
    }

    pub(super) fn count(&self, table: &str) -> Result<u64, TransferError> {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = self.connection().query_row(&sql, [], |row| row.get(0)).map_err(failed(READING))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Some rows after a place, and the place of the last of them.
    pub(super) fn rows(
        &self,
        table: &str,
        columns: &[Column],
        after: Option<i64>,
        limit: usize,
    ) -> Result<(Vec<Vec<Cell>>, Option<i64>), TransferError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let sql = format!(
            "SELECT rowid, {} FROM {table} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
            names.join(", ")
        );
        let read = || -> rusqlite::Result<(Vec<Vec<Cell>>, Option<i64>)> {
            let mut statement = self.connection().prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut found = statement.query((after.unwrap_or(i64::MIN), limit))?;
            let (mut rows, mut last) = (Vec::new(), after);
            while let Some(row) = found.next()? {
                last = Some(row.get(0)?);
                rows.push(
                    (1..=columns.len()).map(|place| cell(row.get_ref(place)?)).collect::<Result<_, _>>()?,
                );
            }
            Ok((rows, last))
        };
        read().map_err(failed(READING))
    }

    pub(super) fn unmark(&mut self, fact: &str) -> Result<(), TransferError> {
        let removed = self.connection().execute("DELETE FROM meta WHERE key = ?1", [fact]);
        removed.map(drop).map_err(failed("take the mark from the file"))
    }

    /// Writes a fact down, durably: this file serves no more.
    pub(super) fn mark(&mut self, fact: &str) -> Result<(), TransferError> {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, 'yes') ON CONFLICT (key) DO NOTHING";
        self.connection().execute(sql, [fact]).map(drop).map_err(failed("mark the file as moved"))
    }
}

fn cell(value: ValueRef<'_>) -> rusqlite::Result<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
        })?),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
    })
}
