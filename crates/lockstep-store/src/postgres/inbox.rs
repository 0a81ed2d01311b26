//! Messages that came in from channels: stored before they are acknowledged, processed afterwards, once.

use deadpool_postgres::Object;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{InboxRow, InboxState};
use tokio_postgres::Row;

use super::batch::{Otherwise, Step};
use super::columns::columns;
use super::failure::Failure;
use super::row::{self, Found};
use super::work::Work;

columns!(NewMessage in Messages {
    bucket: i32, id: String, channel: String, message_id: String, body: String, received_at: i64, state: String,
});
const RECEIVE: &str = "INSERT INTO inbox (bucket, id, channel, message_id, body, received_at, state, tries)
    SELECT n.bucket, n.id, n.channel, n.message_id, n.body, n.received_at, n.state, 0
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
         AS n (bucket, id, channel, message_id, body, received_at, state)
    ON CONFLICT DO NOTHING RETURNING id";

columns!(Standing in Standings { bucket: i32, id: String, state: String });
/// What is done stays done.
const SET_STATE: &str = "UPDATE inbox i SET state = n.state, tries = i.tries + 1
    FROM unnest($1::int[], $2::text[], $3::text[]) AS n (bucket, id, state)
    WHERE i.bucket = n.bucket AND i.id = n.id AND i.state <> 'done'";

/// The statements for the messages of a batch. One that was there already answers "no".
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) {
    let (mut receive, mut messages) = (Step::new(RECEIVE), Messages::default());
    let mut standings = Standings::default();
    for (place, work) in works.iter().enumerate() {
        match work {
            Work::Receive(message) => {
                let id = message.id.to_string();
                receive.expect(id.clone(), place, Otherwise::No);
                messages.push(NewMessage {
                    bucket: row::bucket(message.id.bucket()),
                    id,
                    channel: message.channel.clone(),
                    message_id: message.message_id.clone(),
                    body: message.body.clone(),
                    received_at: message.received_at.as_millis(),
                    state: message.state.as_str().to_owned(),
                });
            }
            Work::InboxState { message, state } => {
                let (bucket, id) = (row::bucket(message.bucket()), message.to_string());
                standings.push(Standing { bucket, id, state: state.as_str().to_owned() });
            }
            _ => {}
        }
    }
    steps.push(receive.with(messages));
    steps.push(Step::new(SET_STATE).with(standings));
}

/// New messages in the order they came, then parked ones, the least often tried first.
pub(super) async fn waiting(
    client: &Object,
    parked_after: Timestamp,
    limit: usize,
) -> Result<Found<InboxRow>, Failure> {
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'new' ORDER BY received_at, id LIMIT $1";
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = client.prepare_cached(sql).await?;
    let mut found = Found::new();
    found.fill(&client.query(&statement, &[&most]).await?, limit, read)?;
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'parked' AND received_at > $1 ORDER BY tries, received_at, id LIMIT $2";
    let statement = client.prepare_cached(sql).await?;
    found.fill(&client.query(&statement, &[&parked_after.as_millis(), &most]).await?, limit, read)?;
    Ok(found)
}

/// Messages that matched nothing, newest first.
pub(super) async fn parked(client: &Object, limit: usize) -> Result<Vec<InboxRow>, Failure> {
    let sql = "SELECT id, channel, message_id, body, received_at, state FROM inbox
               WHERE state = 'parked' ORDER BY received_at DESC, id DESC LIMIT $1";
    row::all(&client.query(sql, &[&i64::try_from(limit).unwrap_or(i64::MAX)]).await?, read)
}

fn read(found: &Row) -> Result<InboxRow, Failure> {
    let state = match row::get(found, 5)? {
        "new" => InboxState::New,
        "done" => InboxState::Done,
        _ => InboxState::Parked,
    };
    Ok(InboxRow {
        id: row::id(found, 0)?,
        channel: row::get(found, 1)?,
        message_id: row::get(found, 2)?,
        body: row::get(found, 3)?,
        received_at: row::moment(found, 4)?,
        state,
    })
}
