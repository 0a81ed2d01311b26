//! The ports on the store in memory: writing.

use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::decision::Slice;
use lockstep_core::id::{DeliveryId, EffectId, EndpointId, InboxId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    CallKey, Claim, Commit, CommitError, Delivered, Delivery, Endpoint, Fault, InboxRow, InboxState, Store,
    StoredAnswer, StoredEffect,
};

use super::world::World;

#[async_trait]
impl Store for World {
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault> {
        let slow_ms = self.data().slow_ms;
        if slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(slow_ms)).await;
        }
        self.slice(key)
    }

    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault> {
        Ok(self.working()?.answers.get(&(tenant, key.to_owned())).cloned())
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        self.keep(commit)
    }

    async fn begin_sending(&self, effect: EffectId, _at: Timestamp, _claim: Claim) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let begun = data.effects.get_mut(&effect).map(|(_, sending)| std::mem::replace(sending, true));
        Ok(begun == Some(false))
    }

    async fn finish(&self, effect: EffectId) -> Result<(), Fault> {
        self.working()?.effects.remove(&effect);
        Ok(())
    }

    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault> {
        if let Some((stored, _)) = self.working()?.effects.get_mut(&effect) {
            stored.due_at = due_at;
        }
        Ok(())
    }

    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault> {
        let data = self.working()?;
        let due = data.effects.values().filter(|(stored, sending)| stored.due_at <= until && !sending);
        Ok(due.map(|(stored, _)| stored.clone()).take(limit).collect())
    }

    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault> {
        Ok(Vec::new())
    }

    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        _per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault> {
        let data = self.working()?;
        let due = data.deliveries.values().filter(|one| one.state == "pending" && one.due_at <= until);
        Ok(due.take(limit).cloned().collect())
    }

    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, _at: Timestamp) -> Result<(), Fault> {
        if let Some(stored) = self.working()?.deliveries.get_mut(&delivery) {
            stored.tries += 1;
            match outcome {
                Delivered::Done => stored.state = "delivered".to_owned(),
                Delivered::Retry { due_at, status } => (stored.due_at, stored.last_status) = (due_at, status),
                Delivered::Dead { status } => {
                    (stored.state, stored.last_status) = ("dead".to_owned(), status);
                }
            }
        }
        Ok(())
    }

    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        Ok(self.working()?.endpoints.get(&id).cloned())
    }

    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault> {
        if let Some(endpoint) = self.working()?.endpoints.get_mut(&id) {
            endpoint.enabled = false;
        }
        Ok(())
    }

    async fn receive(&self, row: InboxRow) -> Result<bool, Fault> {
        let mut data = self.working()?;
        let known = |one: &InboxRow| one.channel == row.channel && one.message_id == row.message_id;
        if data.inbox.values().any(known) {
            return Ok(false);
        }
        data.inbox.insert(row.id, row);
        Ok(true)
    }

    async fn inbox(&self, _parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        let data = self.working()?;
        Ok(data.inbox.values().filter(|row| row.state != InboxState::Done).take(limit).cloned().collect())
    }

    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault> {
        if let Some(row) = self.working()?.inbox.get_mut(&id) {
            row.state = state;
        }
        Ok(())
    }
}
