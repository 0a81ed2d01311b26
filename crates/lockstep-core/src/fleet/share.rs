//! An even share for everybody, with as few moves as can be.

use super::{Buckets, NodeNo, Register};
use crate::id::BUCKETS;

/// What a node has to do about its share now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Free ones to take. Another may be faster.
    pub take: Buckets,
    /// Ones to give up, as soon as nothing is under way there.
    pub give: Buckets,
}

/// The share of one node. All nodes of the register count as living: who is silent has to be struck off first.
///
/// Shares add up to all buckets, so what one gives up is below somebody else's share, and nothing goes back and forth.
/// Nodes begin to take at different places, so that they seldom want the same.
pub fn share(me: NodeNo, register: &Register) -> Share {
    let mut numbers: Vec<_> = register.nodes.iter().map(|node| node.no).collect();
    numbers.sort_unstable();
    let Some(rank) = numbers.iter().position(|no| *no == me) else { return Share::default() };
    let (all, nodes) = (usize::from(BUCKETS), numbers.len());
    let fair = all / nodes + usize::from(rank < all % nodes);
    let held = register.held_by(me);
    if held.len() >= fair {
        let give = held.iter().skip(fair).collect();
        return Share { give, take: Buckets::NONE };
    }
    let free: Vec<_> = register.free().iter().collect();
    let begin = rank * free.len() / nodes;
    let take = free.iter().cycle().skip(begin).take(free.len()).take(fair - held.len()).copied().collect();
    Share { take, give: Buckets::NONE }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fleet::NodeEntry;
    use crate::id::Bucket;

    fn node(no: i64) -> NodeEntry {
        NodeEntry { no: NodeNo(no), name: no.to_string(), address: String::new(), beats: 0 }
    }

    /// Nodes with these numbers; bucket `n` is held by the `n`-th of `holders`, 0 for nobody.
    fn register(numbers: &[i64], holders: &[i64]) -> Register {
        let mut register = Register { nodes: numbers.iter().map(|no| node(*no)).collect(), held: Vec::new() };
        for (bucket, holder) in Bucket::all().zip(holders) {
            let holder = NodeNo(*holder);
            match register.held.iter_mut().find(|(no, _)| *no == holder) {
                _ if holder == NodeNo(0) => {}
                Some((_, buckets)) => buckets.insert(bucket),
                None => register.held.push((holder, [bucket].into_iter().collect())),
            }
        }
        register
    }

    /// Everybody looks at the same register and acts; the first to take wins.
    fn round(register: &Register) -> Register {
        let mut after = register.clone();
        for node in &register.nodes {
            let Share { take, give } = share(node.no, register);
            assert!(take.without(&register.free()).is_empty(), "takes only what is free");
            assert!(give.without(&register.held_by(node.no)).is_empty(), "gives only its own");
            let won = take.and(&after.free());
            let holding = after.held_by(node.no).or(&won).without(&give);
            // What a node takes over from one that was struck off is not that one's any more.
            after.held.iter_mut().for_each(|(_, buckets)| *buckets = buckets.without(&won));
            after.held.retain(|(no, _)| *no != node.no);
            after.held.push((node.no, holding));
        }
        after
    }

    fn moves(before: &Register, after: &Register) -> usize {
        before.nodes.iter().map(|node| after.held_by(node.no).without(&before.held_by(node.no)).len()).sum()
    }

    proptest! {
        #[test]
        fn everything_is_held_evenly_in_a_few_rounds_and_then_nothing_moves(
            numbers in prop::collection::btree_set(1_i64..50, 1..9),
            holders in prop::collection::vec(0_i64..50, 1024),
        ) {
            let numbers: Vec<_> = numbers.into_iter().collect();
            let mut register = register(&numbers, &holders);
            for _ in 0..12 {
                register = round(&register);
            }
            prop_assert!(register.free().is_empty());
            let sizes: Vec<_> = numbers.iter().map(|no| register.held_by(NodeNo(*no)).len()).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
            prop_assert_eq!(moves(&register, &round(&register)), 0);
        }
    }

    #[test]
    fn a_newcomer_costs_the_others_no_more_than_its_share() {
        let mut before = register(&[1, 2, 3], &[0; 1024]);
        for _ in 0..12 {
            before = round(&before);
        }
        before.nodes.push(node(4));
        let mut after = before.clone();
        for _ in 0..12 {
            after = round(&after);
        }
        assert_eq!(after.held_by(NodeNo(4)).len(), 256);
        assert!(moves(&before, &after) <= 256 + 3, "{}", moves(&before, &after));
    }

    #[test]
    fn one_alone_takes_everything() {
        let alone = register(&[7], &[3; 1024]);
        assert_eq!(share(NodeNo(7), &alone).take, Buckets::ALL, "3 was struck off");
    }

    #[test]
    fn who_is_not_in_the_register_does_nothing() {
        let others = register(&[7], &[0; 1024]);
        assert_eq!(share(NodeNo(8), &others), Share::default());
    }
}
