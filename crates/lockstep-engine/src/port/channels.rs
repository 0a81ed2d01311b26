//! The channel port: what can be asked of a channel, and a probe. What a channel can't do is absent from its capability data, so
//! it is never asked.

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::payment::{MoneyAnswer, QueryAnswer, ReversalAnswer, StatementAnswer};

/// All configured channels. An implementation never reports a guess: what it can't tell for sure is `NoAnswer`.
/// The engine puts its own time limit around every call.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Moves money. Called at most once per attempt.
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer;

    /// Asks what became of an attempt.
    async fn query_payment(&self, query: &PaymentQuery) -> QueryAnswer;

    /// Has an attempt undone that may have moved money. The same `reversal_no` gets the same answer.
    async fn reverse(&self, order: &ReversalOrder) -> ReversalAnswer;

    /// Looks an attempt up in the channel's statement of a day. "Not listed" is said of a complete statement only.
    async fn read_statement(&self, query: &StatementQuery) -> StatementAnswer;

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

    /// Asks whether the channel is there: a health call, or a question that can't touch anybody's money. Only called for
    /// channels whose capability has a `probe`. A channel that has none is never taken to have recovered by it.
    async fn probe(&self, _channel: &ChannelId) -> ProbeAnswer {
        ProbeAnswer::Silent
    }
}

/// What a probe brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// The channel answered, provably itself. What its code means is the catalogue's to say.
    Alive {
        /// Its response code, if it gave one.
        code: Option<String>,
    },
    /// Nothing usable came back.
    Silent,
}
