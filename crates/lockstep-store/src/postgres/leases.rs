//! Which node holds which bucket, and the lock that keeps a bucket from changing hands while it is written to.

use deadpool_postgres::Object;
use lockstep_core::fleet::{Buckets, NodeEntry, NodeNo, Register};
use lockstep_core::id::Bucket;
use tokio_postgres::types::ToSql;

use super::batch::{Otherwise, Step};
use super::columns::Columns;
use super::failure::Failure;
use super::groups::Groups;
use super::row;
use super::work::Work;

/// Rows are locked in order, here and wherever they change, so that nobody waits in a circle.
const LOCK: &str = "SELECT bucket::text FROM leases WHERE bucket = ANY ($1) AND holder = $2
    ORDER BY bucket FOR SHARE";

/// Buckets that a batch writes to, and who says that they are its own.
struct Claimed {
    buckets: Vec<i32>,
    holder: i64,
}

impl Columns for Claimed {
    fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.buckets, &self.holder]
    }
}

/// Every change of a bucket is refused unless the node holds it, until the transaction ends.
pub(super) fn step(works: &[&Work], holder: i64) -> Step {
    let (mut step, mut buckets) = (Step::new(LOCK), Vec::new());
    for (place, bucket) in works.iter().enumerate().filter_map(|(place, work)| Some((place, work.owned()?))) {
        let number = row::bucket(bucket);
        step.expect(number.to_string(), place, Otherwise::Elsewhere);
        buckets.push(number);
    }
    buckets.sort_unstable();
    buckets.dedup();
    step.with(Claimed { buckets, holder })
}

/// Joins under a name; whoever had it is replaced. Returns the number.
pub(super) async fn join(client: &mut Object, name: &str, address: &str) -> Result<NodeNo, Failure> {
    let work = client.transaction().await?;
    let counted =
        work.query_one("UPDATE fence SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch", &[]).await?;
    let number: i64 = row::get(&counted, 0)?;
    work.execute("DELETE FROM nodes WHERE name = $1", &[&name]).await?;
    let sql = "INSERT INTO nodes (number, name, address, beats) VALUES ($1, $2, $3, 0)";
    work.execute(sql, &[&number, &name, &address]).await?;
    work.commit().await?;
    Ok(NodeNo(number))
}

/// Takes everything from everybody, for a process that is alone. Waits for what is being written.
pub(super) async fn take_over(client: &mut Object, groups: &Groups) -> Result<NodeNo, Failure> {
    let work = client.transaction().await?;
    let counted =
        work.query_one("UPDATE fence SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch", &[]).await?;
    let number: i64 = row::get(&counted, 0)?;
    work.execute("DELETE FROM nodes", &[]).await?;
    let lock = "SELECT 1 FROM leases WHERE bucket = ANY ($1) ORDER BY bucket FOR UPDATE";
    for together in groups.all() {
        work.query(lock, &[together]).await?;
    }
    work.execute("UPDATE leases SET holder = $1", &[&number]).await?;
    work.commit().await?;
    Ok(NodeNo(number))
}

/// Says that a node lives; whether it is still among them.
pub(super) async fn beat(client: &Object, me: NodeNo) -> Result<bool, Failure> {
    let statement = client.prepare_cached("UPDATE nodes SET beats = beats + 1 WHERE number = $1").await?;
    Ok(client.execute(&statement, &[&me.0]).await? == 1)
}

/// Whether another process has joined under a name.
pub(super) async fn has_joined(client: &Object, name: &str) -> Result<bool, Failure> {
    let found = client.query_one("SELECT EXISTS (SELECT 1 FROM nodes WHERE name = $1)", &[&name]).await?;
    row::get(&found, 0)
}

/// The register as it stands.
pub(super) async fn register(client: &Object) -> Result<Register, Failure> {
    let nodes =
        client.prepare_cached("SELECT number, name, address, beats FROM nodes ORDER BY number").await?;
    let held = "SELECT holder, array_agg(bucket) FROM leases WHERE holder <> 0 GROUP BY holder";
    let held = client.prepare_cached(held).await?;
    let nodes = row::all(&client.query(&nodes, &[]).await?, |found| {
        Ok(NodeEntry {
            no: NodeNo(row::get(found, 0)?),
            name: row::get(found, 1)?,
            address: row::get(found, 2)?,
            beats: row::get(found, 3)?,
        })
    })?;
    let held = row::all(&client.query(&held, &[]).await?, |found| {
        Ok((NodeNo(row::get(found, 0)?), buckets(row::get(found, 1)?)?))
    })?;
    Ok(Register { nodes, held })
}

/// Removes a node if it has said nothing since; whether it was so.
pub(super) async fn strike_off(client: &Object, silent: &NodeEntry) -> Result<bool, Failure> {
    let sql = "DELETE FROM nodes WHERE number = $1 AND beats = $2";
    Ok(client.execute(sql, &[&silent.no.0, &silent.beats]).await? == 1)
}

/// Takes what is free and not being written to; which of them.
pub(super) async fn take(
    client: &Object,
    groups: &Groups,
    me: NodeNo,
    free: &Buckets,
) -> Result<Buckets, Failure> {
    let sql = "UPDATE leases SET holder = $1 WHERE bucket = ANY ($2) AND bucket IN
                   (SELECT l.bucket FROM leases l
                    WHERE l.bucket = ANY ($2) AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.number = l.holder)
                    ORDER BY l.bucket FOR UPDATE SKIP LOCKED)
                   AND EXISTS (SELECT 1 FROM nodes n WHERE n.number = $1)
               RETURNING bucket";
    changed(client, groups, sql, me, free).await
}

/// Gives up what is held and not being written to; which of them.
pub(super) async fn give(
    client: &Object,
    groups: &Groups,
    me: NodeNo,
    held: &Buckets,
) -> Result<Buckets, Failure> {
    let sql = "UPDATE leases SET holder = 0 WHERE bucket = ANY ($2) AND bucket IN
                   (SELECT l.bucket FROM leases l WHERE l.bucket = ANY ($2) AND l.holder = $1
                    ORDER BY l.bucket FOR UPDATE SKIP LOCKED)
               RETURNING bucket";
    changed(client, groups, sql, me, held).await
}

/// Removes a node; what it held is free by that.
pub(super) async fn leave(client: &Object, me: NodeNo) -> Result<(), Failure> {
    client.execute("DELETE FROM nodes WHERE number = $1", &[&me.0]).await?;
    Ok(())
}

async fn changed(
    client: &Object,
    groups: &Groups,
    sql: &str,
    me: NodeNo,
    wanted: &Buckets,
) -> Result<Buckets, Failure> {
    let mut changed = Vec::new();
    for together in groups.split(wanted) {
        let rows = client.query(sql, &[&me.0, &together]).await?;
        changed.extend(row::all(&rows, |found| row::get::<i32>(found, 0))?);
    }
    buckets(changed)
}

fn buckets(numbers: Vec<i32>) -> Result<Buckets, Failure> {
    let bucket = |number: i32| u16::try_from(number).ok().and_then(Bucket::numbered);
    let bucket = |number| bucket(number).ok_or(Failure::Refused("a stored bucket is out of its range"));
    numbers.into_iter().map(bucket).collect()
}
