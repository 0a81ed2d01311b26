//! The older dynamic routing of Hyperswitch, written from a description of its behaviour: success over the last blocks
//! of five payments, and a fifth of the traffic explores.

use std::collections::VecDeque;

use super::super::draw::Stream;
use super::super::truth::Said;
use super::router::Router;

/// Payments in a block.
const BLOCK: u32 = 5;
/// Full blocks before a score counts.
const MIN_BLOCKS: usize = 5;
/// Full blocks remembered.
const MAX_BLOCKS: usize = 8;
/// Share of traffic that explores.
const EXPLORES: f64 = 0.20;

#[derive(Debug, Clone, Default)]
struct Connector {
    /// Successes of each full block, oldest first.
    blocks: VecDeque<u32>,
    count: u32,
    successes: u32,
}

/// The router.
pub(crate) struct Hyperswitch {
    connectors: Vec<Connector>,
}

impl Hyperswitch {
    pub(crate) fn new(channels: usize) -> Self {
        Self { connectors: vec![Connector::default(); channels] }
    }

    /// Success over the full blocks; a connector with too few looks perfect, so that it gets its chance.
    fn score(&self, connector: usize) -> f64 {
        let blocks = &self.connectors[connector].blocks;
        if blocks.len() < MIN_BLOCKS {
            return 1.0;
        }
        f64::from(blocks.iter().sum::<u32>()) / (blocks.len() as f64 * f64::from(BLOCK))
    }
}

impl Router for Hyperswitch {
    fn choose(&mut self, candidates: &[usize], _now: i64, choice: &mut Stream) -> usize {
        if choice.unit() < EXPLORES {
            return candidates[choice.below(candidates.len())];
        }
        let score = |connector: &usize| self.score(*connector);
        let best = candidates.iter().map(score).fold(f64::MIN, f64::max);
        let equal: Vec<usize> = candidates.iter().copied().filter(|one| score(one) >= best).collect();
        equal[choice.below(equal.len())]
    }

    fn finished(&mut self, channel: usize, said: Said, _sent_at: i64, _now: i64) {
        let connector = &mut self.connectors[channel];
        connector.count += 1;
        connector.successes += u32::from(said == Said::Success);
        if connector.count == BLOCK {
            connector.blocks.push_back(connector.successes);
            if connector.blocks.len() > MAX_BLOCKS {
                connector.blocks.pop_front();
            }
            connector.count = 0;
            connector.successes = 0;
        }
    }
}
