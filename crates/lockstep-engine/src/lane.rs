//! The lane: effects in memory, waiting for their time, for a place, or under way. Two walls stand in it: a slow
//! channel can't take the other channels' places, and a lender with much to do can't take the other lenders' turns.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use lockstep_core::channel::ChannelId;
use lockstep_core::fleet::Buckets;
use lockstep_core::id::{EffectId, TenantId};
use lockstep_core::time::Timestamp;

use crate::port::StoredEffect;

/// What is due on one channel: lenders take turns, and within one lender what was due first goes first.
#[derive(Default)]
struct Line {
    tenants: BTreeMap<TenantId, BinaryHeap<Reverse<(Timestamp, EffectId)>>>,
    turns: VecDeque<TenantId>,
}

impl Line {
    fn push(&mut self, tenant: TenantId, due_at: Timestamp, id: EffectId) {
        let waiting = self.tenants.entry(tenant).or_default();
        if waiting.is_empty() {
            self.turns.push_back(tenant);
        }
        waiting.push(Reverse((due_at, id)));
    }

    fn pop(&mut self) -> Option<EffectId> {
        let tenant = self.turns.pop_front()?;
        let waiting = self.tenants.get_mut(&tenant)?;
        let Reverse((_, id)) = waiting.pop()?;
        if waiting.is_empty() {
            self.tenants.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        Some(id)
    }

    fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

/// Effects in memory. Everything here is durable in the store as well: what finds no room is found again by a scan.
#[derive(Default)]
pub(crate) struct Lane {
    timed: BinaryHeap<Reverse<(Timestamp, EffectId)>>,
    effects: BTreeMap<EffectId, StoredEffect>,
    known: BTreeSet<EffectId>,
    lines: BTreeMap<Option<ChannelId>, Line>,
    in_flight: BTreeMap<Option<ChannelId>, usize>,
    waiting: BTreeMap<TenantId, usize>,
}

impl Lane {
    /// Takes an effect in, unless it is here already.
    pub(crate) fn add(&mut self, stored: StoredEffect) {
        if self.known.insert(stored.id) {
            self.timed.push(Reverse((stored.due_at, stored.id)));
            self.effects.insert(stored.id, stored);
        }
    }

    /// Notes an effect that is being dealt with outside the lane, so that a scan doesn't bring it in.
    pub(crate) fn reserve(&mut self, id: EffectId) {
        self.known.insert(id);
    }

    /// Whether it is here, in whatever state.
    pub(crate) fn knows(&self, id: EffectId) -> bool {
        self.known.contains(&id)
    }

    /// Forgets what waits in buckets that are not worked on any more. What is under way stays.
    pub(crate) fn keep(&mut self, works_on: impl Fn(EffectId) -> bool) {
        let waited = std::mem::take(&mut self.effects);
        self.known.retain(|id| !waited.contains_key(id));
        self.timed.clear();
        self.lines.clear();
        self.waiting.clear();
        waited.into_values().filter(|stored| works_on(stored.id)).for_each(|stored| self.add(stored));
    }

    /// The buckets of what is here.
    pub(crate) fn buckets(&self) -> Buckets {
        self.known.iter().map(EffectId::bucket).collect()
    }

    /// How many are here, in whatever state.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// When the next one that is not due yet will be.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.timed.peek().map(|Reverse((due_at, _))| *due_at)
    }

    /// Moves what is due into its channel's line.
    pub(crate) fn ripen(&mut self, now: Timestamp) {
        while let Some(Reverse((due_at, id))) = self.timed.peek().copied() {
            if due_at > now {
                break;
            }
            self.timed.pop();
            if let Some(stored) = self.effects.get(&id) {
                let line = self.lines.entry(stored.effect.channel().cloned()).or_default();
                line.push(stored.tenant, due_at, id);
                *self.waiting.entry(stored.tenant).or_default() += 1;
            }
        }
    }

    /// Takes the next effect whose channel has a free place: the channel with the fewest under way first.
    pub(crate) fn next(&mut self, places: impl Fn(Option<&ChannelId>) -> usize) -> Option<StoredEffect> {
        let busy = |channel: &Option<ChannelId>| self.in_flight.get(channel).copied().unwrap_or(0);
        let free = self
            .lines
            .iter()
            .filter(|(channel, line)| !line.is_empty() && busy(channel) < places(channel.as_ref()));
        let channel = free.min_by_key(|(channel, _)| busy(channel))?.0.clone();
        let id = self.lines.get_mut(&channel)?.pop()?;
        let stored = self.effects.remove(&id)?;
        *self.in_flight.entry(channel).or_default() += 1;
        if let Some(count) = self.waiting.get_mut(&stored.tenant) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&stored.tenant);
            }
        }
        Some(stored)
    }

    /// One that was under way has ended.
    pub(crate) fn finished(&mut self, channel: &Option<ChannelId>, id: EffectId) {
        self.known.remove(&id);
        if let Some(count) = self.in_flight.get_mut(channel) {
            *count = count.saturating_sub(1);
        }
    }

    /// How many are due and wait for a place, by lender.
    pub(crate) fn waiting(&self) -> &BTreeMap<TenantId, usize> {
        &self.waiting
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::effect::{Effect, PaymentQuery, Wake};
    use lockstep_core::id::{Bucket, Mint, PaymentId};

    use super::*;

    struct Town {
        mint: Mint,
    }

    impl Town {
        fn new() -> Self {
            let mint = Mint::new(Bucket::of_tenant("town"), Timestamp::from_millis(0), [7; 16]);
            Self { mint }
        }

        fn tenant(&mut self) -> TenantId {
            TenantId::mint(&mut self.mint)
        }

        fn effect(&mut self, tenant: TenantId, channel: Option<&str>, due_ms: i64) -> StoredEffect {
            let payment = PaymentId::mint(&mut self.mint);
            let effect = match channel {
                Some(channel) => Effect::QueryPayment(PaymentQuery {
                    payment,
                    attempt: 1,
                    channel: channel.try_into().unwrap(),
                    order_no: String::new(),
                    sent_at: Timestamp::from_millis(0),
                }),
                None => Effect::Wake(Wake::TryPayment { payment, attempts: 0 }),
            };
            let due_at = Timestamp::from_millis(due_ms);
            StoredEffect { id: EffectId::mint(&mut self.mint), effect, due_at, tenant }
        }
    }

    fn order(lane: &mut Lane, places: usize) -> Vec<(TenantId, i64)> {
        let mut order = Vec::new();
        while let Some(stored) = lane.next(|_| places) {
            order.push((stored.tenant, stored.due_at.as_millis()));
        }
        order
    }

    #[test]
    fn lenders_take_turns_and_the_first_due_goes_first() {
        let (mut town, mut lane) = (Town::new(), Lane::default());
        let (large, small) = (town.tenant(), town.tenant());
        for due in [5, 1, 4, 2, 3] {
            lane.add(town.effect(large, Some("unionpay"), due));
        }
        lane.add(town.effect(small, Some("unionpay"), 6));
        lane.ripen(Timestamp::from_millis(10));
        assert_eq!(lane.waiting()[&large], 5);
        let taken = order(&mut lane, 100);
        assert_eq!(taken[..3], [(large, 1), (small, 6), (large, 2)], "one turn each");
        assert_eq!(taken[3..], [(large, 3), (large, 4), (large, 5)]);
        assert!(lane.waiting().is_empty());
    }

    #[test]
    fn a_full_channel_holds_up_nobody_else() {
        let (mut town, mut lane) = (Town::new(), Lane::default());
        let tenant = town.tenant();
        for due in 0..10 {
            lane.add(town.effect(tenant, Some("slow"), due));
        }
        lane.add(town.effect(tenant, Some("quick"), 99));
        lane.add(town.effect(tenant, None, 99));
        lane.ripen(Timestamp::from_millis(100));
        assert_eq!(order(&mut lane, 2).len(), 4, "two of the slow one, the quick one and the timer");
        assert_eq!(lane.waiting()[&tenant], 8);
    }

    #[test]
    fn nothing_is_taken_twice_or_early() {
        let (mut town, mut lane) = (Town::new(), Lane::default());
        let tenant = town.tenant();
        let effect = town.effect(tenant, None, 50);
        lane.add(effect.clone());
        lane.add(effect.clone());
        lane.ripen(Timestamp::from_millis(49));
        assert!(lane.next(|_| 9).is_none());
        assert_eq!(lane.next_due(), Some(Timestamp::from_millis(50)));
        lane.ripen(Timestamp::from_millis(50));
        assert_eq!(lane.next(|_| 9).unwrap().id, effect.id);
        lane.add(effect.clone());
        assert!(lane.next(|_| 9).is_none(), "it is under way");
        lane.finished(&None, effect.id);
        assert_eq!(lane.len(), 0);
    }

    #[test]
    fn what_is_not_worked_on_any_more_is_forgotten_and_what_is_under_way_stays() {
        let (mut town, mut lane) = (Town::new(), Lane::default());
        let tenant = town.tenant();
        let effects: Vec<_> = (0..4).map(|due| town.effect(tenant, None, due)).collect();
        effects.iter().for_each(|effect| lane.add(effect.clone()));
        lane.ripen(Timestamp::from_millis(2));
        let under_way = lane.next(|_| 9).unwrap();
        let last = effects[3].id;
        lane.keep(|id| id == last);
        assert!(lane.knows(under_way.id) && lane.knows(last));
        assert_eq!((lane.len(), lane.waiting().len()), (2, 0));
        lane.ripen(Timestamp::from_millis(3));
        assert_eq!(lane.next(|_| 9).unwrap().id, last);
        lane.add(effects[1].clone());
        assert!(lane.knows(effects[1].id), "it may come back");
    }

    #[test]
    fn thousands_of_one_lender_delay_another_by_one_turn() {
        let (mut town, mut lane) = (Town::new(), Lane::default());
        let (large, small) = (town.tenant(), town.tenant());
        for due in 0..5_000 {
            lane.add(town.effect(large, Some("unionpay"), due));
        }
        lane.ripen(Timestamp::from_millis(10_000));
        lane.add(town.effect(small, Some("unionpay"), 9_000));
        lane.ripen(Timestamp::from_millis(10_000));
        let place = order(&mut lane, usize::MAX).iter().position(|(tenant, _)| *tenant == small);
        assert!(place.unwrap() <= 1);
    }
}
