//! Two small tables of text by key: facts about the installation, and what the sandbox remembers.

use rusqlite::{Connection, params};

use super::failure::Failure;
use super::row;

/// A fact about the installation.
pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, Failure> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    row::first(connection.prepare_cached(sql)?.query([key])?, |row| Ok(row.get(0)?))
}

/// Writes a fact down, over the one before.
pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute(params![key, value])?;
    Ok(())
}

/// Writes many values, each over the one before of its key.
pub(super) fn put(connection: &Connection, values: &[(String, String)]) -> Result<(), Failure> {
    let sql = "INSERT INTO kv (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let mut statement = connection.prepare_cached(sql)?;
    for (key, value) in values {
        statement.execute(params![key, value])?;
    }
    Ok(())
}

/// Everything, in the order of its keys.
pub(super) fn all(connection: &Connection) -> Result<Vec<(String, String)>, Failure> {
    let sql = "SELECT key, value FROM kv ORDER BY key";
    row::all(connection.prepare_cached(sql)?.query([])?, |row| Ok((row.get(0)?, row.get(1)?)))
}
