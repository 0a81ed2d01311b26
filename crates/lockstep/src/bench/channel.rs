//! A channel that says yes to everything after a fixed time. It looks at nothing: what is measured is ours.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, OriginalOutcome, QueryAnswer, ReversalAnswer, StatementAnswer,
};
use lockstep_core::sensitive::Mobile;
use lockstep_engine::port::{Channels, ProbeAnswer};

use crate::drive::ReadsCodes;

/// "Done" in the code table of every sandbox channel.
const DONE: &str = "00";

/// The channel.
#[derive(Default)]
pub struct YesChannel {
    latency_ms: AtomicU64,
}

impl YesChannel {
    /// From now on every answer takes this long.
    pub fn answers_after(&self, latency_ms: u32) {
        self.latency_ms.store(u64::from(latency_ms), Ordering::Relaxed);
    }

    async fn pass(&self) {
        let latency_ms = self.latency_ms.load(Ordering::Relaxed);
        if latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(latency_ms)).await;
        }
    }

    async fn signed(&self, request: &SignRequest, agreement_no: Option<String>) -> SignAnswer {
        self.pass().await;
        let channel_ref = Some(request.request_no.clone());
        SignAnswer::Answered { code: DONE.to_owned(), channel_ref, agreement_no }
    }

    async fn moved(&self, number: &str, amount_minor: i64) -> MoneyAnswer {
        self.pass().await;
        let channel_ref = Some(number.to_owned());
        MoneyAnswer::Answered { code: DONE.to_owned(), channel_ref, amount_minor: Some(amount_minor) }
    }

    async fn found(&self) -> QueryAnswer {
        self.pass().await;
        let original = OriginalOutcome { code: DONE.to_owned(), channel_ref: None, amount_minor: None };
        QueryAnswer::Answered { code: DONE.to_owned(), original: Some(original) }
    }
}

#[async_trait]
impl Channels for YesChannel {
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer {
        self.moved(&order.order_no, order.money.amount_minor).await
    }

    async fn query_payment(&self, _query: &PaymentQuery) -> QueryAnswer {
        self.found().await
    }

    async fn reverse(&self, _order: &ReversalOrder) -> ReversalAnswer {
        self.pass().await;
        ReversalAnswer::Answered { code: DONE.to_owned() }
    }

    async fn read_statement(&self, _query: &StatementQuery) -> StatementAnswer {
        StatementAnswer::NoAnswer { why: NoAnswer::TimedOut }
    }

    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer {
        self.moved(&order.order_no, order.money.amount_minor).await
    }

    async fn query_refund(&self, _query: &RefundQuery) -> QueryAnswer {
        self.found().await
    }

    async fn request_code(&self, request: &SignRequest) -> SignAnswer {
        self.signed(request, None).await
    }

    async fn sign(&self, request: &SignRequest) -> SignAnswer {
        self.signed(request, Some(request.request_no.clone())).await
    }

    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer {
        self.signed(request, Some(request.request_no.clone())).await
    }

    async fn cancel_mandate(&self, _channel: &ChannelId, _agreement_no: &str) -> bool {
        self.pass().await;
        true
    }

    async fn probe(&self, _channel: &ChannelId) -> ProbeAnswer {
        self.pass().await;
        ProbeAnswer::Alive { code: Some(DONE.to_owned()) }
    }
}

/// Borrowers who enter a code at once: the channel takes any.
pub struct AnyCode;

impl ReadsCodes for AnyCode {
    fn latest_code(&self, _mobile: &Mobile, _request_no: &str) -> Option<String> {
        Some("000000".to_owned())
    }
}
