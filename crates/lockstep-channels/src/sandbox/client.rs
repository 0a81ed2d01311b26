//! The port's calls.

use std::sync::Arc;

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::id::{BorrowerId, TenantId, VaultItemId};
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, NotSent, QueryAnswer, RefundWay, ReversalAnswer, StatementAnswer,
};
use lockstep_engine::port::{Clock, ProbeAnswer, Seeds};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::map::{self, Nothing};
use super::sign::{self, Role};
use super::wire::{Call, CancelReply, PayQuestionReply, SignCancel};
use super::{Body, Incoming, Outgoing, Wire};
use crate::config::ChannelKey;
use crate::registry::Channel;
use crate::secrets::{PersonalFields, Secrets};

/// A channel that speaks the sandbox's protocol, over whatever carries its bytes.
pub struct SandboxChannel<W> {
    id: ChannelId,
    key: ChannelKey,
    wire: W,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    seeds: Arc<dyn Seeds>,
}

impl<W: Wire> SandboxChannel<W> {
    /// A channel with its key and its line.
    pub fn new(
        id: ChannelId,
        key: ChannelKey,
        wire: W,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        seeds: Arc<dyn Seeds>,
    ) -> Self {
        Self { id, key, wire, secrets, clock, seeds }
    }

    async fn call<R: DeserializeOwned>(
        &self,
        call: Call,
        request: &(impl Serialize + Sync),
    ) -> Result<R, Nothing> {
        let path = call.path(&self.id);
        let body = serde_json::to_vec(request).map_err(|_| Nothing::NotSent(NotSent::NoSecrets))?;
        let nonce = sign::nonce(&self.seeds.draw());
        let headers = sign::sign(&self.key, Role::Request(&path), self.clock.now(), &nonce, &body);
        let outgoing = Outgoing { path: path.clone(), headers, body: Body(body) };
        let result = self.wire.post(outgoing).await;
        let read = result
            .map_err(Nothing::from)
            .and_then(|incoming| self.believe(&path, &nonce, &incoming).map_err(Nothing::NoAnswer));
        if let Err(nothing) = &read {
            tracing::info!(channel = %self.id, call = call.as_str(), ?nothing, "a channel gave no usable answer");
        }
        read
    }

    /// Reads a reply only after it has proven to come from the channel and to answer this request.
    fn believe<R: DeserializeOwned>(
        &self,
        path: &str,
        nonce: &str,
        incoming: &Incoming,
    ) -> Result<R, NoAnswer> {
        if incoming.status != 200 {
            return Err(NoAnswer::Unreadable);
        }
        let headers = incoming.headers.as_ref().ok_or(NoAnswer::Unreadable)?;
        sign::verify_reply(&self.key, path, nonce, headers, &incoming.body.0)
            .map_err(|_| NoAnswer::WrongSignature)?;
        serde_json::from_slice(&incoming.body.0).map_err(|_| NoAnswer::Unreadable)
    }

    async fn personal(
        &self,
        tenant: TenantId,
        borrower: BorrowerId,
        item: VaultItemId,
    ) -> Result<PersonalFields, Nothing> {
        let opened = self.secrets.personal(tenant, borrower, item).await;
        opened.filter(|fields| fields.card_number.is_some()).ok_or(Nothing::NotSent(NotSent::NoSecrets))
    }

    async fn sign_step(&self, call: Call, request: &SignRequest) -> Result<SignAnswer, Nothing> {
        let code = match &request.code {
            Some(code) => match self.secrets.code(code).await {
                Some(code) => Some(code),
                None => return Ok(SignAnswer::CodeLost),
            },
            None => None,
        };
        let personal = self.personal(request.tenant, request.borrower, request.vault_item).await?;
        let reply = self.call(call, &map::sign_step(request, personal, code)).await?;
        Ok(map::sign_answer(request, reply))
    }

    async fn pay(&self, order: &MoneyOrder) -> Result<MoneyAnswer, Nothing> {
        let personal = match order.direction {
            Direction::Collect => PersonalFields::default(),
            Direction::PayOut => self.personal(order.tenant, order.borrower, order.vault_item).await?,
        };
        let reply = self.call(Call::Pay, &map::pay(order, personal)).await?;
        Ok(map::money_answer(order, reply))
    }

