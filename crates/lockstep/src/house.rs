//! A whole Lockstep in virtual time on one thread: the production loop on the real store, with the sandbox's banks
//! in process. The demo and `collect` on the sandbox run here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_channels::callback::verify_notice;
use lockstep_channels::{ChannelConfig, Secrets};
use lockstep_core::channel::{ChannelBook, ChannelId};
use lockstep_core::id::{Bucket, Mint, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{
    AuditFilter, Clock, Delivery, Directory, Endpoint, Page, Queries, Seeds, Tenant, WebhookOutcome, Webhooks,
};
use lockstep_engine::{ChannelNotice, Engine, Incoming, Ports, Settings};
use lockstep_sim::port::{SharedSandbox, SimChannels};
use lockstep_sim::runtime::{Deadlock, Runtime};
use lockstep_sim::sandbox::World;
use lockstep_store::SqliteStore;

use crate::bank::{self, Keep, SandboxPhones};
use crate::config::Config;
use crate::drive::Driver;
use crate::foundation::{self, Foundation, StartProblem, settle};

/// How often the postman looks when no notice is announced.
const IDLE_ROUND: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

/// A whole Lockstep in virtual time.
pub struct House {
    /// Database and vault.
    pub foundation: Foundation,
    /// The engine.
    pub engine: Engine,
    /// The banks.
    pub banks: Arc<SharedSandbox>,
    /// The lender.
    pub tenant: Tenant,
    store: Arc<SqliteStore>,
    runtime: Runtime,
    clock: Arc<dyn Clock>,
    configs: Vec<ChannelConfig>,
}

/// What a house is made from.
pub struct Plan<'a> {
    /// Where things are kept.
    pub config: &'a Config,
    /// What the population is like.
    pub world: World,
    /// When the banks write down what they did.
    pub keep: Keep,
    /// Virtual time begins here, or where an earlier run stopped if that is later.
    pub start: Timestamp,
    /// Randomness.
    pub seeds: Arc<dyn Seeds>,
    /// The lender's name.
    pub tenant: &'a str,
}

impl House {
    /// Opens or makes one.
    ///
    /// # Errors
    /// [`StartProblem`] that says what is wrong.
    pub fn open(plan: Plan<'_>) -> Result<Self, StartProblem> {
        let (foundation, store) = futures::executor::block_on(foundation::open_inline(plan.config))?;
        let start = plan.start.max(futures::executor::block_on(latest(&store))?);
        let runtime = Runtime::new(start);
        let clock: Arc<dyn Clock> = Arc::new(runtime.clock());
        let file = plan.config.data.sandbox();
        let banks = futures::executor::block_on(bank::open(
            &file,
            plan.world,
            plan.keep,
            clock.clone(),
            plan.seeds.clone(),
        ))?;
        let secrets: Arc<dyn Secrets> = foundation.secrets(clock.clone());
        let configs = bank::channel_configs("http://127.0.0.1");
        let ports = Ports {
            store: store.clone(),
            channels: Arc::new(SimChannels::new(banks.clone(), &secrets)),
            webhooks: Arc::new(Nowhere),
            clock: clock.clone(),
            seeds: plan.seeds.clone(),
        };
        let book = ChannelBook::new(configs.iter().map(|config| config.capability.clone()));
        let engine = Engine::new(ports, book, plan.config.retry.clone(), settings(plan.config));
        futures::executor::block_on(crate::rules::put_in_force(&foundation, &engine))?;
        let tenant = tenant(&foundation, plan.tenant, start, plan.seeds.as_ref());
        let tenant = futures::executor::block_on(settle(&store, tenant))?;
        Ok(Self { foundation, engine, banks, tenant, store, runtime, clock, configs })
    }

    /// Drives due lists through this house, with the sandbox's borrowers entering their codes.
    pub fn driver(&self, again: bool) -> Driver {
        Driver {
            engine: self.engine.clone(),
            queries: self.foundation.store.clone(),
            shelf: self.foundation.store.clone(),
            vault: self.foundation.vault.clone(),
            codes: self.foundation.codes.clone(),
            tenant: self.tenant.clone(),
            borrowers: Some(Arc::new(SandboxPhones(self.banks.clone()))),
            again,
        }
    }

