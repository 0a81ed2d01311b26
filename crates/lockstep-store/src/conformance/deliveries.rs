//! Deliveries: one for each endpoint that wants the notice; those about one subject in order.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::id::EndpointId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Delivered, Delivery, Endpoint, Page};

use super::{Backend, World};

const LATER: Timestamp = Timestamp::from_millis(i64::MAX);

async fn endpoint<B: Backend>(db: &B, world: &mut World, kinds: &[&str], enabled: bool) -> EndpointId {
    let endpoint = Endpoint {
        id: EndpointId::mint(&mut world.mint()),
        tenant: world.tenant,
        url: "https://lender.example/hooks".to_owned(),
        secrets: vec!["sealed".to_owned()],
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        enabled,
        created_at: world.now,
    };
    db.put_endpoint(endpoint.clone()).await.unwrap();
    assert_eq!(db.endpoint(endpoint.id).await.unwrap(), Some(endpoint.clone()));
    endpoint.id
}

async fn all<B: Backend>(db: &B, world: &World) -> Vec<Delivery> {
    db.deliveries(world.tenant, None, &Page { after: None, limit: 200 }).await.unwrap().rows
}

/// Kinds choose; an endpoint that is off or another lender's gets nothing; every receiver sees the same id.
pub async fn each_endpoint_gets_what_it_wants<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let every = endpoint(&*db, &mut world, &[], true).await;
    let trying = endpoint(&*db, &mut world, &["payment.trying", "payment.failed"], true).await;
    endpoint(&*db, &mut world, &[], false).await;
    endpoint(&*db, &mut World::new(2), &[], true).await;
    let (_, binding, _, payment) = world.everything(&*db, "R1").await;

    let deliveries = all(&*db, &world).await;
    let to = |id| deliveries.iter().filter(|delivery| delivery.endpoint == id).collect::<Vec<_>>();
    let [only] = to(trying)[..] else { panic!("one for the choosy endpoint: {deliveries:?}") };
    assert_eq!(
        (only.notice.kind.as_str(), only.notice.subject.id()),
        ("payment.trying", payment.to_string())
    );
    let same = to(every).into_iter().find(|delivery| delivery.notice.kind == "payment.trying").unwrap();
    assert_eq!(only.message, same.message);
    assert_ne!(only.id, same.id);
    assert!(to(every).iter().any(|delivery| delivery.notice.subject.id() == binding.to_string()));
    assert_eq!(deliveries.len(), to(every).len() + 1);
    assert_eq!((only.tries, only.state.as_str(), only.last_status), (0, "pending", None));
}

/// Later versions of a subject wait for earlier ones; other subjects don't.
pub async fn one_subject_goes_in_order<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    endpoint(&*db, &mut world, &[], true).await;
    let borrower = world.borrower(&*db, "R1").await;
    let one = world.binding(&*db, borrower, "f1").await.to_string();
    let two = world.binding(&*db, borrower, "f2").await.to_string();
    let versions = |list: &[Delivery], subject: &str| {
        let of = list.iter().filter(|delivery| delivery.notice.subject.id() == subject);
        of.map(|delivery| delivery.notice.version).collect::<Vec<_>>()
    };
    let mut expected = versions(&all(&*db, &world).await, &one);
    expected.sort_unstable();
    assert!(expected.len() >= 2);
    let mut seen = Vec::new();
    for round in 0..expected.len() {
        let due = db.due_deliveries(LATER, 100, 100).await.unwrap();
        assert_eq!(versions(&due, &two).len(), 1, "the other subject is not held up");
        let next = due.into_iter().find(|delivery| delivery.notice.subject.id() == one).expect("one is due");
        seen.push(next.notice.version);
        // Given up counts as much as delivered: the next may go.
        let outcome = if round == 0 { Delivered::Dead { status: Some(500) } } else { Delivered::Done };
        db.delivered(next.id, outcome, world.now).await.unwrap();
    }
    assert_eq!(seen, expected);
}

