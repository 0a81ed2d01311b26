//! What a run came to: counted from what is stored, not from what the run remembers.

use std::collections::BTreeMap;

use lockstep_core::catalogue::{Actor, Layer, Reason};
use lockstep_core::channel::ChannelBook;
use lockstep_core::diagnosis::{Diagnosis, diagnose};
use lockstep_core::id::TenantId;
use lockstep_core::payment::{AttemptState, Payment, PaymentEvent, PaymentStatus};
use lockstep_engine::port::{Fault, Queries};
use serde::Serialize;

use crate::drive::{Outcome, Started};

/// Where one order stands at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The money came in.
    Collected,
    /// It is still being tried, or its outcome is being asked.
    NotYet,
    /// Not without somebody doing something.
    Impossible,
}

impl Verdict {
    /// As written into files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::NotYet => "not_yet",
            Self::Impossible => "impossible",
        }
    }
}

/// One order at the end of a run.
pub struct OrderResult {
    /// What was started.
    pub started: Started,
    /// Where it stands.
    pub verdict: Verdict,
    /// The payment, if there is one.
    pub payment: Option<Payment>,
    /// The cause, when it isn't collected.
    pub cause: Option<Reason>,
    /// The payment's diagnosis.
    pub diagnosis: Option<Diagnosis>,
}

/// Counts of one row of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Orders.
    pub orders: u64,
    /// Collected.
    pub collected: u64,
    /// Still being tried.
    pub pending: u64,
    /// Not without somebody doing something.
    pub impossible: u64,
}

/// Counts of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ChannelCount {
    /// Attempts opened.
    pub attempts: u64,
    /// Attempts that moved money.
    pub moved: u64,
    /// Attempts that were declined.
    pub declined: u64,
    /// Attempts that never left or were found not to exist.
    pub not_executed: u64,
    /// Attempts whose outcome was unknown for some time.
    pub unknown_seen: u64,
    /// Attempts whose outcome is unknown now.
    pub unknown_open: u64,
}

/// Orders that are not collected, by cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseCount {
    /// The cause.
    pub cause: Reason,
    /// Where it sits.
    pub layer: Layer,
    /// Who acts.
    pub actor: Actor,
    /// Orders still being tried.
    pub pending: u64,
    /// Orders that need somebody.
    pub impossible: u64,
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Orders in the run.
    pub orders: u64,
    /// Collected.
    pub collected: u64,
    /// Still being tried, or being asked about.
    pub pending: u64,
    /// Not without somebody doing something.
    pub impossible: u64,
    /// Attempts whose outcome was unknown for some time.
    pub unknown_seen: u64,
    /// Of these, how many have found their end.
    pub unknown_resolved: u64,
    /// Attempts whose outcome is unknown now.
    pub unknown_open: u64,
    /// Attempts opened.
    pub attempts: u64,
    /// Payments that more than one attempt of moved money, by our own books.
    pub double_moves: u64,
    /// Amounts by currency: owed and collected, in minor units.
    pub money: BTreeMap<String, MoneyCount>,
    /// By issuing bank.
    pub by_issuer: BTreeMap<String, Count>,
    /// By channel.
    pub by_channel: BTreeMap<String, ChannelCount>,
    /// Not collected, by cause, most frequent first.
    pub by_cause: Vec<CauseCount>,
}

/// Amounts of one currency in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MoneyCount {
    /// What the payments asked for.
    pub asked_minor: i64,
    /// What came in.
    pub collected_minor: i64,
}

/// Looks every started order up.
///
/// # Errors
/// A [`Fault`] when the store can't be read.
pub async fn results(
    queries: &dyn Queries,
    tenant: TenantId,
    book: &ChannelBook,
    started: Vec<Started>,
) -> Result<Vec<OrderResult>, Fault> {
    let mut results = Vec::with_capacity(started.len());
    for started in started {
        let payment = match &started.outcome {
            Outcome::Payment(id) => queries.payment(tenant, *id).await?,
            _ => None,
        };
        results.push(result(started, payment, book));
    }
    Ok(results)
}

