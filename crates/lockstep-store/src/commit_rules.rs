//! What a commit has to look like, whichever database it goes to. The program above keeps these rules; they are checked
//! again because a mistake here would be money.

use std::collections::BTreeMap;

use lockstep_core::Event;
use lockstep_core::id::Bucket;
use lockstep_core::ledger::Entry;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Change, Changed, Commit};

use crate::entity_key;

/// Checks a commit and returns its moment, or says what is wrong with it.
pub(crate) fn check(commit: &Commit) -> Result<Timestamp, &'static str> {
    one_bucket(commit)?;
    balanced(&commit.entries)?;
    commit.changes.iter().try_for_each(counts_its_events)?;
    moment(commit)
}

/// A change of two buckets could not be one transaction once buckets live on different machines.
fn one_bucket(commit: &Commit) -> Result<(), &'static str> {
    let changed = commit.changes.iter().map(|changed| match &changed.state {
        Change::Borrower(borrower) => borrower.id.bucket(),
        Change::Binding(binding) => binding.id.bucket(),
        Change::Order(order) => order.id.bucket(),
        Change::Payment(payment) => payment.id.bucket(),
    });
    let entered = commit.entries.iter().map(|entry| entry.payment.bucket());
    let sealed = commit.sealed.iter().flat_map(|sealed| [sealed.borrower.bucket(), sealed.item.bucket()]);
    let mut buckets = changed.chain(entered).chain(sealed);
    match buckets.next() {
        Some(first) if buckets.any(|other| other != first) => Err("a change spans two buckets"),
        _ => Ok(()),
    }
}

/// Money is neither made nor lost: the entries of one change sum to zero in every currency.
fn balanced(entries: &[Entry]) -> Result<(), &'static str> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for entry in entries {
        if entry.amount_minor == 0 {
            return Err("a ledger entry of nothing");
        }
        *sums.entry(entry.currency.code()).or_default() += i128::from(entry.amount_minor);
    }
    if sums.values().all(|sum| *sum == 0) {
        Ok(())
    } else {
        Err("the ledger entries of a change do not sum to zero")
    }
}

fn moment(commit: &Commit) -> Result<Timestamp, &'static str> {
    let at = commit.at.or(commit.audit.as_ref().map(|entry| entry.at));
    at.ok_or("a change without a moment")
}

fn counts_its_events(changed: &Changed) -> Result<(), &'static str> {
    let version = match &changed.state {
        Change::Borrower(borrower) => borrower.version,
        Change::Binding(binding) => binding.version,
        Change::Order(order) => order.version,
        Change::Payment(payment) => payment.version,
    };
    if Some(version) != changed.base_version.checked_add(changed.events.len() as u64) {
        return Err("a version that does not count the events");
    }
    if !changed.events.iter().all(|event| concerns(event, &changed.state)) {
        return Err("an event of one kind for an entity of another");
    }
    Ok(())
}

fn concerns(event: &Event, state: &Change) -> bool {
    match event {
        Event::Borrower(_) => matches!(state, Change::Borrower(_)),
        Event::Binding(_) => matches!(state, Change::Binding(_)),
        Event::Order(_) => matches!(state, Change::Order(_)),
        Event::Payment(_) => matches!(state, Change::Payment(_)),
        Event::StandIn { binding, .. } => matches!(state, Change::Binding(one) if one.id == *binding),
    }
}

/// The bucket that a node has to hold for a change; `None` for an answer by itself, which any node may write.
pub(crate) fn owned(commit: &Commit) -> Option<Bucket> {
    (!is_answer_only(commit)).then(|| bucket_of(commit))
}

fn is_answer_only(commit: &Commit) -> bool {
    commit.changes.is_empty()
        && commit.effects.is_empty()
        && commit.done.is_none()
        && commit.sealed.is_empty()
}

/// The bucket that a change lives in.
pub(crate) fn bucket_of(commit: &Commit) -> Bucket {
    let changed = commit.changes.first().map(|changed| entity_key::of(&changed.state).bucket);
    changed
        .or(commit.done.map(|effect| effect.bucket()))
        .or(commit.sealed.first().map(|sealed| sealed.item.bucket()))
        .or(commit.effects.first().map(|effect| effect.id.bucket()))
        .or(commit.audit.as_ref().map(|entry| entry.id.bucket()))
        .unwrap_or(Bucket::of_tenant(""))
}
