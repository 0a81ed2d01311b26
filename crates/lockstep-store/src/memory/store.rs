//! The engine's port.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lockstep_core::Slice;
use lockstep_core::effect::Delivery as Manner;
use lockstep_core::id::{DeliveryId, EffectId, EndpointId, InboxId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    CallKey, Claim, Commit, CommitError, Delivered, Delivery, Endpoint, Fault, InboxRow, InboxState, Store,
    StoredAnswer, StoredEffect,
};

use super::{Failure, MemoryStore, commit};

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault> {
        Ok(self.tables().slice(key))
    }

    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault> {
        Ok(self.tables().answers.get(&(tenant, key.to_owned())).cloned())
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        commit::apply(&mut self.tables(), commit).map_err(Failure::commit_error)
    }

    async fn begin_sending(&self, effect: EffectId, _at: Timestamp, claim: Claim) -> Result<bool, Fault> {
        let mut tables = self.tables();
        let due_at = match tables.effects.get_mut(&effect) {
            Some(row) if row.sending.is_none() => {
                row.sending = Some(claim);
                row.stored.due_at
            }
            Some(row) => return Ok(row.sending == Some(claim)),
            None => return Ok(false),
        };
        tables.effects_due.remove(&(due_at, effect));
        tables.effects_sending.insert(effect);
        Ok(true)
    }

    async fn finish(&self, effect: EffectId) -> Result<(), Fault> {
        let mut tables = self.tables();
        let once =
            tables.effects.get(&effect).is_some_and(|row| row.stored.effect.delivery() == Manner::Once);
        if once {
            let why = "an effect that is done only once ends by its answer";
            return Err(Fault::new("finish an effect", why));
        }
        tables.remove_effect(effect);
        Ok(())
    }

    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault> {
        let mut tables = self.tables();
        let before = match tables.effects.get_mut(&effect) {
            Some(row) if row.sending.is_none() => std::mem::replace(&mut row.stored.due_at, due_at),
            Some(_) | None => return Ok(()),
        };
        tables.effects_due.remove(&(before, effect));
        tables.effects_due.insert((due_at, effect));
        Ok(())
    }

    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault> {
        let tables = self.tables();
        let due = tables.effects_due.iter().take_while(|(due_at, _)| *due_at <= until);
        let due = due.filter_map(|(_, id)| tables.effects.get(id)).map(|row| &row.stored);
        let found: Vec<_> = due.clone().take(limit.saturating_add(1)).cloned().collect();
        if found.len() <= limit {
            return Ok(found);
        }
        // There are more: a fair share for each lender, and what one leaves free goes to those after it.
        let mut lines: BTreeMap<TenantId, Vec<&StoredEffect>> = BTreeMap::new();
        due.for_each(|stored| lines.entry(stored.tenant).or_default().push(stored));
        let (mut found, many) = (Vec::new(), lines.len());
        for (number, line) in lines.into_values().enumerate() {
            let share = (limit - found.len()).div_ceil(many - number);
            found.extend(line.into_iter().take(share).cloned());
        }
        found.sort_by_key(|stored| (stored.due_at, stored.id));
        Ok(found)
    }

    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault> {
        let tables = self.tables();
        let sending = tables.effects_sending.iter().filter_map(|id| tables.effects.get(id));
        Ok(sending.map(|row| row.stored.clone()).collect())
    }

    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault> {
        Ok(self.tables().due_deliveries(until, limit, per_endpoint))
    }

    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, _at: Timestamp) -> Result<(), Fault> {
        self.tables().delivered(delivery, outcome);
        Ok(())
    }

    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        Ok(self.tables().endpoints.get(&id).cloned())
    }

    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault> {
        if let Some(endpoint) = self.tables().endpoints.get_mut(&id) {
            endpoint.enabled = false;
        }
        Ok(())
    }

    async fn receive(&self, row: InboxRow) -> Result<bool, Fault> {
        Ok(self.tables().receive(row))
    }

    async fn inbox(&self, parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        Ok(self.tables().waiting(parked_after, limit))
    }

    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault> {
        self.tables().set_inbox_state(id, state);
        Ok(())
    }
}
