//! Back-pressure: bounded work, fair shares, and an honest "come back later" beyond them.
//!
//! Shares follow the dynamic-threshold rule for shared buffers (Choudhury and Hahne, 1998): a lender may hold at most
//! twice as many places as are free. Alone it gets two thirds of them; when several press, what is left shrinks
//! evenly, and a newcomer always finds room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_core::id::TenantId;

use crate::Engine;

/// A lender may hold this many times what is free.
const SHARE: usize = 2;

pub(crate) struct Gate {
    held: Mutex<Held>,
    max_calls: usize,
    max_backlog: usize,
}

#[derive(Default)]
struct Held {
    calls: usize,
    calls_of: BTreeMap<TenantId, usize>,
    backlog: usize,
    backlog_of: BTreeMap<TenantId, usize>,
}

/// Permission to execute one call from outside; gives its place back when dropped.
pub struct Permit {
    gate: Arc<Gate>,
    tenant: Option<TenantId>,
}

/// Too much is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded {
    /// Whose excess it is.
    pub whose: Excess,
    /// When to come back, in seconds.
    pub retry_after_s: u64,
}

/// Whose excess stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// The caller's own: others are still served.
    Lenders,
    /// Everybody's together.
    Everybodys,
}

impl Gate {
    pub(crate) fn new(max_calls: usize, max_backlog: usize) -> Self {
        Self { held: Mutex::default(), max_calls, max_backlog }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_backlog(&self, waiting: &BTreeMap<TenantId, usize>) {
        let mut held = self.held();
        // Most of the time nothing waits: then nothing is copied.
        if held.backlog_of != *waiting {
            held.backlog_of.clone_from(waiting);
            held.backlog = waiting.values().sum();
        }
    }

    fn enter(self: &Arc<Self>, tenant: Option<TenantId>) -> Result<Permit, Overloaded> {
        let mut held = self.held();
        self.look(&held, tenant)?;
        held.calls += 1;
        if let Some(tenant) = tenant {
            *held.calls_of.entry(tenant).or_default() += 1;
        }
        drop(held);
        Ok(Permit { gate: self.clone(), tenant })
    }

    fn line_too_long(&self, held: &Held) -> bool {
        held.backlog > self.max_backlog
    }

    fn look(&self, held: &Held, tenant: Option<TenantId>) -> Result<(), Overloaded> {
        if held.calls >= self.max_calls {
            return Err(Overloaded { whose: Excess::Everybodys, retry_after_s: 1 });
        }
        // A channel's notice ends work, so a long line is no reason to refuse it.
        let Some(tenant) = tenant else { return Ok(()) };
        if self.line_too_long(held) {
            return Err(Overloaded { whose: Excess::Everybodys, retry_after_s: 5 });
        }
        let own = |of: &BTreeMap<TenantId, usize>| of.get(&tenant).copied().unwrap_or(0);
        if own(&held.backlog_of) > SHARE.saturating_mul(self.max_backlog - held.backlog) {
            return Err(Overloaded { whose: Excess::Lenders, retry_after_s: 5 });
        }
        let calls = own(&held.calls_of);
        if calls > 0 && calls >= SHARE.saturating_mul(self.max_calls - held.calls) {
            return Err(Overloaded { whose: Excess::Lenders, retry_after_s: 1 });
        }
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut held = self.gate.held();
        held.calls = held.calls.saturating_sub(1);
        let Some(tenant) = self.tenant else { return };
        if let Some(count) = held.calls_of.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                held.calls_of.remove(&tenant);
            }
        }
    }
}

impl Engine {
    /// Takes a place for one call from outside; `None` for calls that are no lender's (a channel's notice).
    ///
    /// # Errors
    /// [`Overloaded`] when all places are taken, too many effects wait to be performed, or this lender holds more
    /// than its share of either.
    pub fn admit(&self, tenant: Option<TenantId>) -> Result<Permit, Overloaded> {
        self.inner.gate.enter(tenant)
    }

    /// Whether calls are taken at all.
    pub fn takes_calls(&self) -> bool {
        let gate = &self.inner.gate;
        let held = gate.held();
        !gate.line_too_long(&held) && gate.look(&held, None).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::{Bucket, Mint};
    use lockstep_core::time::Timestamp;

    use super::*;

    fn tenants<const N: usize>() -> [TenantId; N] {
        let mut mint = Mint::new(Bucket::of_tenant("gate"), Timestamp::from_millis(0), [3; 16]);
        std::array::from_fn(|_| TenantId::mint(&mut mint))
    }

    fn fill(gate: &Arc<Gate>, tenant: TenantId) -> Vec<Permit> {
        std::iter::from_fn(|| gate.enter(Some(tenant)).ok()).collect()
    }

    #[test]
    fn one_lender_leaves_a_third_free() {
        let (gate, [large, small]) = (Arc::new(Gate::new(300, 10)), tenants());
        let taken = fill(&gate, large);
        assert_eq!(taken.len(), 200);
        let refused = gate.enter(Some(large)).err().unwrap();
        assert_eq!(refused, Overloaded { whose: Excess::Lenders, retry_after_s: 1 });
        assert!(gate.enter(Some(small)).is_ok() && gate.enter(None).is_ok());
        drop(taken);
        assert_eq!(fill(&gate, large).len(), 200, "places come back");
    }

    #[test]
    fn two_lenders_share_and_a_third_still_finds_room() {
        let (gate, [one, two, three]) = (Arc::new(Gate::new(300, 10)), tenants());
        let (first, second) = (fill(&gate, one), fill(&gate, two));
        assert_eq!((first.len(), second.len()), (200, 67));
        assert!(!fill(&gate, three).is_empty());
    }

    #[test]
    fn one_place_can_be_used() {
        let (gate, [one]) = (Arc::new(Gate::new(1, 10)), tenants());
        let taken = gate.enter(Some(one)).unwrap();
        assert_eq!(gate.enter(Some(one)).err().unwrap().whose, Excess::Everybodys);
        drop(taken);
        gate.enter(Some(one)).unwrap();
    }

    #[test]
    fn a_lender_with_a_long_line_waits_and_others_do_not() {
        let (gate, [large, small]) = (Arc::new(Gate::new(10, 900)), tenants());
        gate.set_backlog(&BTreeMap::from([(large, 600)]));
        assert!(gate.enter(Some(large)).is_ok());
        gate.set_backlog(&BTreeMap::from([(large, 601), (small, 5)]));
        assert_eq!(gate.enter(Some(large)).err().unwrap().whose, Excess::Lenders);
        assert!(gate.enter(Some(small)).is_ok());
        gate.set_backlog(&BTreeMap::from([(large, 601), (small, 300)]));
        assert_eq!(gate.enter(Some(small)).err().unwrap().whose, Excess::Everybodys);
        assert!(gate.enter(None).is_ok(), "a channel's notice makes the line shorter");
        gate.set_backlog(&BTreeMap::new());
        assert!(gate.enter(Some(large)).is_ok());
    }
}
