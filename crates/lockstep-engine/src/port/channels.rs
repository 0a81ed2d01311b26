//! The channel port: eight calls. What a channel can't do is absent from its capability data, so it is never asked.

use async_trait::async_trait;
use lockstep_core::binding::SignAnswer;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{MoneyOrder, PaymentQuery, ReversalOrder, SignRequest, StatementQuery};
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

    /// Has the four elements checked and a code texted. The same `request_no` texts once.
    async fn request_code(&self, request: &SignRequest) -> SignAnswer;

    /// Signs a mandate. Called at most once per code.
    async fn sign(&self, request: &SignRequest) -> SignAnswer;

    /// Asks what became of a signature.
    async fn query_mandate(&self, request: &SignRequest) -> SignAnswer;

    /// Ends a mandate. `true` when the channel says that it no longer holds.
    async fn cancel_mandate(&self, channel: &ChannelId, agreement_no: &str) -> bool;
}
