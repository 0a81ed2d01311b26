//! Messages that came in from channels: stored before they are acknowledged, processed afterwards, once.

use lockstep_core::id::InboxId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{InboxRow, InboxState};
use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::row::{self, Found};

/// Stores a message; `false` when it was there already.
pub(super) fn receive(connection: &Connection, message: &InboxRow) -> Result<bool, Failure> {
    let sql = "INSERT INTO inbox (bucket, id, channel, message_id, body, received_at, state, tries)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT (channel, message_id) DO NOTHING";
    let values = params![
        message.id.bucket().number(),
        message.id.to_string(),
        message.channel,
        message.message_id,
        message.body,
        message.received_at.as_millis(),
        message.state.as_str(),
    ];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

/// New messages in the order they came, then parked ones, the least often tried first.
pub(super) fn waiting(
    connection: &Connection,
    parked_after: Timestamp,
    limit: usize,
) -> Result<Found<InboxRow>, Failure> {
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'new' ORDER BY received_at, id";
    let mut found = row::readable(connection.prepare_cached(sql)?.query([])?, limit, read)?;
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'parked' AND received_at > ?1 ORDER BY tries, received_at, id";
    let left = limit.saturating_sub(found.rows.len());
    let parked =
        row::readable(connection.prepare_cached(sql)?.query([parked_after.as_millis()])?, left, read)?;
    found.rows.extend(parked.rows);
    found.unreadable.extend(parked.unreadable);
    Ok(found)
}

/// Messages that matched nothing, newest first.
pub(super) fn parked(connection: &Connection, limit: usize) -> Result<Vec<InboxRow>, Failure> {
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'parked' ORDER BY received_at DESC, id DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    row::all(connection.prepare_cached(sql)?.query([limit])?, read)
}

/// Writes down where a message stands. What is done stays done.
pub(super) fn set_state(connection: &Connection, id: InboxId, state: InboxState) -> Result<(), Failure> {
    let sql =
        "UPDATE inbox SET state = ?3, tries = tries + 1 WHERE bucket = ?1 AND id = ?2 AND state <> 'done'";
    connection.prepare_cached(sql)?.execute(params![id.bucket().number(), id.to_string(), state.as_str()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<InboxRow, Failure> {
    let state = match row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)? {
        "new" => InboxState::New,
        "done" => InboxState::Done,
        _ => InboxState::Parked,
    };
    Ok(InboxRow {
        id: row::id(row, 0)?,
        channel: row.get(1)?,
        message_id: row.get(2)?,
        body: row.get(3)?,
        received_at: row::moment(row, 4)?,
        state,
    })
}
