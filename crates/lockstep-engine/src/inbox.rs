//! Notices that channels send by themselves: stored first, acknowledged, then processed. What matches nothing
//! is parked, tried again, and visible.

use std::time::Duration;

use lockstep_core::audit::Who;
use lockstep_core::channel::ChannelId;
use lockstep_core::id::{Bucket, InboxId, Mint, PaymentId};
use lockstep_core::payment::{Payment, PaymentCommand, Refund, RefundCommand};
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Slice};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::execute::{Executed, Request};
use crate::health::{Heard, Span};
use crate::port::{CallKey, Fault, InboxRow, InboxState};

const SCAN_EVERY: Duration = Duration::from_secs(30);
/// In a fleet, messages arrive at any node and wait for the one that holds their bucket.
const SCAN_EVERY_IN_A_FLEET: Duration = Duration::from_secs(2);
/// A parked message is tried again for this long.
const PARKED_FOR: Duration = Duration::from_secs(7 * 86_400);
const AT_ONCE: usize = 256;

/// What a channel's notice says, after its signature and time were verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelNotice {
    /// From which channel.
    pub channel: ChannelId,
    /// The number under which the channel knows the attempt.
    pub order_no: String,
    /// Its response code.
    pub code: String,
    /// Its own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it says it moved, in minor units.
    pub amount_minor: Option<i64>,
}

/// A notice with the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// The channel's own id of the message.
    pub message_id: String,
    /// What it says.
    pub notice: ChannelNotice,
    /// As it came.
    pub raw: String,
}

impl Engine {
    /// Stores an incoming notice, durably. `false` when the same message was there already. Only after this
    /// returned may the channel be told that it arrived.
    ///
    /// # Errors
    /// A [`Fault`] when it could not be stored: the channel must be told to send it again.
    pub async fn receive(&self, incoming: &Incoming) -> Result<bool, Fault> {
        let ports = &self.inner.ports;
        let now = ports.clock.now();
        let bucket = match payment_of(&incoming.notice.order_no) {
            Some(payment) => payment.bucket(),
            None => Bucket::of_tenant(&incoming.message_id),
        };
        let row = InboxRow {
            id: InboxId::mint(&mut Mint::new(bucket, now, ports.seeds.draw())),
            channel: incoming.notice.channel.to_string(),
            message_id: incoming.message_id.clone(),
            body: serde_json::to_string(incoming)
                .map_err(|error| Fault::new("writing a notice down", error))?,
            received_at: now,
            state: InboxState::New,
        };
        let stored = match ports.store.receive(row).await {
            Err(_) if planted::is(Bug::AcknowledgedUnstored) => true,
            stored => stored?,
        };
        self.inner.hub.inbox_ready.notify_one();
        Ok(stored)
    }

    pub(crate) async fn read_inbox(&self, stop: impl Future<Output = ()> + Send + Unpin) {
        let clock = &self.inner.ports.clock;
        let mut stop = stop;
        let every = if self.inner.ports.fleet.is_some() { SCAN_EVERY_IN_A_FLEET } else { SCAN_EVERY };
        loop {
            let full = self.read_some().await;
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = std::future::ready(()), if full => {}
                () = self.inner.hub.inbox_ready.notified() => {}
                () = clock.sleep_until(clock.now().plus(every)) => {}
            }
        }
    }

    /// Processes what is there; `true` when there may be more at once.
    async fn read_some(&self) -> bool {
        let ports = &self.inner.ports;
        let rows = match ports.store.inbox(ports.clock.now().minus(PARKED_FOR), AT_ONCE).await {
            Ok(rows) => rows,
            Err(fault) => {
                tracing::error!(%fault, "could not read the inbox; trying again soon");
                return false;
            }
        };
        let fresh = rows.iter().filter(|row| row.state == InboxState::New).count();
        for row in rows {
            self.process(row).await;
        }
        fresh == AT_ONCE
    }

    async fn process(&self, row: InboxRow) {
        let state = match self.apply(&row).await {
            Ok(state) => state,
            Err(fault) => {
                // Parked, so that it stands in nobody's way; parked messages are tried again.
                tracing::error!(%fault, "could not process a notice; parked");
                if planted::is(Bug::ParkedCalledDone) { InboxState::Done } else { InboxState::Parked }
            }
        };
        if state == row.state && state == InboxState::New {
            return;
        }
        if let Err(fault) = self.inner.ports.store.inbox_state(row.id, state).await {
            tracing::error!(%fault, "could not write down what became of a notice; it will be processed again");
        }
    }

    async fn apply(&self, row: &InboxRow) -> Result<InboxState, Fault> {
        let Ok(incoming) = serde_json::from_str::<Incoming>(&row.body) else {
            return Ok(InboxState::Parked);
        };
        let Some(payment) = payment_of(&incoming.notice.order_no) else {
            return Ok(InboxState::Parked);
        };
        let key = CallKey::Payment(payment);
        let slice = self.inner.ports.store.load(&key).await?;
        let channel = incoming.notice.channel.clone();
        let Some(command) = slice.payment.and_then(|payment| command_of(&payment, incoming.notice)) else {
            return Ok(InboxState::Parked);
        };
        // Only what a notice says about a debit is news about the channel's health.
        let told = match &command {
            PaymentCommand::Noticed { attempt, code, .. } => Some((*attempt, code.clone())),
            _ => None,
        };
        let request = Request {
            tenant: None,
            who: Who::Channel { channel: channel.clone() },
            key,
            command: Command::Payment(command),
            idempotency: None,
            sealed: Vec::new(),
            done: None,
            asked_at: None,
        };
        let at = self.inner.ports.clock.now();
        let slice = match self.execute(request).await? {
            Executed::Elsewhere(_) => return Ok(row.state),
            executed => executed.slice(),
        };
        if let Some((attempt, code)) = told {
            let sent_at = sent_at(slice.as_ref(), attempt).unwrap_or(at);
            self.hear(&channel, slice.as_ref(), Span { sent_at, at }, &Heard::Notice { code: &code });
        }
        Ok(InboxState::Done)
    }
}

/// When the attempt that a notice is about was opened.
fn sent_at(slice: Option<&Slice>, attempt: u16) -> Option<Timestamp> {
    slice?.payment.as_ref()?.attempt(attempt).map(|attempt| attempt.opened_at)
}

/// The payment that an order number of ours is about.
fn payment_of(order_no: &str) -> Option<PaymentId> {
    let attempt = Payment::of_order_no(order_no).map(|(payment, _)| payment);
    attempt.or_else(|| Refund::of_order_no(order_no).map(|(payment, ..)| payment))
}

/// What a notice tells the payment, if it concerns an attempt or a refund that went to its channel.
fn command_of(payment: &Payment, notice: ChannelNotice) -> Option<PaymentCommand> {
    let ChannelNotice { channel, order_no, code, channel_ref, amount_minor } = notice;
    if let Some((_, attempt)) = Payment::of_order_no(&order_no) {
        payment.attempt(attempt).filter(|attempt| attempt.channel == channel)?;
        return Some(PaymentCommand::Noticed { attempt, channel, code, channel_ref, amount_minor });
    }
    let (_, refund, try_no) = Refund::of_order_no(&order_no)?;
    payment.refund(refund)?.try_of(try_no).filter(|one| one.channel == channel)?;
    let noticed = RefundCommand::Noticed { refund, try_no, channel, code, channel_ref, amount_minor };
    Some(PaymentCommand::Refund(noticed))
}