    /// What time it is here.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Runs the loop and the postman until `main` has finished. `tick` is called whenever nothing can move.
    ///
    /// # Errors
    /// [`Deadlock`] when nothing can ever move again, which would be a bug.
    pub fn run<T: Send + 'static>(
        &mut self,
        main: impl Future<Output = T> + Send + 'static,
        mut tick: impl FnMut(Timestamp),
    ) -> Result<T, Deadlock> {
        let (stop, stopped) = futures::channel::oneshot::channel::<()>();
        let spawner = self.runtime.spawner();
        let engine = self.engine.clone();
        spawner.spawn(async move {
            engine
                .run(async {
                    // A dropped sender means stop, too.
                    let _ = stopped.await;
                })
                .await;
        });
        spawner.spawn(postman(
            self.engine.clone(),
            self.banks.clone(),
            self.clock.clone(),
            self.configs.clone(),
        ));
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let outcome = self.runtime.block_on(main, || {
            let progress = store.flush() > 0;
            if !progress {
                tick(clock.now());
            }
            progress
        });
        drop(stop);
        outcome
    }
}

/// The latest moment that anything here was written at: a run that was killed goes on from there, because time may
/// not run backwards for the banks.
async fn latest(store: &SqliteStore) -> Result<Timestamp, StartProblem> {
    let mut latest = Timestamp::from_millis(0);
    for tenant in Directory::tenants(store).await? {
        let filter = AuditFilter { tenant: tenant.id, subject: None };
        let newest = store.audit(&filter, &Page { after: None, limit: 1 }).await?;
        latest = newest.rows.first().map_or(latest, |entry| latest.max(entry.at));
    }
    Ok(latest)
}

/// The lender of this name; made if it isn't there.
pub async fn tenant(
    foundation: &Foundation,
    name: &str,
    now: Timestamp,
    seeds: &dyn Seeds,
) -> Result<Tenant, StartProblem> {
    let store = &foundation.store;
    if let Some(known) =
        Directory::tenants(store.as_ref()).await?.into_iter().find(|tenant| tenant.name == name)
    {
        return Ok(known);
    }
    let id = TenantId::mint(&mut Mint::new(Bucket::of_tenant(name), now, seeds.draw()));
    let tenant = Tenant { id, name: name.to_owned(), created_at: now };
    store.add_tenant(tenant.clone()).await?;
    Ok(tenant)
}

/// Carries the channels' notices to the engine, verified as in production.
async fn postman(
    engine: Engine,
    banks: Arc<SharedSandbox>,
    clock: Arc<dyn Clock>,
    configs: Vec<ChannelConfig>,
) {
    loop {
        let now = clock.now();
        for signed in banks.due_notices(now) {
            let Some(config) = configs.iter().find(|config| config.capability.id == signed.channel) else {
                continue;
            };
            let Ok(notice) = verify_notice(config, &signed.header_map(), &signed.body, now) else {
                continue;
            };
            let incoming = incoming(signed.channel.clone(), notice, &signed.body);
            if let Err(fault) = engine.receive(&incoming).await {
                tracing::error!(%fault, "a notice could not be stored");
            }
        }
        let next = banks.with(|sandbox| sandbox.next_due());
        let round = clock.now().plus(IDLE_ROUND);
        let soon = clock.now().plus(Duration::from_millis(1));
        clock.sleep_until(next.map_or(round, |next| next.clamp(soon, round))).await;
    }
}

/// A verified notice as the engine takes it.
pub fn incoming(channel: ChannelId, notice: lockstep_channels::callback::Notice, raw: &[u8]) -> Incoming {
    Incoming {
        message_id: notice.message_id,
        notice: ChannelNotice {
            channel,
            order_no: notice.order_no,
            code: notice.code,
            channel_ref: notice.channel_ref,
            amount_minor: notice.amount_minor,
        },
        raw: String::from_utf8_lossy(raw).into_owned(),
    }
}

/// No webhook leaves a virtual house.
struct Nowhere;

#[async_trait]
impl Webhooks for Nowhere {
    async fn send(&self, _endpoint: &Endpoint, _delivery: &Delivery) -> WebhookOutcome {
        WebhookOutcome::Forbidden
    }
}

/// The engine's limits, and what the configuration allows.
pub fn settings(config: &Config) -> Settings {
    Settings { health: config.health.clone(), refunds: config.refunds.clone(), ..Settings::default() }
}
