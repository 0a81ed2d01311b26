//! Choosing a channel, for the policies that are not ours.

use super::super::draw::Stream;
use super::super::truth::Said;

/// Chooses among channels and learns from what comes back.
pub(crate) trait Router {
    /// One of the candidates (never empty).
    fn choose(&mut self, candidates: &[usize], now: i64, choice: &mut Stream) -> usize;
    /// An attempt was started.
    fn started(&mut self, _channel: usize, _now: i64) {}
    /// Its final answer.
    fn finished(&mut self, _channel: usize, _said: Said, _sent_at: i64, _now: i64) {}
    /// It still has no answer after a while.
    fn pending(&mut self, _channel: usize, _now: i64) {}
    /// Whether it marks channels as down at all.
    fn judges_channels(&self) -> bool {
        false
    }
    /// Whether the channel is marked as down.
    fn suspects(&self, _channel: usize) -> bool {
        false
    }
}

/// The lender's own order.
pub(crate) struct InOrder;

impl Router for InOrder {
    fn choose(&mut self, candidates: &[usize], _now: i64, _choice: &mut Stream) -> usize {
        candidates[0]
    }
}
