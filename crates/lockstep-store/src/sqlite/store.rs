//! The engine's port, each call handed to the file that knows its table.

use async_trait::async_trait;
use lockstep_core::Slice;
use lockstep_core::id::{DeliveryId, EffectId, EndpointId, InboxId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    CallKey, Claim, Commit, CommitError, Delivered, Delivery, Endpoint, Fault, InboxRow, InboxState, Loaded,
    Store, StoredAnswer, StoredEffect,
};

use super::{SqliteStore, answers, commit, deliveries, effects, endpoints, inbox, load};

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault> {
        let key = key.clone();
        self.read("load a slice", move |connection| load::slice(connection, &key)).await
    }

    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault> {
        let (tenant, key) = (tenant.to_string(), key.to_owned());
        self.read("look up an idempotency key", move |connection| answers::find(connection, &tenant, &key))
            .await
    }

    async fn load_unanswered(&self, key: &CallKey, tenant: TenantId, name: &str) -> Result<Loaded, Fault> {
        let (key, tenant, name) = (key.clone(), tenant.to_string(), name.to_owned());
        self.read("load a slice", move |connection| load::unanswered(connection, &key, &tenant, &name)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let result = self.write(move |connection| commit::apply(connection, &commit)).await;
        result.map_err(|failure| failure.commit_error("commit a change"))
    }

    async fn begin_sending(&self, effect: EffectId, at: Timestamp, claim: Claim) -> Result<bool, Fault> {
        let work = move |connection: &_| effects::begin_sending(connection, effect, at, claim);
        self.change("mark an effect as being sent", work).await
    }

    async fn finish(&self, effect: EffectId) -> Result<(), Fault> {
        self.change("finish an effect", move |connection| effects::finish(connection, effect)).await
    }

    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault> {
        self.change("put an effect off", move |connection| effects::postpone(connection, effect, due_at))
            .await
    }

    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault> {
        let found =
            self.read("find due effects", move |connection| effects::due(connection, until, limit)).await?;
        self.report(found.unreadable);
        Ok(found.rows)
    }

    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault> {
        let found = self.read("find interrupted effects", effects::interrupted).await?;
        self.report(found.unreadable);
        Ok(found.rows)
    }

    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault> {
        let read = move |connection: &_| deliveries::due(connection, until, limit, per_endpoint);
        let found = self.read("find due deliveries", read).await?;
        self.report(found.unreadable);
        Ok(found.rows)
    }

    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, at: Timestamp) -> Result<(), Fault> {
        let work = move |connection: &_| deliveries::outcome(connection, delivery, outcome, at);
        self.change("write a delivery's outcome down", work).await
    }

    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        self.read("read an endpoint", move |connection| endpoints::find(connection, id)).await
    }

    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault> {
        self.change("switch an endpoint off", move |connection| endpoints::disable(connection, id)).await
    }

    async fn receive(&self, row: InboxRow) -> Result<bool, Fault> {
        self.change("store an incoming message", move |connection| inbox::receive(connection, &row)).await
    }

    async fn inbox(&self, parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        let read = move |connection: &_| inbox::waiting(connection, parked_after, limit);
        let found = self.read("find incoming messages", read).await?;
        self.report(found.unreadable);
        Ok(found.rows)
    }

    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault> {
        let work = move |connection: &_| inbox::set_state(connection, id, state);
        self.change("write down where a message stands", work).await
    }
}
