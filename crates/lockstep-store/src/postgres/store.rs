//! The engine's port, each call handed to the file that knows its table.

use async_trait::async_trait;
use lockstep_core::Slice;
use lockstep_core::id::{DeliveryId, EffectId, EndpointId, InboxId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    CallKey, Claim, Commit, CommitError, Delivered, Delivery, Endpoint, Fault, InboxRow, InboxState, Loaded,
    Store, StoredAnswer, StoredEffect,
};

use super::failure::Failure;
use super::work::Work;
use super::{PostgresStore, answers, commit, deliveries, effects, endpoints, inbox, load};

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault> {
        self.look_up("load a slice", async |client| load::slice(client, key).await).await
    }

    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault> {
        let tenant = tenant.to_string();
        self.look_up("look up an idempotency key", async |client| answers::find(client, &tenant, key).await)
            .await
    }

    async fn load_unanswered(&self, key: &CallKey, tenant: TenantId, name: &str) -> Result<Loaded, Fault> {
        let tenant = tenant.to_string();
        let look = async |client: &_| {
            // Sent without waiting for one another: one way there and back.
            let (found, slice) =
                futures::join!(answers::find(client, &tenant, name), load::slice(client, key));
            Ok(match found? {
                Some(stored) => Loaded::Answered(stored),
                None => Loaded::Slice(Box::new(slice?)),
            })
        };
        self.look_up("load a slice", look).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let doing = "commit a change";
        commit::check(&commit).map_err(|failure| failure.commit_error(doing))?;
        let written = self.write(Work::Commit(Box::new(commit))).await;
        written.map(drop).map_err(|failure| failure.commit_error(doing))
    }

    async fn begin_sending(&self, effect: EffectId, at: Timestamp, claim: Claim) -> Result<bool, Fault> {
        let written = self.write(Work::BeginSending { effect, at, claim }).await;
        Failure::or_left(written).map_err(|failure| failure.fault("mark an effect as being sent"))
    }

    async fn finish(&self, effect: EffectId) -> Result<(), Fault> {
        let written = self.write(Work::Finish(effect)).await;
        Failure::or_left(written).map(drop).map_err(|failure| failure.fault("finish an effect"))
    }

    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault> {
        let written = self.write(Work::Postpone { effect, due_at }).await;
        Failure::or_left(written).map(drop).map_err(|failure| failure.fault("put an effect off"))
    }

    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault> {
        let found = self
            .read("find due effects", async |client| {
                effects::due(client, &self.shared.groups, self.number(), until, limit).await
            })
            .await?;
        Ok(self.readable(found))
    }

    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault> {
        let found = self
            .read("find interrupted effects", async |client| {
                effects::interrupted(client, self.number()).await
            })
            .await?;
        Ok(self.readable(found))
    }

    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault> {
        let read =
            async |client: &mut _| deliveries::due(client, self.as_node(), until, limit, per_endpoint).await;
        Ok(self.readable(self.read("find due deliveries", read).await?))
    }

    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, at: Timestamp) -> Result<(), Fault> {
        let written = self.write(Work::Delivered { delivery, outcome, at }).await;
        Failure::or_left(written)
            .map(drop)
            .map_err(|failure| failure.fault("write a delivery's outcome down"))
    }

    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault> {
        self.look_up("read an endpoint", async |client| endpoints::find(client, id).await).await
    }

    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault> {
        self.change("switch an endpoint off", async |client| endpoints::disable(client, id).await).await
    }

    async fn receive(&self, row: InboxRow) -> Result<bool, Fault> {
        let written = self.write(Work::Receive(Box::new(row))).await;
        written.map_err(|failure| failure.fault("store an incoming message"))
    }

    async fn inbox(&self, parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault> {
        let read = async |client: &mut _| inbox::waiting(client, self.number(), parked_after, limit).await;
        Ok(self.readable(self.read("find incoming messages", read).await?))
    }

    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault> {
        let written = self.write(Work::InboxState { message: id, state }).await;
        Failure::or_left(written)
            .map(drop)
            .map_err(|failure| failure.fault("write down where a message stands"))
    }
}
