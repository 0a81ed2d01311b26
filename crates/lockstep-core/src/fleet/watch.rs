//! Telling who is silent.

use std::collections::BTreeMap;

use super::{NodeEntry, NodeNo, Register, SILENT};
use crate::time::Timestamp;

/// What a node remembers of the others' signs of life.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    seen: BTreeMap<NodeNo, Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    beats: i64,
    /// On the clock of the one who watches: when it first saw this many.
    since: Timestamp,
    last: Timestamp,
}

impl Watch {
    /// Takes down what the register says now, and tells who has been silent for [`SILENT`].
    ///
    /// Silence counts only while the register could be read: after a longer gap, in which nobody could be heard, it
    /// counts anew for everybody.
    pub fn silent(&mut self, register: &Register, now: Timestamp) -> Vec<NodeEntry> {
        self.seen.retain(|no, _| register.nodes.iter().any(|node| node.no == *no));
        let gap = |seen: &Seen| now.since(seen.last) > SILENT / 2;
        let mut silent = Vec::new();
        for node in &register.nodes {
            let fresh = Seen { beats: node.beats, since: now, last: now };
            let seen = self.seen.entry(node.no).or_insert(fresh);
            if seen.beats == node.beats && !gap(seen) {
                seen.last = now;
            } else {
                *seen = fresh;
            }
            if now.since(seen.since) >= SILENT {
                silent.push(node.clone());
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn register(beats: &[(i64, i64)]) -> Register {
        let entry = |(no, beats): &(i64, i64)| NodeEntry {
            no: NodeNo(*no),
            name: no.to_string(),
            address: String::new(),
            beats: *beats,
        };
        Register { nodes: beats.iter().map(entry).collect(), held: Vec::new() }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).plus(Duration::from_secs(seconds))
    }

    fn names(silent: &[NodeEntry]) -> Vec<i64> {
        silent.iter().map(|node| node.no.0).collect()
    }

    #[test]
    fn who_says_nothing_for_eight_seconds_is_silent() {
        let mut watch = Watch::default();
        for second in 0..8 {
            assert!(watch.silent(&register(&[(1, 5), (2, second)]), at(second.unsigned_abs())).is_empty());
        }
        assert_eq!(names(&watch.silent(&register(&[(1, 5), (2, 8)]), at(8))), [1]);
        assert_eq!(names(&watch.silent(&register(&[(1, 6), (2, 9)]), at(9))), [0; 0], "it was heard again");
    }

    #[test]
    fn a_time_in_which_nobody_could_be_heard_proves_nothing() {
        let mut watch = Watch::default();
        assert!(watch.silent(&register(&[(1, 5)]), at(0)).is_empty());
        assert!(watch.silent(&register(&[(1, 5)]), at(60)).is_empty(), "the database was away");
        for second in 61..68 {
            assert!(watch.silent(&register(&[(1, 5)]), at(second)).is_empty());
        }
        assert_eq!(names(&watch.silent(&register(&[(1, 5)]), at(68))), [1]);
    }

    #[test]
    fn a_newcomer_has_time_to_say_something() {
        let mut watch = Watch::default();
        for second in 0..20 {
            let mut beats = vec![(1, i64::try_from(second).unwrap())];
            if second >= 15 {
                beats.push((2, 0));
            }
            assert!(watch.silent(&register(&beats), at(second)).is_empty());
        }
    }
}
