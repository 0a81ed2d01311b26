//! Connections that are cut at `COMMIT`, on both sides of it, by a wire between the store and a real server.

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lockstep_core::Command;
use lockstep_engine::port::{CallKey, Queries};
use lockstep_store::conformance::World;
use lockstep_store::{PostgresStore, Upkeep};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the wire is cut when a `COMMIT` comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The server never sees it.
    Before,
    /// The server sees it; its answer is lost.
    After,
}

/// What is between the store and the server.
#[derive(Default)]
struct Wire {
    /// Commits that are still to be cut.
    before: AtomicU32,
    after: AtomicU32,
    cuts: AtomicU32,
}

impl Wire {
    /// Whether this `COMMIT` is to be cut, and where.
    fn cut(&self) -> Option<Cut> {
        let take = |left: &AtomicU32| {
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        };
        let cut =
            take(&self.before).then_some(Cut::Before).or_else(|| take(&self.after).then_some(Cut::After));
        self.cuts.fetch_add(u32::from(cut.is_some()), Ordering::SeqCst);
        cut
    }

    async fn carry(&self, client: TcpStream, server: TcpStream) -> std::io::Result<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = from_client.read(&mut buffer).await?;
            if length == 0 {
                break;
            }
            let said = &buffer[..length];
            let cut = said.windows(6).any(|word| word == b"COMMIT").then(|| self.cut()).flatten();
            if cut == Some(Cut::After) {
                back.abort();
                to_server.write_all(said).await?;
                // Long enough for the server to act on it.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            if cut.is_some() {
                break;
            }
            to_server.write_all(said).await?;
        }
        back.abort();
        Ok(())
    }
}

/// The address of the server behind a wire.
async fn behind(url: &str, wire: Arc<Wire>) -> String {
    let (_, rest) = url.split_once('@').unwrap();
    let address = rest.split('/').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap().to_string();
    let cut = url.replace(&address, &ours);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            let wire = Arc::clone(&wire);
            tokio::spawn(async move { wire.carry(client, server).await });
        }
    });
    cut
}

/// Every change is told that it was committed, and was, once, wherever the wire is cut.
async fn nothing_is_lost_or_doubled(cut: Cut) {
    let wire = Arc::new(Wire::default());
    let url = behind(&server::empty_database().await, Arc::clone(&wire)).await;
    let db = PostgresStore::open(&url).await.unwrap();
    let mut world = World::new(1);
    let borrower = world.borrower(&db, "R1").await;
    for number in 0..20 {
        let left = if cut == Cut::Before { &wire.before } else { &wire.after };
        left.store(1, Ordering::SeqCst);
        let order = world.order(&db, borrower, &format!("L1-{number}")).await;
        world.run(&db, &CallKey::Order(order), Command::CancelOrder).await.unwrap();
        assert_eq!(db.order(order).await.unwrap().unwrap().version, 2);
    }
    assert_eq!(wire.cuts.load(Ordering::SeqCst), 20, "{cut:?}");
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrives_is_made_again() {
    nothing_is_lost_or_doubled(Cut::Before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_looked_up() {
    nothing_is_lost_or_doubled(Cut::After).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_replaced_writes_nothing_any_more() {
    let url = server::empty_database().await;
    let old = PostgresStore::open(&url).await.unwrap();
    let mut world = World::new(1);
    let borrower = world.borrower(&old, "R1").await;
    let beside = PostgresStore::open_beside(&url).await.unwrap();
    world.order(&old, borrower, "L1-1").await;
    let refused = world.try_order(&beside, borrower, "L1-2").await;
    assert!(format!("{refused:?}").contains("beside the process that serves"), "{refused:?}");
    let new = PostgresStore::open(&url).await.unwrap();
    let refused = world.try_order(&old, borrower, "L1-2").await;
    assert!(
        format!("{refused:?}").contains("taken this database over")
            || format!("{refused:?}").contains("Fenced"),
        "{refused:?}"
    );
    world.order(&new, borrower, "L1-2").await;
    assert_eq!(new.integrity_check().await.unwrap(), Vec::<String>::new());
}
