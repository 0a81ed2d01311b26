//! Lists: newest first, page by page, filtered, standing still while rows are added.

use std::sync::Arc;

use lockstep_core::id::{BorrowerId, PaymentId};
use lockstep_core::payment::PaymentStatus;
use lockstep_engine::port::{AuditFilter, OrderFilter, OwnedBy, Page, PaymentFilter};

use super::{Backend, World};

fn first(limit: usize) -> Page {
    Page { after: None, limit }
}

fn owner(world: &World, borrower: Option<BorrowerId>) -> OwnedBy {
    OwnedBy { tenant: world.tenant, borrower }
}

fn payments(owner: OwnedBy) -> PaymentFilter {
    PaymentFilter { owner, order: None, status: None, from: None, until: None }
}

/// Every row that was there when the first page was read is seen exactly once, whatever comes meanwhile.
pub async fn pages_stand_still_while_rows_come<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let mut expected: Vec<PaymentId> = Vec::new();
    for number in 0..7 {
        let (.., payment) = world.everything(&*db, &format!("R{number}")).await;
        expected.insert(0, payment);
    }
    let filter = payments(owner(&world, None));
    let (mut page, mut seen) = (first(3), Vec::new());
    loop {
        let listed = db.payments(&filter, &page).await.unwrap();
        assert!(listed.rows.len() <= 3);
        seen.extend(listed.rows.into_iter().map(|payment| payment.id));
        world.everything(&*db, &format!("later {}", seen.len())).await;
        match listed.next {
            Some(after) => page.after = Some(after),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    let exact = db.payments(&filter, &first(200)).await.unwrap();
    assert_eq!((exact.rows.len(), exact.next), (10, None));
    let tight = db.payments(&filter, &first(10)).await.unwrap();
    assert_eq!((tight.rows.len(), tight.next), (10, None), "no page follows the last full one");
    assert_eq!(
        db.payments(&filter, &first(0)).await.unwrap().rows.len(),
        1,
        "a limit out of range is brought into it"
    );
}

/// Each filter alone and together; another lender sees nothing.
pub async fn filters_choose<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (one, binding, order, paid) = world.everything(&*db, "R1").await;
    let (two, .., trying) = world.everything(&*db, "R2").await;
    let key = lockstep_engine::port::CallKey::Payment(paid);
    world.run(&*db, &key, World::money_answer(1, "00")).await.unwrap();

    let ids = async |filter: PaymentFilter| {
        let listed = db.payments(&filter, &first(10)).await.unwrap();
        listed.rows.into_iter().map(|payment| payment.id).collect::<Vec<_>>()
    };
    let all = payments(owner(&world, None));
    let status = |status| PaymentFilter { status: Some(status), ..all.clone() };
    assert_eq!(ids(all.clone()).await, [trying, paid]);
    assert_eq!(ids(payments(owner(&world, Some(one)))).await, [paid]);
    assert_eq!(ids(status(PaymentStatus::Succeeded)).await, [paid]);
    assert_eq!(ids(status(PaymentStatus::Trying)).await, [trying]);
    assert!(ids(status(PaymentStatus::Unknown)).await.is_empty());
    assert_eq!(ids(PaymentFilter { order: Some(order), ..all.clone() }).await, [paid]);
    let both = PaymentFilter { status: Some(PaymentStatus::Succeeded), ..payments(owner(&world, Some(two))) };
    assert!(ids(both).await.is_empty());
    let second = db.payment(world.tenant, trying).await.unwrap().unwrap().created_at;
    assert_eq!(ids(PaymentFilter { from: Some(second), ..all.clone() }).await, [trying]);
    assert_eq!(ids(PaymentFilter { until: Some(second), ..all.clone() }).await, [paid]);
    let stranger = World::new(2);
    assert!(ids(payments(owner(&stranger, None))).await.is_empty());
    assert!(
        ids(payments(owner(&stranger, Some(one)))).await.is_empty(),
        "a borrower's id opens no other lender's rows"
    );

    let orders = OrderFilter {
        owner: owner(&world, None),
        status: None,
        reference: None,
        due_from: None,
        due_until: None,
    };
    let count = async |filter: OrderFilter| db.orders(&filter, &first(10)).await.unwrap().rows.len();
    let of = |status: &str| OrderFilter { status: Some(status.to_owned()), ..orders.clone() };
    assert_eq!(
        (count(orders.clone()).await, count(of("collected")).await, count(of("open")).await),
        (2, 1, 0)
    );
    let reference = OrderFilter { reference: Some("L1-1".to_owned()), ..orders.clone() };
    assert_eq!(count(reference.clone()).await, 2);
    assert_eq!(count(OrderFilter { owner: owner(&world, Some(one)), ..reference }).await, 1);
    let due = db.order(world.tenant, order).await.unwrap().unwrap().due_at;
    assert_eq!(count(OrderFilter { due_until: Some(due), ..orders.clone() }).await, 0);
    assert_eq!(count(OrderFilter { due_from: Some(due), ..orders.clone() }).await, 2);

    let bindings = db.bindings(&owner(&world, Some(one)), &first(10)).await.unwrap().rows;
    assert_eq!(bindings.iter().map(|found| found.id).collect::<Vec<_>>(), [binding]);
    assert_eq!(db.bindings(&owner(&world, None), &first(10)).await.unwrap().rows.len(), 2);
}

/// A lender finds a borrower by its own name for it.
pub async fn borrowers_are_found_by_reference<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let one = world.borrower(&*db, "R1").await;
    let two = world.borrower(&*db, "O'Hara \"; DROP TABLE borrowers").await;
    let ids = async |reference: Option<&str>| {
        let listed = db.borrowers(world.tenant, reference, &first(10)).await.unwrap();
        listed.rows.into_iter().map(|borrower| borrower.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None).await, [two, one]);
    assert_eq!(ids(Some("R1")).await, [one]);
    assert_eq!(ids(Some("O'Hara \"; DROP TABLE borrowers")).await, [two]);
    assert!(ids(Some("R3")).await.is_empty());
}

/// Every change left an entry, newest first.
pub async fn the_audit_is_listed<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (.., payment) = world.everything(&*db, "R1").await;
    let filter = AuditFilter { tenant: world.tenant, subject: None };
    let all = db.audit(&filter, &first(100)).await.unwrap().rows;
    assert_eq!(
        (all.first().unwrap().action.as_str(), all.last().unwrap().action.as_str()),
        ("payment.create", "borrower.create")
    );
    assert!(all.is_sorted_by(|one, two| one.at >= two.at));
    let about = AuditFilter { subject: Some(payment.to_string()), ..filter };
    assert_eq!(db.audit(&about, &first(100)).await.unwrap().rows, all[..1]);
}

/// However many payments: the ledger sums to zero.
pub async fn totals_are_zero<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    assert_eq!(db.totals().await.unwrap(), lockstep_engine::port::Totals::default());
    for number in 0..3 {
        let (.., payment) = world.everything(&*db, &format!("R{number}")).await;
        let key = lockstep_engine::port::CallKey::Payment(payment);
        world.run(&*db, &key, World::money_answer(1, "00")).await.unwrap();
    }
    assert_eq!(db.totals().await.unwrap().ledger, [("CNY".to_owned(), 0)]);
}
