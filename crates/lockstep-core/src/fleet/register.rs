//! What the register says: who has joined, and who holds what.

use std::fmt;

use super::Buckets;
use crate::id::Bucket;

/// The number of a node, counted up for every process that joins and never given twice. It is the fencing epoch: what is
/// written names it, and is refused when the bucket is held by another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNo(pub i64);

impl fmt::Display for NodeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node that has joined and has not been struck off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its number.
    pub no: NodeNo,
    /// Its name; a process that joins under the same name takes its place.
    pub name: String,
    /// Where the others reach its API, such as `http://10.0.0.7:8080`.
    pub address: String,
    /// Counts how often it has said that it lives.
    pub beats: i64,
}

/// The register as it stood at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// Those who have joined, by number.
    pub nodes: Vec<NodeEntry>,
    /// Which buckets each number holds; what nobody holds is not here. A number that is not among the nodes has been
    /// struck off.
    pub held: Vec<(NodeNo, Buckets)>,
}

impl Register {
    /// What a node holds.
    pub fn held_by(&self, no: NodeNo) -> Buckets {
        let found = self.held.iter().find(|(holder, _)| *holder == no);
        found.map_or(Buckets::NONE, |(_, buckets)| *buckets)
    }

    /// What nobody holds, or only somebody who was struck off.
    pub fn free(&self) -> Buckets {
        let joined = |no: &NodeNo| self.nodes.iter().any(|node| node.no == *no);
        let held = self.held.iter().filter(|(no, _)| joined(no));
        Buckets::ALL.without(&held.fold(Buckets::NONE, |all, (_, buckets)| all.or(buckets)))
    }

    /// The node that holds a bucket.
    pub fn holder(&self, bucket: Bucket) -> Option<&NodeEntry> {
        let (no, _) = self.held.iter().find(|(_, buckets)| buckets.contains(bucket))?;
        self.nodes.iter().find(|node| node.no == *no)
    }
}
