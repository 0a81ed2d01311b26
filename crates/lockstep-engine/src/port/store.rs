//! The store port: load a slice, commit a change, find what is due.

use async_trait::async_trait;
use lockstep_core::audit::AuditEntry;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::decision::{Event, Slice};
use lockstep_core::effect::Effect;
use lockstep_core::id::{
    BindingId, BorrowerId, Bucket, DeliveryId, EffectId, EndpointId, InboxId, OrderId, PaymentId, TenantId,
    VaultItemId,
};
use lockstep_core::ledger::Entry;
use lockstep_core::notice::Notice;
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;

use super::Fault;

/// Which slice a command needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallKey {
    /// A borrower that may not exist yet, by the lender's own name for it.
    BorrowerByReference {
        /// The lender.
        tenant: TenantId,
        /// The lender's own name.
        reference: String,
    },
    /// A borrower.
    Borrower(BorrowerId),
    /// A borrower, and its living binding of this instrument if there is one.
    NewBinding {
        /// Whose.
        borrower: BorrowerId,
        /// Keyed hash of the number.
        fingerprint: String,
    },
    /// A borrower, and its order of this reference if there is one.
    NewOrder {
        /// Whose.
        borrower: BorrowerId,
        /// The lender's own name for the order.
        reference: String,
    },
    /// A binding and its borrower.
    Binding(BindingId),
    /// An order.
    Order(OrderId),
    /// An order and a binding, for a new payment.
    Collect {
        /// What is owed.
        order: OrderId,
        /// From which instrument.
        binding: BindingId,
    },
    /// A payment with its binding and order.
    Payment(PaymentId),
}

impl CallKey {
    /// The one bucket that the slice lives in.
    pub fn bucket(&self) -> Bucket {
        match self {
            Self::BorrowerByReference { tenant, reference } => Bucket::of(*tenant, reference),
            Self::Borrower(id) => id.bucket(),
            Self::NewBinding { borrower, .. } | Self::NewOrder { borrower, .. } => borrower.bucket(),
            Self::Binding(id) => id.bucket(),
            Self::Order(id) | Self::Collect { order: id, .. } => id.bucket(),
            Self::Payment(id) => id.bucket(),
        }
    }
}

/// What there is for a call from outside.
#[derive(Debug, PartialEq)]
pub enum Loaded {
    /// Its key has been answered before.
    Answered(StoredAnswer),
    /// It is new: the slice that it needs.
    Slice(Box<Slice>),
}

/// One entity's new state. `version` counts its events; the store refuses a change whose base is stale.
#[derive(Debug, Clone)]
pub enum Change {
    /// A borrower.
    Borrower(Borrower),
    /// A binding.
    Binding(Binding),
    /// An order.
    Order(Order),
    /// A payment.
    Payment(Payment),
}

/// An entity's new state with the events that led to it.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The new state.
    pub state: Change,
    /// Version before.
    pub base_version: u64,
    /// What happened to it.
    pub events: Vec<Event>,
}

/// An encrypted item for the vault, opaque to the engine.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Whose.
    pub borrower: BorrowerId,
    /// Its id.
    pub item: VaultItemId,
    /// The borrower's wrapped data key; stored if the borrower has none yet.
    pub wrapped_key: String,
    /// The encrypted item.
    pub bytes: Vec<u8>,
}

/// A caller's idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    /// The lender.
    pub tenant: TenantId,
    /// The key, 1–255 visible ASCII characters.
    pub key: String,
    /// Keyed hash of method, path and body.
    pub fingerprint: String,
}

/// The answer that was given, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body. Never carries personal data.
    pub body: String,
}

/// A stored answer with what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Fingerprint of the request it answered.
    pub fingerprint: String,
    /// The answer.
    pub answer: Answer,
}

/// One change, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Entities with their events.
    pub changes: Vec<Changed>,
    /// New effects with their due times.
    pub effects: Vec<StoredEffect>,
    /// An effect that is finished by this change.
    pub done: Option<EffectId>,
    /// Ledger entries; they sum to zero.
    pub entries: Vec<Entry>,
    /// The answer to remember for a caller's key.
    pub answer: Option<(IdempotencyKey, Answer)>,
    /// Items for the vault.
    pub sealed: Vec<Sealed>,
    /// The audit entry. `None` only for changes that change no state.
    pub audit: Option<AuditEntry>,
    /// The moment of the change.
    pub at: Option<Timestamp>,
}

/// Tells one who wants to send an effect from every other. Drawn at random for one try to send and kept nowhere but there
/// and on the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim(pub i64);

