//! Buckets that lie together. On one server that is all of them; on a distributed database, those whose rows are in the
//! same shards. A transaction of changes, and a statement that locks rows or goes through an index step by step, stays
//! with one group; then one machine has all of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use deadpool_postgres::Object;
use lockstep_core::fleet::Buckets;
use lockstep_core::id::Bucket;

use super::failure::Failure;
use super::{distribute, row};

/// Which buckets lie together. Read once: shards move from machine to machine as a whole; after one was split, the nodes
/// have to be started again.
pub(super) struct Groups {
    /// Each group with its buckets, in order.
    all: Vec<Vec<i32>>,
    /// The place of each bucket's group.
    of: Vec<usize>,
    distributed: bool,
}

impl Groups {
    /// Everything on one server.
    pub(super) fn one() -> Self {
        let all: Vec<i32> = Bucket::all().map(row::bucket).collect();
        Self { of: vec![0; all.len()], all: vec![all], distributed: false }
    }

    /// As the database has them. All tables are colocated, so the leases' shards speak for all.
    pub(super) async fn read(client: &Object) -> Result<Self, Failure> {
        if !distribute::is_distributed(client).await? {
            return Ok(Self::one());
        }
        let sql = "SELECT b::int, get_shard_id_for_distribution_column('leases', b::int)
                   FROM generate_series(0, $1::int - 1) AS every (b) ORDER BY b";
        let found = client.query(sql, &[&i32::from(lockstep_core::id::BUCKETS)]).await?;
        Ok(Self::of_shards(row::all(&found, |found| Ok((row::get(found, 0)?, row::get(found, 1)?)))?))
    }

    /// From each bucket with its shard, in the order of buckets.
    fn of_shards(shards: Vec<(i32, i64)>) -> Self {
        let (mut places, mut all, mut of) = (BTreeMap::new(), Vec::<Vec<i32>>::new(), Vec::new());
        for (bucket, shard) in shards {
            let place = *places.entry(shard).or_insert(all.len());
            if place == all.len() {
                all.push(Vec::new());
            }
            all[place].push(bucket);
            of.push(place);
        }
        Self { all, of, distributed: true }
    }

    /// Whether the rows lie on several machines, or may.
    pub(super) fn are_distributed(&self) -> bool {
        self.distributed
    }

    /// Every group.
    pub(super) fn all(&self) -> &[Vec<i32>] {
        &self.all
    }

    /// The place of a bucket's group.
    pub(super) fn of(&self, bucket: Bucket) -> usize {
        self.of.get(usize::from(bucket.number())).copied().unwrap_or(0)
    }

    /// Some buckets, group by group.
    pub(super) fn split(&self, buckets: &Buckets) -> Vec<Vec<i32>> {
        let mut parts = vec![Vec::new(); self.all.len()];
        for bucket in buckets.iter() {
            parts[self.of(bucket)].push(row::bucket(bucket));
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// A statement that takes its rows from arrays, the first of which are their buckets. Where buckets lie apart, each table
    /// in it is told these buckets outright: a shard is found from values, not through a join.
    pub(super) fn joined(&self, sql: &'static str) -> Cow<'static, str> {
        match self.distributed {
            true => Cow::Owned(told_outright(sql)),
            false => Cow::Borrowed(sql),
        }
    }
}

/// `x.bucket = n.bucket` → `x.bucket = n.bucket AND x.bucket = ANY ($1)`.
pub(super) fn told_outright(sql: &str) -> String {
    const JOIN: &str = ".bucket = n.bucket";
    let mut told = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(JOIN) {
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        let table = &before[start..];
        told.push_str(&format!("{before}{JOIN} AND {table}.bucket = ANY ($1)"));
        rest = after;
    }
    told + rest
}

/// A statement about one group: behind each of `marks`, the innermost table is told the buckets of parameter `number`.
pub(super) fn of_one_group(sql: &str, marks: &[&str], number: usize) -> String {
    marks
        .iter()
        .fold(sql.to_owned(), |sql, mark| sql.replace(mark, &format!("{mark} AND bucket = ANY (${number})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_grouped_by_their_shards() {
        let groups = Groups::of_shards((0..1024).map(|bucket| (bucket, i64::from(bucket % 3) + 7)).collect());
        assert_eq!(groups.all().len(), 3);
        assert_eq!(groups.all()[1][..3], [1, 4, 7]);
        let wanted: Buckets = [5, 4, 7].into_iter().filter_map(Bucket::numbered).collect();
        assert_eq!(groups.split(&wanted), [vec![4, 7], vec![5]]);
        assert_eq!(Groups::one().split(&wanted), [vec![4, 5, 7]]);
    }

    #[test]
    fn each_table_is_told_its_buckets() {
        let sql = "DELETE FROM effects e USING unnest($1::int[]) AS n (bucket) WHERE e.bucket = n.bucket";
        assert!(told_outright(sql).ends_with("WHERE e.bucket = n.bucket AND e.bucket = ANY ($1)"));
        assert_eq!(Groups::one().joined(sql), sql);
        let sql =
            of_one_group("SELECT 1 FROM effects WHERE state = 'ready' LIMIT 1", &["state = 'ready'"], 2);
        assert_eq!(sql, "SELECT 1 FROM effects WHERE state = 'ready' AND bucket = ANY ($2) LIMIT 1");
    }
}
