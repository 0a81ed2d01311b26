//! The engine's port to the register of nodes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use deadpool_postgres::Object;
use lockstep_core::fleet::{Buckets, NodeEntry, NodeNo};
use lockstep_core::health::Hearsay;
use lockstep_engine::port::{Fault, Fleet, Membership};

use super::failure::Failure;
use super::writer::Shared;
use super::{hearsay, leases};

/// One node among those that share the database.
pub struct PostgresFleet {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    pub(super) address: String,
    /// How much this node has told.
    pub(super) told: AtomicI64,
    /// How far it has heard the others, by number.
    pub(super) heard: tokio::sync::Mutex<BTreeMap<i64, i64>>,
}

impl PostgresFleet {
    fn me(&self) -> NodeNo {
        NodeNo(self.shared.number.load(Ordering::Acquire))
    }

    async fn with<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut Object) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        let run = async { work(&mut self.shared.pool.get().await?).await };
        run.await.map_err(|failure| failure.fault(doing))
    }
}

#[async_trait]
impl Fleet for PostgresFleet {
    async fn beat(&self) -> Result<Membership, Fault> {
        let me = self.me();
        let beat = async |client: &mut Object| {
            if leases::beat(client, me).await? {
                return Ok(Membership::Member { me, register: leases::register(client).await? });
            }
            match leases::has_joined(client, &self.name).await? {
                true => Ok(Membership::Replaced),
                false => Ok(Membership::StruckOff),
            }
        };
        self.with("say that this node lives", beat).await
    }

    async fn join(&self) -> Result<(), Fault> {
        let join = async |client: &mut Object| leases::join(client, &self.name, &self.address).await;
        let number = self.with("join the nodes again", join).await?;
        self.shared.number.store(number.0, Ordering::Release);
        Ok(())
    }

    async fn strike_off(&self, silent: &NodeEntry) -> Result<bool, Fault> {
        let strike = async |client: &mut Object| leases::strike_off(client, silent).await;
        self.with("strike a silent node off", strike).await
    }

    async fn take(&self, free: &Buckets) -> Result<Buckets, Fault> {
        let take =
            async |client: &mut Object| leases::take(client, &self.shared.groups, self.me(), free).await;
        self.with("take buckets over", take).await
    }

    async fn give(&self, held: &Buckets) -> Result<Buckets, Fault> {
        let give =
            async |client: &mut Object| leases::give(client, &self.shared.groups, self.me(), held).await;
        self.with("give buckets up", give).await
    }

    async fn exchange(&self, told: &[Hearsay]) -> Result<Vec<Hearsay>, Fault> {
        let first = self.told.fetch_add(i64::try_from(told.len()).unwrap_or(0), Ordering::Relaxed);
        let exchange = async |client: &mut Object| {
            let mut heard = self.heard.lock().await;
            hearsay::tell(client, self.me(), first, told).await?;
            hearsay::hear(client, self.me(), &mut heard).await
        };
        self.with("exchange news of channels", exchange).await
    }

    async fn leave(&self) -> Result<(), Fault> {
        let leave = async |client: &mut Object| leases::leave(client, self.me()).await;
        self.with("leave the nodes", leave).await
    }
}

impl fmt::Debug for PostgresFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresFleet").field("name", &self.name).finish_non_exhaustive()
    }
}
