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
        state.gained = state.gained.or(gained);
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