/// Each endpoint's first ones come, however many another has waiting, and the earliest of all come first.
pub async fn a_long_line_hides_no_other<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let long = endpoint(&*db, &mut world, &[], true).await;
    let borrower = world.borrower(&*db, "R1").await;
    for fingerprint in ["f1", "f2", "f3", "f4"] {
        world.binding(&*db, borrower, fingerprint).await;
    }
    let short = endpoint(&*db, &mut world, &[], true).await;
    world.binding(&*db, borrower, "f5").await;
    let due = db.due_deliveries(LATER, 100, 2).await.unwrap();
    let count = |id| due.iter().filter(|delivery| delivery.endpoint == id).count();
    assert_eq!((count(long), count(short)), (2, 1), "one subject goes in order, so the short line has one");
    assert!(due.is_sorted_by_key(|delivery| (delivery.due_at, delivery.id)));
    let all = db.due_deliveries(LATER, 100, 100).await.unwrap();
    let firsts = |id| all.iter().filter(move |delivery| delivery.endpoint == id).take(2);
    assert!(firsts(long).chain(firsts(short)).all(|delivery| due.contains(delivery)));
    assert_eq!(db.due_deliveries(LATER, 1, 2).await.unwrap(), due[..1]);
}

/// Tries, status and due time are written down; what is no longer pending stays as it is.
pub async fn outcomes_are_kept<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    endpoint(&*db, &mut world, &["payment.trying"], true).await;
    world.everything(&*db, "R1").await;
    let [first] = db.due_deliveries(world.now, 10, 100).await.unwrap().try_into().unwrap();
    let later = world.now.plus(Duration::from_secs(30));
    db.delivered(first.id, Delivered::Retry { due_at: later, status: Some(502) }, world.now).await.unwrap();
    assert!(db.due_deliveries(world.now, 10, 100).await.unwrap().is_empty());
    let [again] = db.due_deliveries(later, 10, 100).await.unwrap().try_into().unwrap();
    assert_eq!(again, Delivery { tries: 1, due_at: later, last_status: Some(502), ..first.clone() });

    db.delivered(first.id, Delivered::Dead { status: None }, later).await.unwrap();
    db.delivered(first.id, Delivered::Done, later).await.unwrap();
    let page = Page { after: None, limit: 10 };
    let dead = db.deliveries(world.tenant, Some("dead"), &page).await.unwrap().rows;
    assert_eq!((dead.len(), dead[0].tries), (1, 2));
    assert!(!db.requeue_delivery(World::new(2).tenant, first.id, later).await.unwrap());
    assert!(db.requeue_delivery(world.tenant, first.id, later).await.unwrap());
    assert!(!db.requeue_delivery(world.tenant, first.id, later).await.unwrap());
    let [back] = db.due_deliveries(later, 10, 100).await.unwrap().try_into().unwrap();
    assert_eq!((back.message, back.tries), (first.message, 0));
    db.delivered(first.id, Delivered::Done, later).await.unwrap();
    assert_eq!(db.deliveries(world.tenant, Some("delivered"), &page).await.unwrap().rows.len(), 1);
}

/// What was still to go to an endpoint goes with it.
pub async fn a_removed_endpoint_gets_nothing<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let id = endpoint(&*db, &mut world, &[], true).await;
    world.everything(&*db, "R1").await;
    assert!(!db.remove_endpoint(World::new(2).tenant, id).await.unwrap());
    assert!(!db.due_deliveries(LATER, 10, 100).await.unwrap().is_empty());
    assert!(db.remove_endpoint(world.tenant, id).await.unwrap());
    assert!(db.due_deliveries(LATER, 10, 100).await.unwrap().is_empty());
    assert_eq!(db.endpoint(id).await.unwrap(), None);
    assert!(!db.remove_endpoint(world.tenant, id).await.unwrap());
}