impl Claim {
    /// One that nobody else has.
    pub fn drawn(seed: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = seed;
        Self(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// An effect as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEffect {
    /// Its id.
    pub id: EffectId,
    /// What.
    pub effect: Effect,
    /// Not before this moment.
    pub due_at: Timestamp,
    /// The lender it belongs to.
    pub tenant: TenantId,
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was faster; load again and decide again.
    #[error("lost the race for {0}")]
    Conflict(&'static str),
    /// The effect that this change answers is finished already: the answer came twice.
    #[error("the effect was finished before")]
    AlreadyDone,
    /// Another node holds the bucket now. Nothing was written.
    #[error("another node holds this bucket now")]
    Elsewhere,
    /// The machinery failed; whether it happened may be unknown.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where a tenant wants its webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The lender.
    pub tenant: TenantId,
    /// Where to.
    pub url: String,
    /// Signing secrets, current first; encrypted at rest, never shown again.
    pub secrets: Vec<String>,
    /// Kinds wanted; empty means all.
    pub kinds: Vec<String>,
    /// Whether it is in use.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One message to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The message id that the receiver sees; the same on every try.
    pub message: String,
    /// Where to.
    pub endpoint: EndpointId,
    /// The lender.
    pub tenant: TenantId,
    /// What happened.
    pub notice: Notice,
    /// Tries so far.
    pub tries: u32,
    /// When the next try is due.
    pub due_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    /// Status of the last try, if there was one.
    pub last_status: Option<u16>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Accepted by the receiver.
    Done,
    /// Try again.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Status of this try.
        status: Option<u16>,
    },
    /// Given up; visible, and can be sent again by hand.
    Dead {
        /// Status of this try.
        status: Option<u16>,
    },
}

/// A message that came in from a channel, stored before it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its id.
    pub id: InboxId,
    /// From which channel.
    pub channel: String,
    /// The channel's own id of the message; a repetition is stored once.
    pub message_id: String,
    /// The body as it came, after its signature had been verified. Channels send no personal data in notices;
    /// an adapter whose channel does must strip it first.
    pub body: String,
    /// When.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: InboxState,
}

/// Where an incoming message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxState {
    /// To be processed.
    New,
    /// Processed.
    Done,
    /// Matched nothing yet; kept, and tried again.
    Parked,
}

impl InboxState {
    /// Stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

/// Sums over everything of a tenant, for the demo's table and the overview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sum of all ledger entries per currency. Always zero.
    pub ledger: Vec<(String, i64)>,
    /// Effects not finished yet, by kind.
    pub open_effects: Vec<(String, u64)>,
}

/// The store.
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads a slice. Missing entities are `None`.
    async fn load(&self, key: &CallKey) -> Result<Slice, Fault>;

    /// The answer remembered for a caller's key, if there is one.
    async fn answer(&self, tenant: TenantId, key: &str) -> Result<Option<StoredAnswer>, Fault>;

    /// Both at once, the answer read first: most calls from outside need them, and a database gives them in one look.
    async fn load_unanswered(&self, key: &CallKey, tenant: TenantId, name: &str) -> Result<Loaded, Fault> {
        match self.answer(tenant, name).await? {
            Some(stored) => Ok(Loaded::Answered(stored)),
            None => Ok(Loaded::Slice(Box::new(self.load(key).await?))),
        }
    }

    /// Commits one change, durably, before it returns.
    async fn commit(&self, commit: Commit) -> Result<(), CommitError>;

    /// Marks a once-effect as being sent, by whoever has this claim. `false` when it is not ready (any more) and not marked
    /// with the same claim, or another node holds its bucket: then it must not be sent.
    async fn begin_sending(&self, effect: EffectId, at: Timestamp, claim: Claim) -> Result<bool, Fault>;

    /// Marks a repeatable effect as finished without any other change.
    async fn finish(&self, effect: EffectId) -> Result<(), Fault>;

    /// Puts a repeatable effect off.
    async fn postpone(&self, effect: EffectId, due_at: Timestamp) -> Result<(), Fault>;

    /// Effects that are ready and due at or before a moment, earliest first, at most `limit`. When there are more,
    /// each lender gets its share of the limit (its earliest ones), and what one leaves free goes to the others. As in the
    /// two below, those of buckets that this node holds.
    async fn due_effects(&self, until: Timestamp, limit: usize) -> Result<Vec<StoredEffect>, Fault>;

    /// Once-effects that were being sent when the process stopped.
    async fn interrupted(&self) -> Result<Vec<StoredEffect>, Fault>;

    /// Deliveries due at or before a moment whose predecessors about the same subject are no longer pending,
    /// earliest first, at most so many of one endpoint.
    async fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Result<Vec<Delivery>, Fault>;

    /// Writes down what became of a delivery.
    async fn delivered(&self, delivery: DeliveryId, outcome: Delivered, at: Timestamp) -> Result<(), Fault>;

    /// A webhook endpoint.
    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, Fault>;

    /// Switches an endpoint off (410 from the receiver).
    async fn disable_endpoint(&self, id: EndpointId) -> Result<(), Fault>;

    /// Stores an incoming message. `false` when it was there already.
    async fn receive(&self, row: InboxRow) -> Result<bool, Fault>;

    /// Incoming messages to be processed: new ones, and parked ones received after a moment.
    async fn inbox(&self, parked_after: Timestamp, limit: usize) -> Result<Vec<InboxRow>, Fault>;

    /// Writes down what became of an incoming message.
    async fn inbox_state(&self, id: InboxId, state: InboxState) -> Result<(), Fault>;
}
