//! Tenure: which buckets this node may work on, and until when.
//!
//! A node without a fleet holds everything for ever. In a fleet, a node begins with nothing, takes its share, and gives up
//! what is too much once nothing is under way there. It sends nothing when it has not been heard for a while; whether it
//! may write, the database says.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use futures::future::{Either, select};
use lockstep_core::fleet::{BEAT_EVERY, Buckets, HOLD, NodeNo, Register, Watch, share};
use lockstep_core::id::Bucket;
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use tokio::sync::Notify;

use crate::Engine;
use crate::port::{Fault, Fleet, Membership};

/// A register that says nothing for so long is asked anew.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) struct Tenure {
    state: RwLock<State>,
    /// Something was gained, lost, or is to be given up.
    pub(crate) news: Notify,
    /// Another process has joined under this node's name.
    pub(crate) replaced: Notify,
}

struct State {
    held: Buckets,
    /// Held, and to be given up: nothing new is begun there.
    leaving: Buckets,
    /// Of those, where nothing is under way any more.
    drained: Buckets,
    /// Gained since the loop last looked.
    gained: Buckets,
    /// `None` without a fleet: for ever.
    until: Option<Timestamp>,
    register: Register,
}

impl Tenure {
    /// Of everything, or, in a fleet, of nothing yet.
    pub(crate) fn new(in_a_fleet: bool) -> Self {
        let held = if in_a_fleet { Buckets::NONE } else { Buckets::ALL };
        let until = in_a_fleet.then_some(Timestamp::from_millis(0));
        let (leaving, drained) = (Buckets::NONE, Buckets::NONE);
        let state = State { held, leaving, drained, gained: held, until, register: Register::default() };
        Self { state: RwLock::new(state), news: Notify::new(), replaced: Notify::new() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this node holds a bucket, as far as it knows.
    pub(crate) fn holds(&self, bucket: Bucket) -> bool {
        self.read().held.contains(bucket)
    }

    /// Whether something new may be begun there.
    pub(crate) fn works_on(&self, bucket: Bucket) -> bool {
        let state = self.read();
        state.held.contains(bucket) && !state.leaving.contains(bucket)
    }

    /// Whether something may be sent now: nobody else can hold the bucket yet.
    pub(crate) fn may_send(&self, bucket: Bucket, now: Timestamp) -> bool {
        let state = self.read();
        state.held.contains(bucket) && state.until.is_none_or(|until| now < until)
    }

    /// Where to reach the node that holds a bucket, if it is another one.
    pub(crate) fn elsewhere(&self, bucket: Bucket) -> Option<String> {
        let state = self.read();
        let holder = state.register.holder(bucket).filter(|_| !state.held.contains(bucket))?;
        Some(holder.address.clone())
    }

    /// This node's part of what all nodes together may do at once: of a channel's places, say.
    pub(crate) fn part_of(&self, all: usize) -> usize {
        let nodes = self.read().register.nodes.len().max(1);
        all.div_ceil(nodes)
    }

    /// What was gained since this was last asked.
    pub(crate) fn take_gained(&self) -> Buckets {
        std::mem::take(&mut self.write().gained)
    }

    /// What is to be given up.
    pub(crate) fn leaving(&self) -> Buckets {
        self.read().leaving
    }

    /// Tells where something is still under way; the rest of what is leaving can be given up.
    pub(crate) fn set_busy(&self, busy: &Buckets) {
        let mut state = self.write();
        state.drained = state.leaving.without(busy);
    }

    fn lose(&self, lost: &Buckets) {
        let mut state = self.write();
        state.held = state.held.without(lost);
        state.leaving = state.leaving.without(lost);
        state.drained = state.drained.without(lost);
        state.gained = state.gained.without(lost);
        drop(state);
        self.news.notify_one();
    }

    fn gain(&self, gained: &Buckets) {
        let mut state = self.write();
        state.held = state.held.or(gained);
        if !planted::is(Bug::GainedNotLookedThrough) {
            state.gained = state.gained.or(gained);
        }
        drop(state);
        self.news.notify_one();
    }

    /// Was heard: what the register says of this node holds until then.
    fn confirm(&self, me: NodeNo, register: &Register, until: Timestamp) {
        let (says, mut state) = (register.held_by(me), self.write());
        let lapsed = state.until.is_some_and(|before| before < until.minus(HOLD));
        if lapsed {
            // What came due meanwhile was left where it is durable.
            state.gained = state.held;
        }
        state.until = Some(until);
        state.register = register.clone();
        let (lost, gained) = (state.held.without(&says), says.without(&state.held));
        drop(state);
        if lapsed {
            self.news.notify_one();
        }
        if !lost.is_empty() {
            self.lose(&lost);
        }
        if !gained.is_empty() {
            self.gain(&gained);
        }
    }

    fn set_leaving(&self, leaving: Buckets) {
        let mut state = self.write();
        if state.leaving == leaving {
            return;
        }
        // What stays after all is picked up again like something gained.
        let staying = state.leaving.without(&leaving).and(&state.held);
        state.gained = state.gained.or(&staying);
        state.leaving = leaving;
        state.drained = state.drained.and(&leaving);
        drop(state);
        self.news.notify_one();
    }
}

impl Engine {
    /// Whether this node may write there; if not, where the one that may can be reached, if that is known.
    pub(crate) fn place_of(&self, bucket: Bucket) -> Result<(), Option<String>> {
        let tenure = &self.inner.tenure;
        if tenure.holds(bucket) { Ok(()) } else { Err(tenure.elsewhere(bucket)) }
    }

    /// Whether this node holds its share, or everything where it has no fleet. A node that has just started holds nothing
    /// yet.
    pub fn has_settled(&self) -> bool {
        !self.inner.tenure.read().held.is_empty()
    }

    /// Keeps this node in the register and its share of the buckets held. Never ends.
    pub(crate) async fn keep_tenure(&self) {
        let Some(fleet) = &self.inner.ports.fleet else {
            return std::future::pending().await;
        };
        let clock = &self.inner.ports.clock;
        let mut watch = Watch::default();
        loop {
            let sent_at = clock.now();
            let round = Box::pin(self.one_round(fleet.as_ref(), &mut watch, sent_at));
            match select(round, clock.sleep_until(sent_at.plus(PATIENCE))).await {
                Either::Left((Ok(()), _)) => {}
                Either::Left((Err(fault), _)) => {
                    tracing::warn!(%fault, "the register of nodes can't be reached; trying again");
                }
                Either::Right(_) => tracing::warn!("the register of nodes does not answer; asking again"),
            }
            clock.sleep_until(sent_at.plus(BEAT_EVERY)).await;
        }
    }

    /// Leaves the fleet, so that the others need not wait for silence.
    pub(crate) async fn leave_fleet(&self) {
        if let Some(fleet) = &self.inner.ports.fleet {
            self.inner.tenure.lose(&Buckets::ALL);
            if let Err(fault) = fleet.leave().await {
                tracing::warn!(%fault, "could not leave the register of nodes; the others will notice");
            }
        }
    }

    async fn one_round(&self, fleet: &dyn Fleet, watch: &mut Watch, sent_at: Timestamp) -> Result<(), Fault> {
        let tenure = &self.inner.tenure;
        let (me, register) = match fleet.beat().await? {
            Membership::Member { me, register } => (me, register),
            Membership::StruckOff => {
                tracing::warn!("the others took this node for dead; it joins again");
                tenure.lose(&Buckets::ALL);
                return fleet.join().await;
            }
            Membership::Replaced => {
                tracing::error!("another process has joined under this node's name; this one stops");
                tenure.lose(&Buckets::ALL);
                tenure.replaced.notify_one();
                return Ok(());
            }
        };
        tenure.confirm(me, &register, sent_at.plus(HOLD));
        self.exchange_news(fleet).await?;
        let now = self.inner.ports.clock.now();
        let mut silent = watch.silent(&register, now);
        silent.retain(|node| node.no != me);
        for node in &silent {
            if fleet.strike_off(node).await? {
                tracing::warn!(node = %node.no, name = node.name, "a node has fallen silent; its buckets are free");
            }
        }
        if !silent.is_empty() {
            // The next round sees the register without them.
            return Ok(());
        }
        self.settle_share(fleet, me, &register).await
    }

    /// What one node's breakers have done, all of them do.
    async fn exchange_news(&self, fleet: &dyn Fleet) -> Result<(), Fault> {
        let health = &self.inner.health;
        let told = health.take_untold();
        match fleet.exchange(&told).await {
            Ok(heard) if heard.is_empty() => {}
            Ok(heard) => health.believe(&heard, self.inner.ports.clock.now()),
            Err(fault) => {
                health.put_back(told);
                return Err(fault);
            }
        }
        Ok(())
    }

    async fn settle_share(&self, fleet: &dyn Fleet, me: NodeNo, register: &Register) -> Result<(), Fault> {
        let tenure = &self.inner.tenure;
        let share = share(me, register);
        if !share.take.is_empty() {
            let won = fleet.take(&share.take).await?;
            tracing::info!(buckets = won.len(), nodes = register.nodes.len(), "took buckets over");
            tenure.gain(&won);
        }
        tenure.set_leaving(share.give);
        let drained = tenure.read().drained;
        if !drained.is_empty() {
            // From here on nothing is decided there, whether or not the register was told.
            tenure.lose(&drained);
            let given = fleet.give(&drained).await?;
            tracing::info!(buckets = given.len(), nodes = register.nodes.len(), "gave buckets up");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::fleet::NodeEntry;

    use super::*;

    const ME: NodeNo = NodeNo(7);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).plus(Duration::from_secs(seconds))
    }

    fn buckets(range: std::ops::Range<u16>) -> Buckets {
        range.filter_map(Bucket::numbered).collect()
    }

    fn bucket(number: u16) -> Bucket {
        Bucket::numbered(number).unwrap()
    }

    /// I hold the first ones, number 8 the next ones, and nobody the rest.
    fn register(mine: u16, others: u16) -> Register {
        let node = |no: i64| NodeEntry {
            no: NodeNo(no),
            name: no.to_string(),
            address: format!("http://node-{no}"),
            beats: 0,
        };
        let held = vec![(ME, buckets(0..mine)), (NodeNo(8), buckets(mine..mine + others))];
        Register { nodes: vec![node(7), node(8)], held }
    }

    #[test]
    fn alone_everything_is_held_for_ever_and_gone_through_once() {
        let tenure = Tenure::new(false);
        assert!(tenure.may_send(bucket(1023), at(1_000_000_000)) && tenure.works_on(bucket(0)));
        assert_eq!((tenure.take_gained(), tenure.take_gained()), (Buckets::ALL, Buckets::NONE));
        assert_eq!(tenure.part_of(32), 32);
    }

    #[test]
    fn in_a_fleet_nothing_is_held_before_the_register_says_so() {
        let tenure = Tenure::new(true);
        assert!(!tenure.holds(bucket(0)) && tenure.elsewhere(bucket(0)).is_none());
        tenure.confirm(ME, &register(3, 2), at(4));
        assert_eq!(tenure.take_gained(), buckets(0..3));
        assert!(tenure.holds(bucket(2)) && !tenure.holds(bucket(3)));
        assert_eq!(tenure.elsewhere(bucket(3)).as_deref(), Some("http://node-8"));
        assert_eq!((tenure.elsewhere(bucket(2)), tenure.elsewhere(bucket(5))), (None, None));
        assert_eq!((tenure.part_of(32), tenure.part_of(1)), (16, 1), "places are shared out");
    }

    #[test]
    fn who_has_not_been_heard_for_a_while_sends_nothing_and_looks_again_afterwards() {
        let tenure = Tenure::new(true);
        tenure.confirm(ME, &register(3, 2), at(4));
        tenure.take_gained();
        assert!(tenure.may_send(bucket(0), at(3)) && !tenure.may_send(bucket(0), at(4)));
        assert!(tenure.holds(bucket(0)), "whether it may write, the database says");
        tenure.confirm(ME, &register(3, 2), at(5));
        assert_eq!(tenure.take_gained(), Buckets::NONE, "heard in time");
        tenure.confirm(ME, &register(3, 2), at(60));
        assert_eq!(tenure.take_gained(), buckets(0..3), "what came due meanwhile was left where it is");
        assert!(tenure.may_send(bucket(0), at(59)));
    }

    #[test]
    fn what_is_given_up_is_drained_first_and_what_stays_is_picked_up_again() {
        let tenure = Tenure::new(true);
        tenure.confirm(ME, &register(3, 2), at(4));
        tenure.take_gained();
        tenure.set_leaving(buckets(1..3));
        assert!(tenure.works_on(bucket(0)) && !tenure.works_on(bucket(1)));
        assert!(tenure.may_send(bucket(1), at(1)), "what is under way there may end");
        assert_eq!(tenure.read().drained, Buckets::NONE, "nobody has looked yet");
        tenure.set_busy(&buckets(0..2));
        assert_eq!(tenure.read().drained, buckets(2..3));
        tenure.set_leaving(buckets(2..3));
        assert_eq!(tenure.take_gained(), buckets(1..2), "a node has left: this one stays after all");
        tenure.lose(&buckets(2..3));
        assert!(!tenure.holds(bucket(2)) && tenure.leaving().is_empty());
    }

    #[test]
    fn what_the_register_gives_to_another_is_lost_at_once() {
        let tenure = Tenure::new(true);
        tenure.confirm(ME, &register(3, 2), at(4));
        tenure.confirm(ME, &register(1, 4), at(5));
        assert!(tenure.holds(bucket(0)) && !tenure.holds(bucket(1)));
        assert_eq!(tenure.take_gained(), buckets(0..1), "and not gone through for nothing");
    }
}
