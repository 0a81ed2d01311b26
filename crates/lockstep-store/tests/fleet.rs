//! Several nodes on one database, a real server: who holds a bucket writes to it, and nobody else.

mod server;

use lockstep_core::effect::Delivery;
use lockstep_core::fleet::{Buckets, Register};
use lockstep_core::health::{Hearsay, Place, Told};
use lockstep_core::id::OrderId;
use lockstep_engine::port::{Claim, CommitError, Fleet, Membership, Store, StoredEffect};
use lockstep_store::conformance::{Lost, World};
use lockstep_store::{OpenError, PostgresFleet, PostgresStore, Upkeep};

async fn node(url: &str, name: &str) -> (PostgresStore, PostgresFleet) {
    PostgresStore::join(url, name, "http://127.0.0.1:1").await.unwrap()
}

async fn register(fleet: &PostgresFleet) -> Register {
    match fleet.beat().await.unwrap() {
        Membership::Member { register, .. } => register,
        other => panic!("{other:?}"),
    }
}

fn refused(tried: Result<OrderId, Lost>) {
    assert!(matches!(tried, Err(Lost::Store(CommitError::Elsewhere))), "{tried:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_holder_of_a_bucket_writes_to_it() {
    let url = server::empty_database().await;
    let ((one, first), (two, second)) = (node(&url, "one").await, node(&url, "two").await);
    let mut world = World::new(1);
    assert_eq!(first.take(&Buckets::ALL).await.unwrap(), Buckets::ALL);
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), Buckets::NONE, "nothing is free");
    let borrower = world.borrower(&one, "R1").await;
    refused(world.try_order(&two, borrower, "L1").await);
    let order = world.order(&one, borrower, "L1").await;

    let bucket: Buckets = [order.bucket()].into_iter().collect();
    assert_eq!(first.give(&bucket).await.unwrap(), bucket);
    refused(world.try_order(&one, borrower, "L2").await);
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), bucket);
    world.order(&two, borrower, "L2").await;
    assert_eq!(register(&first).await.holder(order.bucket()).unwrap().name, "two");
    assert_eq!(two.integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_struck_off_writes_nothing_and_joins_again() {
    let url = server::empty_database().await;
    let ((one, first), (two, second)) = (node(&url, "one").await, node(&url, "two").await);
    first.take(&Buckets::ALL).await.unwrap();
    let mut world = World::new(1);
    let borrower = world.borrower(&one, "R1").await;
    let seen = register(&second).await;
    let silent = seen.nodes.iter().find(|node| node.name == "one").unwrap();

    first.beat().await.unwrap();
    assert!(!second.strike_off(silent).await.unwrap(), "it has been heard since");
    let seen = register(&second).await;
    let silent = seen.nodes.iter().find(|node| node.name == "one").unwrap();
    assert!(second.strike_off(silent).await.unwrap());
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), Buckets::ALL);

    refused(world.try_order(&one, borrower, "L1").await);
    assert_eq!(first.beat().await.unwrap(), Membership::StruckOff);
    first.join().await.unwrap();
    assert!(matches!(first.beat().await.unwrap(), Membership::Member { .. }));
    refused(world.try_order(&one, borrower, "L1").await);
    world.order(&two, borrower, "L1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_takes_the_place_of_its_namesake_at_once() {
    let url = server::empty_database().await;
    let (old, before) = node(&url, "one").await;
    before.take(&Buckets::ALL).await.unwrap();
    let mut world = World::new(1);
    let borrower = world.borrower(&old, "R1").await;
    let (new, after) = node(&url, "one").await;
    assert_eq!(before.beat().await.unwrap(), Membership::Replaced);
    assert_eq!(after.take(&Buckets::ALL).await.unwrap(), Buckets::ALL);
    refused(world.try_order(&old, borrower, "L1").await);
    world.order(&new, borrower, "L1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_does_not_change_hands_while_it_is_written_to() {
    let url = server::empty_database().await;
    let ((_one, first), (_two, second)) = (node(&url, "one").await, node(&url, "two").await);
    first.take(&Buckets::ALL).await.unwrap();
    let writing = server::connect(&url).await;
    writing.batch_execute("BEGIN; SELECT 1 FROM leases WHERE bucket = 7 FOR SHARE").await.unwrap();
    first.leave().await.unwrap();
    let taken = second.take(&Buckets::ALL).await.unwrap();
    assert_eq!(Buckets::ALL.without(&taken).len(), 1);
    writing.batch_execute("COMMIT").await.unwrap();
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), Buckets::ALL.without(&taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_tells_the_others_hear_once() {
    let url = server::empty_database().await;
    let ((_one, first), (_two, second)) = (node(&url, "one").await, node(&url, "two").await);
    let said = |issuer: &str, breaker| Hearsay { place: Place::Issuer(issuer.to_owned()), breaker };
    let (open, closed) = (said("ICBC", Told::Open), said("ICBC", Told::Closed));
    assert!(
        first.exchange(std::slice::from_ref(&open)).await.unwrap().is_empty(),
        "not what it has told itself"
    );
    assert!(first.exchange(std::slice::from_ref(&closed)).await.unwrap().is_empty());
    assert_eq!(second.exchange(&[]).await.unwrap(), [open.clone(), closed.clone()]);
    assert!(second.exchange(&[]).await.unwrap().is_empty());
    let (_three, third) = node(&url, "three").await;
    assert_eq!(
        third.exchange(&[said("ABC", Told::Open)]).await.unwrap(),
        [open, closed],
        "a newcomer hears it, too"
    );
    assert_eq!(first.exchange(&[]).await.unwrap(), [said("ABC", Told::Open)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_seen_by_the_holder_alone() {
    let url = server::empty_database().await;
    let ((one, first), (two, second)) = (node(&url, "one").await, node(&url, "two").await);
    first.take(&Buckets::ALL).await.unwrap();
    let mut world = World::new(1);
    for number in 0..5 {
        world.everything(&one, &format!("R{number}")).await;
    }
    let far = world.now.plus(std::time::Duration::from_secs(3600));
    let due = one.due_effects(far, 100).await.unwrap().len();
    assert!(due >= 5);
    assert!(two.due_effects(far, 100).await.unwrap().is_empty());
    first.leave().await.unwrap();
    second.take(&Buckets::ALL).await.unwrap();
    assert!(one.due_effects(far, 100).await.unwrap().is_empty());
    assert_eq!(two.due_effects(far, 100).await.unwrap().len(), due);
    let once = |stored: &StoredEffect| stored.effect.delivery() == Delivery::Once;
    let effect = two.due_effects(far, 100).await.unwrap().into_iter().find(once).unwrap().id;
    assert!(!one.begin_sending(effect, far, Claim(1)).await.unwrap(), "a stale node may not send");
    assert!(two.begin_sending(effect, far, Claim(2)).await.unwrap());
    assert_eq!((one.interrupted().await.unwrap().len(), two.interrupted().await.unwrap().len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_beside_a_newer_one_until_that_takes_away_what_it_needs() {
    let url = server::empty_database().await;
    let (newer, fleet) = node(&url, "newer").await;
    fleet.take(&Buckets::ALL).await.unwrap();
    let mut world = World::new(1);
    let borrower = world.borrower(&newer, "R1").await;
    let by_hand = server::connect(&url).await;
    let step = "INSERT INTO schema_migrations (version, name, checksum) VALUES (999, 'expand', '');
                ALTER TABLE orders ADD COLUMN new_here TEXT";
    by_hand.batch_execute(step).await.unwrap();

    let (older, back) = node(&url, "newer").await;
    back.take(&Buckets::ALL).await.unwrap();
    world.order(&older, borrower, "L1").await;

    by_hand.batch_execute("UPDATE schema_floor SET version = 999").await.unwrap();
    let refused = PostgresStore::join(&url, "newer", "http://127.0.0.1:1").await.unwrap_err();
    assert!(matches!(refused, OpenError::NewerSchema { found: 999, .. }), "{refused}");
}
