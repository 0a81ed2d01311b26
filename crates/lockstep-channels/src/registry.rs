//! All configured channels behind the one port the engine knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::payment::{MoneyAnswer, NotSent, QueryAnswer, ReversalAnswer, StatementAnswer};
use lockstep_engine::port::{Channels, Clock, ProbeAnswer, Seeds};

use crate::config::{Adapter, ChannelConfig};
use crate::sandbox::{HttpWire, SandboxChannel};
use crate::secrets::Secrets;

/// One channel: the port's calls, for requests that are known to be its own.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Moves money. Called at most once per attempt.
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer;

    /// Asks what became of an attempt.
    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer;

    /// Has an attempt undone. The same reversal number gets the same answer.
    async fn reverse(&self, order: &ReversalOrder) -> ReversalAnswer;

    /// Looks an attempt up in the statement of a day.
    async fn read_statement(&self, query: &StatementQuery) -> StatementAnswer;

    /// Gives money back. Called at most once per try.
    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer;

    /// Asks what became of a try of a refund.
    async fn query_refund(&self, query: &RefundQuery) -> QueryAnswer;

    /// Has the four elements checked and a code texted.
    async fn request_code(&self, request: &SignRequest) -> SignAnswer;

    /// Signs a mandate.
    async fn sign(&self, request: &SignRequest) -> SignAnswer;

    /// Asks what became of a signature.
    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer;

    /// Ends a mandate. `true` when the channel says that it no longer holds.
    async fn cancel_mandate(&self, agreement_no: &str) -> bool;

    /// Asks whether the channel is there, without touching anybody's money. A channel without such a call leaves `probe`
    /// out of its capability and this as it is.
    async fn probe(&self) -> ProbeAnswer {
        ProbeAnswer::Silent
    }
}

/// Channels that can't be used as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// The channels by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<ChannelId, Arc<dyn Channel>>);

impl Registry {
    /// From channels made elsewhere, for example simulated ones.
    pub fn new(channels: BTreeMap<ChannelId, Arc<dyn Channel>>) -> Self {
        Self(channels)
    }

    /// From configuration. Says everything that is wrong with it at once.
    pub fn from_configs(
        configs: &[ChannelConfig],
        secrets: &Arc<dyn Secrets>,
        clock: &Arc<dyn Clock>,
        seeds: &Arc<dyn Seeds>,
    ) -> Result<Self, ConfigError> {
        let mut problems: Vec<_> = configs.iter().flat_map(ChannelConfig::problems).collect();
        let mut channels: BTreeMap<ChannelId, Arc<dyn Channel>> = BTreeMap::new();
        for config in configs {
            let id = config.capability.id.clone();
            let made: Arc<dyn Channel> = match config.adapter {
                Adapter::Sandbox => {
                    let wire = match HttpWire::new(&config.base_url, config.capability.call_timeout_ms) {
                        Ok(wire) => wire,
                        Err(error) => {
                            problems.push(format!("channel {id}: no HTTP client: {error}"));
                            continue;
                        }
                    };
                    let (secrets, clock, seeds) = (secrets.clone(), clock.clone(), seeds.clone());
                    Arc::new(SandboxChannel::new(id.clone(), config.key.clone(), wire, secrets, clock, seeds))
                }
            };
            if channels.insert(id.clone(), made).is_some() {
                problems.push(format!("channel {id}: is configured twice"));
            }
        }
        if problems.is_empty() { Ok(Self(channels)) } else { Err(ConfigError(problems)) }
    }

    fn get(&self, id: &ChannelId) -> Option<&Arc<dyn Channel>> {
        self.0.get(id)
    }
}

const ABSENT: NotSent = NotSent::NotConfigured;

#[async_trait]
impl Channels for Registry {
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer {
        match self.get(&order.channel) {
            Some(channel) => channel.move_money(order).await,
            None => MoneyAnswer::NotSent { why: ABSENT },
        }
    }

    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer {
        match self.get(&query.channel) {
            Some(channel) => channel.query_payment(query).await,
            None => QueryAnswer::NotSent { why: ABSENT },
        }
    }

    async fn reverse(&self, order: &ReversalOrder) -> ReversalAnswer {
        match self.get(&order.channel) {
            Some(channel) => channel.reverse(order).await,
            None => ReversalAnswer::NotSent { why: ABSENT },
        }
    }

    async fn read_statement(&self, query: &StatementQuery) -> StatementAnswer {
        match self.get(&query.channel) {
            Some(channel) => channel.read_statement(query).await,
            None => StatementAnswer::NotSent { why: ABSENT },
        }
    }

    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer {
        match self.get(&order.channel) {
            Some(channel) => channel.refund(order).await,
            None => MoneyAnswer::NotSent { why: ABSENT },
        }
    }

    async fn query_refund(&self, query: &RefundQuery) -> QueryAnswer {
        match self.get(&query.channel) {
            Some(channel) => channel.query_refund(query).await,
            None => QueryAnswer::NotSent { why: ABSENT },
        }
    }

    async fn request_code(&self, request: &SignRequest) -> SignAnswer {
        match self.get(&request.channel) {
            Some(channel) => channel.request_code(request).await,
            None => SignAnswer::NotSent { why: ABSENT },
        }
    }

    async fn sign(&self, request: &SignRequest) -> SignAnswer {
        match self.get(&request.channel) {
            Some(channel) => channel.sign(request).await,
            None => SignAnswer::NotSent { why: ABSENT },
        }
    }

    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer {
        match self.get(&request.channel) {
            Some(channel) => channel.query_mandate(request).await,
            None => SignAnswer::NotSent { why: ABSENT },
        }
    }

    async fn cancel_mandate(&self, channel: &ChannelId, agreement_no: &str) -> bool {
        match self.get(channel) {
            Some(channel) => channel.cancel_mandate(agreement_no).await,
            None => false,
        }
    }

    async fn probe(&self, channel: &ChannelId) -> ProbeAnswer {
        match self.get(channel) {
            Some(channel) => channel.probe().await,
            None => ProbeAnswer::Silent,
        }
    }
}
