//! The fleet port: the register of nodes that share one database.

use async_trait::async_trait;
use lockstep_core::fleet::{Buckets, NodeEntry, NodeNo, Register};
use lockstep_core::health::Hearsay;

use super::Fault;

/// What became of a sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// This node is one of them.
    Member {
        /// Its number.
        me: NodeNo,
        /// Who else there is, and who holds what.
        register: Register,
    },
    /// The others took it for dead. Its buckets are not its own any more; it may join again.
    StruckOff,
    /// Another process has joined under its name.
    Replaced,
}

/// The register, as one node uses it. Whatever this node writes into the store names the number under which it has joined,
/// and is refused where it doesn't hold the bucket.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// Says that this node lives, and reads the register.
    async fn beat(&self) -> Result<Membership, Fault>;

    /// Joins again, under a new number and the same name.
    async fn join(&self) -> Result<(), Fault>;

    /// Strikes a node off if it has said nothing since; whether it was so.
    async fn strike_off(&self, silent: &NodeEntry) -> Result<bool, Fault>;

    /// Takes what nobody holds, or only somebody who was struck off; which of them it got.
    async fn take(&self, free: &Buckets) -> Result<Buckets, Fault>;

    /// Gives up what it holds; which of them are free now. What is being written at the moment stays.
    async fn give(&self, held: &Buckets) -> Result<Buckets, Fault>;

    /// Tells the others what this node's breakers did, and hears what theirs did since it last asked, in order.
    async fn exchange(&self, told: &[Hearsay]) -> Result<Vec<Hearsay>, Fault>;

    /// Leaves. What it held is free at once.
    async fn leave(&self) -> Result<(), Fault>;
}
