//! The book before and after: who pays, what lies there already, and whether everything adds up in the end.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use indicatif::{ProgressBar, ProgressDrawTarget};
use lockstep_core::id::{BindingId, BorrowerId, EndpointId, Mint, PaymentId, TenantId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::payment::PaymentStatus;
use lockstep_core::time::Timestamp;
use lockstep_engine::Engine;
use lockstep_engine::port::{
    Directory, Endpoint, Fault, OwnedBy, Page, PaymentFilter, Queries, Seeds, Tenant,
};
use lockstep_sim::people::{Dice, person};

use crate::bank;
use crate::bench::channel::AnyCode;
use crate::bench::server::channel_ids;
use crate::clock::SystemSeeds;
use crate::collect::input::{DueRow, FromWhat};
use crate::drive::Driver;
use crate::foundation::{Foundation, StartProblem};

/// Cards bound at once.
const AT_ONCE: usize = 64;
/// Rows made known at once: what waits in memory stays small.
const ROWS: u32 = 10_000;
/// How often the book is looked at while something settles.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a stored payment moves: 100.00.
const STORED_MINOR: i64 = 10_000;

/// The book of the one lender there is.
#[derive(Clone)]
pub struct Book {
    /// To read in it.
    pub queries: Arc<dyn Queries>,
    /// Whose it is.
    pub tenant: TenantId,
}

/// Drives the engine without HTTP.
pub fn driver(foundation: &Foundation, engine: &Engine, tenant: &Tenant) -> Driver {
    Driver {
        engine: engine.clone(),
        queries: foundation.store.clone(),
        shelf: foundation.store.clone(),
        vault: foundation.vault.clone(),
        codes: foundation.codes.clone(),
        tenant: tenant.clone(),
        borrowers: Some(Arc::new(AnyCode)),
        again: false,
    }
}

/// A borrower who pays: under which name, and from what.
pub struct Payer {
    reference: String,
    /// Who.
    pub borrower: BorrowerId,
    /// From what.
    pub binding: BindingId,
}

/// Binds a card for each of so many borrowers. Those that are bound already are found again.
///
/// # Errors
/// [`StartProblem`] when one can't be bound.
pub async fn bind(driver: &Driver, count: u32, seed: u64) -> Result<Vec<Payer>, StartProblem> {
    let mut dice = Dice::new(seed, "bench");
    let people: Vec<_> = (1..=count as usize).map(|number| person(&mut dice, number)).collect();
    let channels = channel_ids();
    let bar = progress("binding cards", count);
    let (bar, channels) = (&bar, &channels);
    let tasks = stream::iter(people).map(|person| async move {
        let reference = format!("{seed}-{}", person.reference);
        let (borrower, binding) = driver.bound(&reference, &bank::card(&person), channels).await?;
        bar.inc(1);
        let binding = binding
            .map_err(|outcome| StartProblem::Usage(format!("a card could not be bound: {outcome:?}")))?;
        Ok::<_, StartProblem>(Payer { reference, borrower, binding })
    });
    let bound: Vec<_> = tasks.buffered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    bound.into_iter().collect()
}

/// Collects so many payments without HTTP, and waits until all have settled.
///
/// # Errors
/// [`StartProblem`] when the database fails.
pub async fn fill(
    driver: &Driver,
    payers: &[Payer],
    count: u32,
    run: &str,
    now: Timestamp,
) -> Result<(), StartProblem> {
    if count == 0 {
        return Ok(());
    }
    let bar = progress("filling the book", count);
    for first in (0..count).step_by(ROWS as usize) {
        let numbers = first..count.min(first.saturating_add(ROWS));
        let rows = numbers.filter_map(|number| row(payers, number, run, now)).collect();
        driver.start_all(rows, |started| bar.inc(started as u64)).await?;
        settled(driver.queries.as_ref(), driver.tenant.id).await?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn row(payers: &[Payer], number: u32, run: &str, now: Timestamp) -> Option<DueRow> {
    let payer = payers.get(number as usize % payers.len().max(1))?;
    Some(DueRow {
        line: u64::from(number) + 1,
        order: format!("{run}-s-{number}"),
        borrower: payer.reference.clone(),
        instrument: FromWhat::Binding(payer.binding),
        channels: Vec::new(),
        money: Money::new(STORED_MINOR, Currency::CNY).ok()?,
        due_at: now,
    })
}

/// Waits until no payment is on its way.
async fn settled(queries: &dyn Queries, tenant: TenantId) -> Result<(), Fault> {
    for status in [PaymentStatus::Waiting, PaymentStatus::Trying, PaymentStatus::Unknown] {
        let owner = OwnedBy { tenant, borrower: None };
        let filter = PaymentFilter { owner, order: None, status: Some(status), from: None, until: None };
        while !queries.payments(&filter, &Page { after: None, limit: 1 }).await?.rows.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// Registers one webhook endpoint for everything, in the place of an earlier run's: what that one left undelivered
/// is not this run's work.
///
/// # Errors
/// A [`Fault`] of the database.
pub async fn endpoint(directory: &dyn Directory, tenant: TenantId, now: Timestamp) -> Result<(), Fault> {
    for left in directory.endpoints(tenant).await? {
        directory.remove_endpoint(tenant, left.id).await?;
    }
    let id = EndpointId::mint(&mut Mint::new(tenant.bucket(), now, SystemSeeds.draw()));
    let url = "https://receiver.invalid/".to_owned();
    let (secrets, kinds) = (Vec::new(), Vec::new());
    directory.put_endpoint(Endpoint { id, tenant, url, secrets, kinds, enabled: true, created_at: now }).await
}

/// What the book says in the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Payments that were accepted.
    pub accepted: u64,
    /// Those of them that are settled.
    pub settled: u64,
    /// Currencies whose ledger doesn't sum to zero, with the sum.
    pub unbalanced: Vec<(String, i64)>,
}

impl Verdict {
    /// What is wrong, if anything.
    pub fn complaint(&self) -> Option<String> {
        let Self { accepted, settled, unbalanced } = self;
        let sums: Vec<_> = unbalanced.iter().map(|(currency, sum)| format!("{sum} {currency}")).collect();
        match (accepted == settled, sums.is_empty()) {
            (true, true) => None,
            (false, _) => {
                Some(format!("the book doesn't add up: {accepted} payments accepted, {settled} settled"))
            }
            (true, false) => Some(format!("the ledger doesn't sum to zero: {}", sums.join(", "))),
        }
    }
}

/// Reads every accepted payment and sums up the ledger.
///
/// # Errors
/// A [`Fault`] of the database.
pub async fn read(book: &Book, accepted: &[PaymentId]) -> Result<Verdict, Fault> {
    let mut settled = 0;
    for id in accepted {
        let payment = book.queries.payment(book.tenant, *id).await?;
        settled += u64::from(payment.is_some_and(|payment| payment.status() == PaymentStatus::Succeeded));
    }
    let mut unbalanced = book.queries.totals().await?.ledger;
    unbalanced.retain(|(_, sum)| *sum != 0);
    Ok(Verdict { accepted: accepted.len() as u64, settled, unbalanced })
}

fn progress(what: &'static str, count: u32) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(count)).with_message(what);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_what_is_wrong() {
        let verdict = |settled, unbalanced: &[(&str, i64)]| {
            let unbalanced =
                unbalanced.iter().map(|(currency, sum)| ((*currency).to_owned(), *sum)).collect();
            Verdict { accepted: 300, settled, unbalanced }.complaint()
        };
        assert_eq!(verdict(300, &[]), None);
        assert!(verdict(299, &[]).unwrap().contains("300 payments accepted, 299 settled"));
        assert!(verdict(300, &[("CNY", 5)]).unwrap().contains("5 CNY"));
    }
}
