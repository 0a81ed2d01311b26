//! Vault items and the wrapped keys that open them. Everything here is encrypted before it comes in.

use lockstep_core::id::{BorrowerId, VaultItemId};
use lockstep_engine::port::Sealed;
use rusqlite::{Connection, params};

use super::failure::{Failure, taken};
use super::row;
use crate::erased_key::hash;

/// Stores an item, and its borrower's key if the borrower has none yet.
///
/// An item sealed under another key than the stored one could never be opened again, so it is refused as a
/// lost race: the caller loads the stored key and seals again. The same goes for a key that was destroyed
/// meanwhile.
pub(super) fn keep(connection: &Connection, sealed: &Sealed) -> Result<(), Failure> {
    match wrapped_key(connection, sealed.borrower)? {
        Some(stored) if stored == sealed.wrapped_key => {}
        Some(_) => return Err(Failure::Conflict("data key")),
        None if erased(connection, sealed)? => return Err(Failure::Conflict("data key")),
        None => {
            let sql = "INSERT INTO data_keys (bucket, borrower_id, wrapped_key) VALUES (?1, ?2, ?3)";
            let values =
                params![sealed.borrower.bucket().number(), sealed.borrower.to_string(), sealed.wrapped_key];
            connection.prepare_cached(sql)?.execute(values)?;
        }
    }
    let sql = "INSERT INTO vault_items (bucket, id, borrower_id, bytes) VALUES (?1, ?2, ?3, ?4)";
    let (bucket, item) = (sealed.item.bucket().number(), sealed.item.to_string());
    let values = params![bucket, item, sealed.borrower.to_string(), sealed.bytes];
    taken(connection.prepare_cached(sql)?.execute(values), "vault item", "vault item")?;
    Ok(())
}

fn erased(connection: &Connection, sealed: &Sealed) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM erased_keys WHERE bucket = ?1 AND borrower_id = ?2 AND key_hash = ?3";
    let (bucket, borrower) = (sealed.borrower.bucket().number(), sealed.borrower.to_string());
    Ok(connection.prepare_cached(sql)?.exists(params![bucket, borrower, hash(&sealed.wrapped_key)])?)
}

/// A borrower's wrapped key.
pub(super) fn wrapped_key(connection: &Connection, borrower: BorrowerId) -> Result<Option<String>, Failure> {
    let sql = "SELECT wrapped_key FROM data_keys WHERE bucket = ?1 AND borrower_id = ?2";
    let key = params![borrower.bucket().number(), borrower.to_string()];
    row::first(connection.prepare_cached(sql)?.query(key)?, |row| Ok(row.get(0)?))
}

/// An item with the wrapped key that opens it; `None` also when the key was destroyed.
pub(super) fn item(
    connection: &Connection,
    borrower: BorrowerId,
    item: VaultItemId,
) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let sql = "SELECT k.wrapped_key, i.bytes FROM vault_items i
               JOIN data_keys k ON k.bucket = i.bucket AND k.borrower_id = i.borrower_id
               WHERE i.bucket = ?1 AND i.id = ?2 AND i.borrower_id = ?3";
    let key = params![item.bucket().number(), item.to_string(), borrower.to_string()];
    row::first(connection.prepare_cached(sql)?.query(key)?, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Puts the same key, wrapped by another master key, in its place; whether the old one was still there.
pub(super) fn rewrap(
    connection: &Connection,
    borrower: BorrowerId,
    old: &str,
    new: &str,
) -> Result<bool, Failure> {
    let sql =
        "UPDATE data_keys SET wrapped_key = ?4 WHERE bucket = ?1 AND borrower_id = ?2 AND wrapped_key = ?3";
    let values = params![borrower.bucket().number(), borrower.to_string(), old, new];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// Some wrapped keys after a borrower's, to be wrapped again.
pub(super) fn wrapped_keys(
    connection: &Connection,
    after: Option<BorrowerId>,
    limit: usize,
) -> Result<Vec<(BorrowerId, String)>, Failure> {
    let sql = "SELECT borrower_id, wrapped_key FROM data_keys
               WHERE (bucket, borrower_id) > (?1, ?2) ORDER BY bucket, borrower_id LIMIT ?3";
    let bucket = after.map_or(-1, |id| i64::from(id.bucket().number()));
    let id = after.map(|id| id.to_string()).unwrap_or_default();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    row::all(connection.prepare_cached(sql)?.query(params![bucket, id, limit])?, |row| {
        Ok((row::id(row, 0)?, row.get(1)?))
    })
}

/// Destroys a borrower's key, and with it everything it opens; whether there was one.
pub(super) fn erase(connection: &Connection, borrower: BorrowerId) -> Result<bool, Failure> {
    let Some(key) = wrapped_key(connection, borrower)? else {
        return Ok(false);
    };
    // Pages that become free are overwritten too, not only cells in pages that stay.
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    let erased = erase_rows(connection, borrower, &key);
    connection.execute_batch("PRAGMA secure_delete = FAST")?;
    erased.map(|()| true)
}

fn erase_rows(connection: &Connection, borrower: BorrowerId, key: &str) -> Result<(), Failure> {
    let (bucket, id) = (borrower.bucket().number(), borrower.to_string());
    let sql = "INSERT OR IGNORE INTO erased_keys (bucket, borrower_id, key_hash) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![bucket, id, hash(key)])?;
    let sql = "DELETE FROM data_keys WHERE bucket = ?1 AND borrower_id = ?2";
    connection.prepare_cached(sql)?.execute(params![bucket, id])?;
    let sql = "DELETE FROM vault_items WHERE bucket = ?1 AND borrower_id = ?2";
    connection.prepare_cached(sql)?.execute(params![bucket, id])?;
    Ok(())
}