fn result(started: Started, payment: Option<Payment>, book: &ChannelBook) -> OrderResult {
    let diagnosis = payment.as_ref().map(|payment| diagnose(payment, book));
    let (verdict, cause) = match (&payment, &started.outcome) {
        (Some(payment), _) => match payment.status() {
            PaymentStatus::Succeeded => (Verdict::Collected, None),
            PaymentStatus::Waiting | PaymentStatus::Trying | PaymentStatus::Unknown => {
                (Verdict::NotYet, diagnosis.as_ref().map(|diagnosis| diagnosis.cause))
            }
            PaymentStatus::Failed | PaymentStatus::Cancelled => {
                (Verdict::Impossible, diagnosis.as_ref().map(|diagnosis| diagnosis.cause))
            }
        },
        (None, Outcome::Collected) => (Verdict::Collected, None),
        (None, Outcome::NotBound { reason }) => (Verdict::Impossible, Some(*reason)),
        (None, Outcome::NeedsBorrower { reason }) => (Verdict::NotYet, Some(*reason)),
        (None, Outcome::Payment(_) | Outcome::Refused(_) | Outcome::Differs) => (Verdict::Impossible, None),
    };
    OrderResult { started, verdict, payment, cause, diagnosis }
}

/// Counts results.
pub fn count(results: &[OrderResult], unknown_seen: &BTreeMap<String, u64>) -> Figures {
    let mut figures = Figures::default();
    let mut causes: BTreeMap<Reason, (u64, u64)> = BTreeMap::new();
    for result in results {
        let issuer = result.started.issuer.clone().unwrap_or_else(|| "?".to_owned());
        let count = figures.by_issuer.entry(issuer).or_default();
        count.orders += 1;
        figures.orders += 1;
        match result.verdict {
            Verdict::Collected => {
                count.collected += 1;
                figures.collected += 1;
            }
            Verdict::NotYet => {
                count.pending += 1;
                figures.pending += 1;
            }
            Verdict::Impossible => {
                count.impossible += 1;
                figures.impossible += 1;
            }
        }
        if result.verdict != Verdict::Collected {
            let slot = causes.entry(result.cause.unwrap_or(Reason::UnknownReason)).or_default();
            match result.verdict {
                Verdict::NotYet => slot.0 += 1,
                Verdict::Collected | Verdict::Impossible => slot.1 += 1,
            }
        }
        if let Some(payment) = &result.payment {
            figures.add_payment(payment);
        }
    }
    for (channel, seen) in unknown_seen {
        figures.by_channel.entry(channel.clone()).or_default().unknown_seen = *seen;
        figures.unknown_seen += seen;
    }
    figures.unknown_resolved = figures.unknown_seen.saturating_sub(figures.unknown_open);
    figures.by_cause = causes
        .into_iter()
        .map(|(cause, (pending, impossible))| {
            let entry = cause.entry();
            CauseCount { cause, layer: entry.layer, actor: entry.actor, pending, impossible }
        })
        .collect();
    figures.by_cause.sort_by_key(|row| std::cmp::Reverse((row.pending + row.impossible, row.cause)));
    figures
}

impl Figures {
    fn add_payment(&mut self, payment: &Payment) {
        let money = self.money.entry(payment.money.currency.code().to_owned()).or_default();
        money.asked_minor += payment.money.amount_minor;
        let mut moved = 0_u64;
        for attempt in &payment.attempts {
            let channel = self.by_channel.entry(attempt.channel.to_string()).or_default();
            channel.attempts += 1;
            self.attempts += 1;
            match &attempt.state {
                AttemptState::Succeeded { .. } => {
                    channel.moved += 1;
                    moved += 1;
                    money.collected_minor += payment.money.amount_minor;
                }
                AttemptState::Failed { code: Some(_), .. } => channel.declined += 1,
                AttemptState::Failed { code: None, .. } => channel.not_executed += 1,
                AttemptState::Unknown { .. } => {
                    channel.unknown_open += 1;
                    self.unknown_open += 1;
                }
                AttemptState::Sending => {}
            }
        }
        if moved > 1 {
            self.double_moves += 1;
        }
    }
}

/// Counts, per channel, the attempts whose outcome was unknown for some time, from the payments' history.
///
/// # Errors
/// A [`Fault`] when the store can't be read.
pub async fn unknown_seen(
    queries: &dyn Queries,
    results: &[OrderResult],
) -> Result<BTreeMap<String, u64>, Fault> {
    let mut seen = BTreeMap::new();
    for payment in results.iter().filter_map(|result| result.payment.as_ref()) {
        for row in queries.timeline(payment.tenant, &payment.id.to_string(), 1000).await? {
            let Ok(event) = serde_json::from_str::<StoredEvent>(&row.body) else {
                continue;
            };
            // "Accepted, processing" is how some channels answer; not knowing is something else.
            if let PaymentEvent::AttemptUnknown { number, reason, .. } = event.event
                && reason != Reason::ChannelProcessing
                && let Some(attempt) = payment.attempt(number)
            {
                *seen.entry(attempt.channel.to_string()).or_default() += 1;
            }
        }
    }
    Ok(seen)
}

#[derive(serde::Deserialize)]
struct StoredEvent {
    event: PaymentEvent,
}
