//! The load: clients that make an order and a payment for it, again and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use hdrhistogram::Histogram;
use lockstep_core::id::{BindingId, BorrowerId, PaymentId};
use lockstep_sim::people::Dice;
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::bench::client::{Broken, Client, Door};
use crate::bench::latency;
use crate::bench::settling::Settling;
use crate::clock::stopwatch;

/// Amounts are drawn between 10.00 and 1,000.00.
const LEAST_MINOR: u64 = 1_000;
const MOST_MINOR: u64 = 100_000;
/// A client that waits longer for its payment goes on without it; the reading of the book tells.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all clients share.
pub struct Plan {
    /// Where to call.
    pub door: Arc<Door>,
    /// Who pays, and from what.
    pub payers: Vec<(BorrowerId, BindingId)>,
    /// Payments to make.
    pub payments: u32,
    /// Payments to send per second; `None`: each client waits for its own.
    pub rate: Option<u32>,
    /// When the first one is sent.
    pub start: Instant,
    /// Makes the references of this run its own.
    pub run: String,
    /// When orders fall due, as sent.
    pub due_at: String,
    /// Seed of the amounts.
    pub seed: u64,
    /// Who knows what has settled.
    pub settling: Settling,
}

/// What the clients have seen.
pub struct Sent {
    /// Payments that were accepted.
    pub accepted: Vec<PaymentId>,
    /// Times of `POST /v1/payments`, in microseconds.
    pub times: Histogram<u64>,
    /// Calls that were not accepted, by HTTP status; `connection` for those without one.
    pub errors: BTreeMap<String, u64>,
}

/// Sends everything, with this many clients.
pub async fn send(plan: Plan, clients: u32) -> Sent {
    let (plan, next) = (Arc::new(plan), Arc::new(AtomicU32::new(0)));
    let mut working = JoinSet::new();
    for _ in 0..clients {
        working.spawn(work(plan.clone(), next.clone()));
    }
    let mut all = Sent::new();
    while let Some(sent) = working.join_next().await {
        if let Ok(sent) = sent {
            all.add(sent);
        }
    }
    all
}

async fn work(plan: Arc<Plan>, next: Arc<AtomicU32>) -> Sent {
    let mut client = Client::new(plan.door.clone());
    let mut sent = Sent::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.payments {
            return sent;
        }
        let late = match plan.rate {
            Some(rate) => wait_until(plan.start + due_after(number, rate)).await,
            None => Duration::ZERO,
        };
        match pay(&mut client, &plan, number).await {
            Ok((id, took)) => {
                latency::record(&mut sent.times, late + took);
                sent.accepted.push(id);
                let settled = plan.settling.accepted(id, stopwatch());
                if plan.rate.is_none() {
                    let _ = tokio::time::timeout(PATIENCE, settled).await;
                }
            }
            Err(why) => *sent.errors.entry(why).or_default() += 1,
        }
    }
}

/// When a payment is to be sent, counted from the start.
fn due_after(number: u32, rate: u32) -> Duration {
    let us = u64::from(number) * 1_000_000 / u64::from(rate.max(1));
    Duration::from_micros(us)
}

/// Waits for a moment, and says by how much it was missed. Leaving that out would hide every stall of the server that
/// held this client up.
async fn wait_until(moment: Instant) -> Duration {
    tokio::time::sleep_until(moment.into()).await;
    stopwatch().saturating_duration_since(moment)
}

