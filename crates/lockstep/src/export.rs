//! `lockstep export`: what is stored, as files for other eyes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::sync::Arc;

use lockstep_core::id::{BindingId, TenantId};
use lockstep_core::money::Currency;
use lockstep_core::payment::route::Candidate;
use lockstep_core::payment::{Attempt, AttemptState, Payment, Purpose};
use lockstep_core::time::{Timestamp, Zone};
use lockstep_engine::port::{Directory, OwnedBy, Page, PaymentFilter, Queries};
use lockstep_store::{Database, PostgresStore, SqliteStore};

use crate::cli::{ExportAttemptsArgs, ExportCommand};
use crate::foundation::{StartProblem, configuration};
use crate::whole_file::replace;

/// Rows that are read at once.
const PAGE: usize = 200;

/// The columns that `lockstep replay` reads, and the reason in our own words.
const COLUMNS: [&str; 12] = [
    "time",
    "order",
    "borrower",
    "issuer",
    "channel",
    "amount",
    "currency",
    "success",
    "code",
    "reason",
    "propensity",
    "cost",
];

/// `lockstep export`
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
pub async fn export(command: &ExportCommand) -> Result<(), StartProblem> {
    match command {
        ExportCommand::Attempts(args) => attempts(args).await,
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
async fn attempts(args: &ExportAttemptsArgs) -> Result<(), StartProblem> {
    let config = configuration(&args.place)?;
    if config.data.database.is_none() && !config.data.file().exists() {
        let words =
            format!("there is no database in {}. Name its folder with --data", config.data.dir.display());
        return Err(StartProblem::Usage(words));
    }
    let from = args.from.as_deref().map(|text| day("--from", text, &args.tz)).transpose()?;
    let until = args.until.as_deref().map(|text| day("--until", text, &args.tz)).transpose()?;
    let store: Arc<dyn Database> = match &config.data.database {
        Some(server) => Arc::new(PostgresStore::open_beside(server.expose()).await?),
        None => Arc::new(SqliteStore::open_beside(config.data.file())?),
    };
    let tenant = lender(store.as_ref(), args.tenant.as_deref()).await?;
    let owner = OwnedBy { tenant, borrower: None };
    let filter = PaymentFilter { owner, order: None, status: None, from, until };
    let (text, count) = table(store.as_ref(), &filter).await?;
    let written = replace(&args.file, |file| file.write_all(&text));
    written.map_err(|error| StartProblem::File {
        path: args.file.clone(),
        problem: format!("can't be written: {error}"),
    })?;
    println!("{count} attempts written to {}", args.file.display());
    println!(
        "What other choices would have collected: lockstep replay {} --scheme auto",
        args.file.display()
    );
    Ok(())
}

/// The moment at which a day begins.
fn day(flag: &str, text: &str, zone: &str) -> Result<Timestamp, StartProblem> {
    let wrong = |what: String| StartProblem::Usage(format!("{flag}: {what}"));
    let zone =
        Zone::named(zone).ok_or_else(|| StartProblem::Usage(format!("--tz: there is no zone {zone:?}")))?;
    let date: jiff::civil::Date =
        text.parse().map_err(|_| wrong(format!("{text:?} is no day such as 2026-03-02")))?;
    Ok(zone.moment(date, 0))
}

/// The lender that was named, or the only one there is.
async fn lender(
    directory: &(impl Directory + ?Sized),
    named: Option<&str>,
) -> Result<TenantId, StartProblem> {
    let all = directory.tenants().await?;
    match (named, all.as_slice()) {
        (Some(text), _) => {
            let id: TenantId =
                text.parse().map_err(|error| StartProblem::Usage(format!("--tenant {error}")))?;
            let known = all.iter().any(|tenant| tenant.id == id);
            known
                .then_some(id)
                .ok_or_else(|| StartProblem::Usage(format!("there is no tenant {id}: lockstep tenant list")))
        }
        (None, [one]) => Ok(one.id),
        (None, []) => Err(StartProblem::Usage("there is no lender here yet".to_owned())),
        (None, _) => Err(StartProblem::Usage(
            "there are several lenders; name one with --tenant (lockstep tenant list)".to_owned(),
        )),
    }
}

/// The file and its number of rows: one for each attempt that has left or was given up, the newest payment first.
/// About 200 bytes of memory a row.
async fn table(
    store: &(impl Queries + ?Sized),
    filter: &PaymentFilter,
) -> Result<(Vec<u8>, usize), StartProblem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let unwritable = |error: String| StartProblem::Usage(format!("the rows can't be put into CSV: {error}"));
    writer.write_record(COLUMNS).map_err(|error| unwritable(error.to_string()))?;
    let mut count = 0;
    let mut issuers: BTreeMap<BindingId, String> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.payments(filter, &Page { after, limit: PAGE }).await?;
        for payment in &page.rows {
            for attempt in &payment.attempts {
                let binding = attempt.binding.unwrap_or(payment.binding);
                if let Entry::Vacant(unknown) = issuers.entry(binding) {
                    let known = store.binding(binding).await?;
                    let issuer = known.and_then(|binding| binding.instrument.issuer).unwrap_or_default();
                    unknown.insert(issuer);
                }
                if let Some(row) = row(payment, attempt, &issuers[&binding]) {
                    writer.write_record(row).map_err(|error| unwritable(error.to_string()))?;
                    count += 1;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            let text = writer.into_inner().map_err(|error| unwritable(error.to_string()))?;
            return Ok((text, count));
        }
    }
}

/// An attempt as a row; `None` for one that has not been sent, and for the deposits that prove an account.
fn row(payment: &Payment, attempt: &Attempt, issuer: &str) -> Option<[String; 12]> {
    let Purpose::Repayment { order } = payment.purpose else { return None };
    let (success, code, reason) = match &attempt.state {
        AttemptState::Sending => return None,
        AttemptState::Unknown { reason, .. } => ("unknown", "", reason.as_str()),
        AttemptState::Succeeded { .. } => ("success", "", ""),
        AttemptState::Failed { reason, code, .. } => {
            ("failed", code.as_deref().unwrap_or_default(), reason.as_str())
        }
    };
    let mine = |one: &&Candidate| one.channel == attempt.channel && one.binding == attempt.binding;
    let chosen = attempt.ranked.iter().find(mine);
    let share_ppm = chosen.map(|chosen| chosen.share_ppm).filter(|share| *share > 0);
    let cost = chosen.filter(|_| success == "success").map_or(0, |chosen| chosen.cost_milli_minor);
    let currency = payment.money.currency;
    Some([
        attempt.opened_at.to_rfc3339(),
        order.to_string(),
        payment.borrower.to_string(),
        issuer.to_owned(),
        attempt.channel.to_string(),
        decimal(payment.money.amount_minor.unsigned_abs(), u32::from(currency.exponent())),
        currency.code().to_owned(),
        success.to_owned(),
        code.to_owned(),
        reason.to_owned(),
        share_ppm.map(|share| decimal(u64::from(share), 6)).unwrap_or_default(),
        cost_in(currency, cost),
    ])
}

/// A price in 1/1000 of a minor unit, in units of the currency.
fn cost_in(currency: Currency, milli_minor: u64) -> String {
    decimal(milli_minor, u32::from(currency.exponent()) + 3)
}

/// A count of 10^-`places`, as a decimal.
fn decimal(count: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    match places {
        0 => count.to_string(),
        _ => format!("{}.{:0width$}", count / unit, count % unit, width = places as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_decimals() {
        assert_eq!(decimal(1_000_000, 6), "1.000000");
        assert_eq!(decimal(20_000, 6), "0.020000");
        assert_eq!(decimal(5, 0), "5");
        assert_eq!(cost_in(Currency::CNY, 72_000), "0.72000");
    }
}
