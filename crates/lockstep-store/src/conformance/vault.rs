//! Vault items and the keys that open them.

use std::sync::Arc;

use lockstep_core::id::{BorrowerId, Mint, VaultItemId};
use lockstep_engine::port::{Commit, CommitError, Sealed};

use super::{Backend, World};

fn sealed(world: &mut World, borrower: BorrowerId, wrapped_key: &str) -> Sealed {
    let mut seed = [0; 16];
    seed[0] = u8::try_from(world.below(256)).unwrap_or(0);
    seed[1] = u8::try_from(world.below(256)).unwrap_or(0);
    let item = VaultItemId::mint(&mut Mint::new(borrower.bucket(), world.now, seed));
    Sealed { borrower, item, wrapped_key: wrapped_key.to_owned(), bytes: vec![0, 159, 146, 150] }
}

fn commit(world: &World, sealed: &Sealed) -> Commit {
    Commit { sealed: vec![sealed.clone()], at: Some(world.now), ..Commit::default() }
}

/// The first item brings the key; an item sealed under another key could never be opened, so it loses the
/// race.
pub async fn an_item_needs_the_stored_key<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let other = world.borrower(&*db, "R2").await;
    assert_eq!(db.wrapped_key(borrower).await.unwrap(), None);
    let (one, two) = (sealed(&mut world, borrower, "key 1"), sealed(&mut world, borrower, "key 2"));
    db.commit(commit(&world, &one)).await.unwrap();
    let late = db.commit(commit(&world, &two)).await;
    assert!(matches!(late, Err(CommitError::Conflict("data key"))), "{late:?}");
    assert_eq!(db.wrapped_key(borrower).await.unwrap().as_deref(), Some("key 1"));
    let again = Sealed { wrapped_key: "key 1".to_owned(), ..two };
    db.commit(commit(&world, &again)).await.unwrap();
    for item in [&one, &again] {
        let found = db.sealed_item(borrower, item.item).await.unwrap();
        assert_eq!(found, Some(("key 1".to_owned(), item.bytes.clone())));
    }
    assert_eq!(
        db.sealed_item(other, one.item).await.unwrap(),
        None,
        "an item opens for its own borrower only"
    );
}
