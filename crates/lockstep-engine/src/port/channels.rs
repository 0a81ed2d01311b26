//! The channel port: eight calls. What a channel can't do is absent from its capability data, so it is never asked.

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, SignRequest};
use lockstep_core::payment::{MoneyAnswer, QueryAnswer};

/// All configured channels. An implementation never reports a guess: what it can't tell for sure is `NoAnswer`.
/// The engine puts its own time limit around every call.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Moves money. Called at most once per attempt.
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer;

    /// Asks what became of an attempt.
    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer;

    /// Gives money back. Called at most once per try.
    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer;

    /// Asks what became of a try of a refund.
    async fn query_refund(&self, query: &RefundQuery) -> QueryAnswer;

    /// Has the four elements checked and a code texted. The same `request_no` texts once.
    async fn request_code(&self, request: &SignRequest) -> SignAnswer;

    /// Signs a mandate. Called at most once per code.
    async fn sign(&self, request: &SignRequest) -> SignAnswer;

    /// Asks what became of a signature.
    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer;

    /// Ends a mandate. `true` when the channel says that it no longer holds.
    async fn cancel_mandate(&self, channel: &ChannelId, agreement_no: &str) -> bool;
}