/// An order and its payment. How long the payment's call took, or the status of the call that failed.
async fn pay(client: &mut Client, plan: &Plan, number: u32) -> Result<(PaymentId, Duration), String> {
    let (borrower, binding) = plan.payers[number as usize % plan.payers.len()];
    let (run, due_at, amount) = (&plan.run, &plan.due_at, amount(plan.seed, number));
    let body = format!(
        r#"{{"borrower_id":"{borrower}","reference":"{run}-{number}","amount_minor":{amount},"currency":"CNY","due_at":"{due_at}"}}"#
    );
    let order: String = made(client.post("/v1/orders", &format!("{run}-o-{number}"), body).await)?;
    let body = format!(r#"{{"order_id":"{order}","binding_id":"{binding}"}}"#);
    let sent_at = stopwatch();
    let answer = client.post("/v1/payments", &format!("{run}-p-{number}"), body).await;
    let took = sent_at.elapsed();
    Ok((made(answer)?, took))
}

/// Between the least and the most, the same for one seed and number.
fn amount(seed: u64, number: u32) -> u64 {
    let mut dice = Dice::new(seed ^ (u64::from(number) << 32), "amounts");
    LEAST_MINOR + dice.below(MOST_MINOR - LEAST_MINOR + 1)
}

#[derive(Deserialize)]
struct Made<T> {
    id: T,
}

fn made<T: for<'a> Deserialize<'a>>(
    answer: Result<(StatusCode, axum::body::Bytes), Broken>,
) -> Result<T, String> {
    let (status, body) = answer.map_err(|Broken| "connection".to_owned())?;
    if !status.is_success() {
        tracing::debug!(%status, problem = %String::from_utf8_lossy(&body), "not accepted");
        return Err(status.as_u16().to_string());
    }
    serde_json::from_slice::<Made<T>>(&body).map(|made| made.id).map_err(|_| "unreadable".to_owned())
}

impl Sent {
    fn new() -> Self {
        Self { accepted: Vec::new(), times: latency::histogram(), errors: BTreeMap::new() }
    }

    fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        for (why, count) in other.errors {
            *self.errors.entry(why).or_default() += count;
        }
        // It grows to what is added, so nothing is out of range.
        let _ = self.times.add(other.times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_due_evenly() {
        assert_eq!(due_after(0, 1000), Duration::ZERO);
        assert_eq!(due_after(1, 1000), Duration::from_millis(1));
        assert_eq!(due_after(30_000, 3), Duration::from_secs(10_000));
        assert_eq!(due_after(u32::MAX, 1), Duration::from_secs(u64::from(u32::MAX)));
    }

    #[test]
    fn amounts_repeat_and_stay_within_bounds() {
        for number in 0..200 {
            assert!((LEAST_MINOR..=MOST_MINOR).contains(&amount(7, number)));
            assert_eq!(amount(7, number), amount(7, number));
        }
        assert_ne!((amount(7, 0), amount(7, 1)), (amount(8, 0), amount(8, 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn lateness_counts_from_the_moment_it_was_to_be_sent() {
        let moment = stopwatch() - Duration::from_millis(250);
        assert!(wait_until(moment).await >= Duration::from_millis(250));
    }

    #[test]
    fn answers_are_told_apart() {
        let good = Ok((StatusCode::CREATED, axum::body::Bytes::from_static(br#"{"id":"ord_1","more":2}"#)));
        assert_eq!(made::<String>(good), Ok("ord_1".to_owned()));
        let refused = Ok((StatusCode::TOO_MANY_REQUESTS, axum::body::Bytes::new()));
        assert_eq!(made::<String>(refused), Err("429".to_owned()));
        assert_eq!(made::<String>(Err(Broken)), Err("connection".to_owned()));
        let odd = Ok((StatusCode::OK, axum::body::Bytes::from_static(b"<html>")));
        assert_eq!(made::<String>(odd), Err("unreadable".to_owned()));
    }

    #[test]
    fn what_clients_saw_adds_up() {
        let (mut all, mut one) = (Sent::new(), Sent::new());
        latency::record(&mut all.times, Duration::from_millis(1));
        latency::record(&mut one.times, Duration::from_millis(9));
        one.errors.insert("429".to_owned(), 2);
        all.add(one);
        assert_eq!((all.times.len(), all.errors["429"]), (2, 2));
        assert_eq!(latency::ms(all.times.max()).round(), 9.0);
    }
}
