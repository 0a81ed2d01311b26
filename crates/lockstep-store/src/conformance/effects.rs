//! Effects: found when due, sent once, finished by their answer.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lockstep_core::effect::{Delivery, Effect};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{CallKey, Claim, CommitError, StoredEffect};

use super::{Backend, World};

const LATER: Timestamp = Timestamp::from_millis(i64::MAX);

async fn money_effect<B: Backend>(db: &B) -> StoredEffect {
    let due = db.due_effects(LATER, 100).await.unwrap();
    due.into_iter().find(|stored| matches!(stored.effect, Effect::MoveMoney(_))).expect("money to move")
}

/// Of many who want to send it one may, and may ask again; after a crash it is known to have been under way.
pub async fn a_once_effect_is_sent_once<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    world.everything(&*db, "R1").await;
    let effect = money_effect(&*db).await;
    assert_eq!(effect.effect.delivery(), Delivery::Once);
    let begin = |claim| db.begin_sending(effect.id, world.now, Claim(claim));
    let begun: Vec<_> = join_all((0..10).map(begin)).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
    let again = join_all((0..10).map(begin)).await.into_iter().map(Result::unwrap);
    assert_eq!(again.collect::<Vec<_>>(), begun, "whoever has begun finds its own claim");
    assert!(!db.due_effects(LATER, 100).await.unwrap().contains(&effect));
    assert_eq!(db.interrupted().await.unwrap(), std::slice::from_ref(&effect));
    db.postpone(effect.id, world.now).await.unwrap();
    assert!(
        !db.due_effects(LATER, 100).await.unwrap().contains(&effect),
        "what is being sent is never ready again"
    );
}

/// The same answer twice: the second finds the effect gone and changes nothing.
pub async fn a_doubled_answer_changes_nothing<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (.., payment) = world.everything(&*db, "R1").await;
    let effect = money_effect(&*db).await;
    assert!(db.begin_sending(effect.id, world.now, Claim(1)).await.unwrap());
    let key = CallKey::Payment(payment);
    let before = db.load(&key).await.unwrap();
    let command = World::money_answer(1, "00");
    let decision = world.decide(&before, &command).unwrap();
    let mut commit = world.commit_of(&before, decision, &command);
    commit.done = Some(effect.id);
    db.commit(commit.clone()).await.unwrap();
    let after = db.load(&key).await.unwrap();
    assert!(matches!(db.commit(commit).await, Err(CommitError::AlreadyDone)));
    assert_eq!(db.load(&key).await.unwrap(), after);
    assert!(db.interrupted().await.unwrap().is_empty());
    assert!(!db.begin_sending(effect.id, world.now, Claim(1)).await.unwrap());
}

/// Due ones only, earliest first, and no more than asked for.
pub async fn due_effects_come_in_order<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    for number in 0..5 {
        world.everything(&*db, &format!("R{number}")).await;
    }
    let all = db.due_effects(LATER, 1_000).await.unwrap();
    assert!(all.len() >= 5 && all.is_sorted_by_key(|stored| stored.due_at));
    assert!(
        all.iter().all(|stored| !matches!(stored.effect, Effect::Notify { .. })),
        "notices become deliveries"
    );
    let edge = all[all.len() / 2].due_at;
    let until = db.due_effects(edge, 1_000).await.unwrap();
    assert_eq!(until, all.iter().filter(|stored| stored.due_at <= edge).cloned().collect::<Vec<_>>());
    assert_eq!(db.due_effects(LATER, 2).await.unwrap(), all[..2]);
    let open: u64 = db.totals().await.unwrap().open_effects.iter().map(|(_, count)| count).sum();
    assert_eq!(open, all.len() as u64);
}

/// A lender with a long line can't hide another's effects from a scan.
pub async fn due_effects_are_shared_between_lenders<B: Backend>(db: Arc<B>) {
    let (mut large, mut small) = (World::new(1), World::new(2));
    for number in 0..12 {
        large.everything(&*db, &format!("R{number}")).await;
    }
    small.everything(&*db, "R1").await;
    let all = db.due_effects(LATER, 1_000).await.unwrap();
    let of = |list: &[StoredEffect], tenant| list.iter().filter(|stored| stored.tenant == tenant).count();
    let (many, few) = (of(&all, large.tenant), of(&all, small.tenant));
    assert!(many > 10 && (1..many).contains(&few));
    let found = db.due_effects(LATER, 2 * few).await.unwrap();
    assert_eq!((of(&found, large.tenant), of(&found, small.tenant)), (few, few), "half each");
    assert!(found.is_sorted_by_key(|stored| stored.due_at));
}

/// A repeatable effect can be put off, and ended as often as one likes.
pub async fn a_repeatable_effect_is_put_off_and_finished<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let command = world.bind(borrower, "f");
    let key = CallKey::NewBinding { borrower, fingerprint: "f".to_owned() };
    world.run(&*db, &key, command).await.unwrap();
    let [effect] = db.due_effects(world.now, 10).await.unwrap().try_into().unwrap();
    assert_eq!(effect.effect.delivery(), Delivery::Repeatable);
    let later = world.now.plus(Duration::from_secs(60));
    db.postpone(effect.id, later).await.unwrap();
    assert!(db.due_effects(world.now, 10).await.unwrap().is_empty());
    assert_eq!(db.due_effects(later, 10).await.unwrap(), [StoredEffect { due_at: later, ..effect.clone() }]);
    db.finish(effect.id).await.unwrap();
    db.finish(effect.id).await.unwrap();
    assert!(db.due_effects(LATER, 10).await.unwrap().is_empty());
}

/// Money that was to move can't be forgotten: only an answer ends it.
pub async fn a_once_effect_cannot_be_finished_by_hand<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    world.everything(&*db, "R1").await;
    let effect = money_effect(&*db).await;
    db.finish(effect.id).await.unwrap_err();
    assert!(db.due_effects(LATER, 100).await.unwrap().contains(&effect));
}