    async fn give_back(&self, order: &RefundOrder) -> Result<MoneyAnswer, Nothing> {
        let reply = match order.way {
            RefundWay::Back => self.call(Call::Refund, &map::refund(order)).await?,
            RefundWay::PayOut => {
                let personal = self.personal(order.tenant, order.borrower, order.vault_item).await?;
                self.call(Call::Pay, &map::refund_credit(order, personal)).await?
            }
        };
        Ok(map::refund_answer(order, reply))
    }

    async fn refund_query(&self, query: &RefundQuery) -> Result<QueryAnswer, Nothing> {
        let reply = self.call(Call::PayQuery, &map::refund_question(query)).await?;
        Ok(map::question_answer(&query.order_no, reply))
    }

    async fn pay_query(&self, query: &PaymentQuery) -> Result<QueryAnswer, Nothing> {
        let reply = self.call(Call::PayQuery, &map::pay_question(query)).await?;
        Ok(map::query_answer(query, reply))
    }

    async fn pay_reverse(&self, order: &ReversalOrder) -> Result<ReversalAnswer, Nothing> {
        let reply = self.call(Call::PayReverse, &map::reversal(order)).await?;
        Ok(map::reversal_answer(order, reply))
    }

    async fn statement(&self, query: &StatementQuery) -> Result<StatementAnswer, Nothing> {
        let reply = self.call(Call::Statement, &map::statement_question(query)).await?;
        Ok(map::statement_answer(query, reply))
    }

    async fn sign_query(&self, request: &SignRequest) -> Result<SignAnswer, Nothing> {
        let reply = self.call(Call::SignQuery, &map::sign_question(request)).await?;
        Ok(map::sign_answer(request, reply))
    }
}

#[async_trait]
impl<W: Wire> Channel for SandboxChannel<W> {
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer {
        self.pay(order).await.unwrap_or_else(MoneyAnswer::from)
    }

    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer {
        self.pay_query(query).await.unwrap_or_else(QueryAnswer::from)
    }

    async fn reverse(&self, order: &ReversalOrder) -> ReversalAnswer {
        self.pay_reverse(order).await.unwrap_or_else(ReversalAnswer::from)
    }

    async fn read_statement(&self, query: &StatementQuery) -> StatementAnswer {
        self.statement(query).await.unwrap_or_else(StatementAnswer::from)
    }

    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer {
        self.give_back(order).await.unwrap_or_else(MoneyAnswer::from)
    }

    async fn query_refund(&self, query: &RefundQuery) -> QueryAnswer {
        self.refund_query(query).await.unwrap_or_else(QueryAnswer::from)
    }

    async fn request_code(&self, request: &SignRequest) -> SignAnswer {
        self.sign_step(Call::SignCode, request).await.unwrap_or_else(SignAnswer::from)
    }

    async fn sign(&self, request: &SignRequest) -> SignAnswer {
        self.sign_step(Call::SignConfirm, request).await.unwrap_or_else(SignAnswer::from)
    }

    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer {
        self.sign_query(request).await.unwrap_or_else(SignAnswer::from)
    }

    async fn cancel_mandate(&self, agreement_no: &str) -> bool {
        let request = SignCancel { agreement_no: agreement_no.to_owned() };
        let reply: Result<CancelReply, Nothing> = self.call(Call::SignCancel, &request).await;
        reply.is_ok_and(|reply| reply.agreement_no == agreement_no && !reply.live)
    }

    async fn probe(&self) -> ProbeAnswer {
        let question = map::probe(self.clock.now());
        let reply: Result<PayQuestionReply, Nothing> = self.call(Call::PayQuery, &question).await;
        match reply {
            Ok(reply) if reply.order_no == question.order_no => ProbeAnswer::Alive { code: Some(reply.code) },
            Ok(_) | Err(_) => ProbeAnswer::Silent,
        }
    }
}
