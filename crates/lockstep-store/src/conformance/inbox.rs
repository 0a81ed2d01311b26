//! Incoming messages: stored once, processed once, parked when they match nothing yet.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lockstep_core::id::InboxId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{InboxRow, InboxState};

use super::{Backend, World};

const EVER: Timestamp = Timestamp::from_millis(0);

fn message(world: &mut World, message_id: &str) -> InboxRow {
    world.now = world.now.plus(Duration::from_millis(1));
    InboxRow {
        id: InboxId::mint(&mut world.mint()),
        channel: "unionpay".to_owned(),
        message_id: message_id.to_owned(),
        body: "{}".to_owned(),
        received_at: world.now,
        state: InboxState::New,
    }
}

/// Ten copies at once are one message; the same id from another channel is another.
pub async fn a_repeated_message_is_stored_once<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let copies: Vec<_> = (0..10).map(|_| message(&mut world, "m1")).collect();
    let stored = join_all(copies.into_iter().map(|copy| db.receive(copy))).await;
    assert_eq!(stored.into_iter().filter(|new| *new.as_ref().unwrap()).count(), 1);
    let other = InboxRow { channel: "netsunion".to_owned(), ..message(&mut world, "m1") };
    assert!(db.receive(other.clone()).await.unwrap());
    let waiting = db.inbox(EVER, 10).await.unwrap();
    assert_eq!(waiting.len(), 2);
    db.inbox_state(other.id, InboxState::Done).await.unwrap();
    db.inbox_state(other.id, InboxState::Parked).await.unwrap();
    assert_eq!(db.inbox(EVER, 10).await.unwrap(), waiting[..1], "what is done stays done");
    assert!(
        !db.receive(message(&mut world, "m1")).await.unwrap(),
        "a repetition is known also when it is done"
    );
}

/// F21: a heap of parked messages hides neither new ones nor each other, and old ones rest.
pub async fn parked_messages_take_turns<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let mut ids = Vec::new();
    for number in 0..6 {
        let row = message(&mut world, &format!("m{number}"));
        ids.push(row.id);
        db.receive(row.clone()).await.unwrap();
        db.inbox_state(row.id, InboxState::Parked).await.unwrap();
    }
    let new = message(&mut world, "new");
    db.receive(new.clone()).await.unwrap();
    assert_eq!(db.inbox(EVER, 3).await.unwrap()[0], new, "new ones come first");
    db.inbox_state(new.id, InboxState::Done).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        for row in db.inbox(EVER, 2).await.unwrap() {
            seen.push(row.id);
            db.inbox_state(row.id, InboxState::Parked).await.unwrap();
        }
    }
    assert_eq!(seen, ids);
    let parked = db.parked(10).await.unwrap();
    assert_eq!(parked.iter().map(|row| row.id).rev().collect::<Vec<_>>(), ids);
    let fourth = parked[2].received_at;
    assert_eq!(db.inbox(fourth, 10).await.unwrap().len(), 2, "only those received after the moment");
}
