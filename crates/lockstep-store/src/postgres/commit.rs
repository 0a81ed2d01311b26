//! Commits: entities with their events, ledger entries, answers, vault items, audit. Effects are next door.

use lockstep_core::audit::AuditEntry;
use lockstep_core::ledger::Entry;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Changed, Commit};

use super::batch::{Otherwise, Step};
use super::columns::columns;
use super::entities::Entities;
use super::failure::Failure;
use super::work::Work;
use super::{answers, row, vault};
use crate::commit_rules;
use crate::entity_key::{self, EntityKey};
use crate::event_body::encode_event;

columns!(NewEvent in Events { bucket: i32, entity_id: String, version: i64, at: i64, body: String });
const INSERT_EVENTS: &str = "INSERT INTO events (bucket, entity_id, version, at, body)
    SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
    ON CONFLICT DO NOTHING RETURNING entity_id || ' ' || version";

columns!(NewEntry in Ledger {
    bucket: i32, payment_id: String, place: i32, account: String, amount_minor: i64, currency: String, at: i64,
});
const INSERT_LEDGER: &str = "INSERT INTO ledger_entries
        (bucket, payment_id, line, account, amount_minor, currency, at)
    SELECT n.bucket, n.payment_id,
           n.place + (SELECT coalesce(max(l.line), 0) FROM ledger_entries l
                      WHERE l.bucket = n.bucket AND l.payment_id = n.payment_id),
           n.account, n.amount_minor, n.currency, n.at
    FROM unnest($1::int[], $2::text[], $3::int[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])
         AS n (bucket, payment_id, place, account, amount_minor, currency, at)";

columns!(NewAudit in Audit {
    bucket: i32, id: String, tenant: String, at: i64, who: String, action: String, subject: String, outcome: String,
});
/// Also for the changes that are made outside of batches.
pub(super) const INSERT_AUDIT: &str =
    "INSERT INTO audit (bucket, id, tenant, at, who, action, subject, outcome)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                         $8::text[])
    ON CONFLICT DO NOTHING RETURNING id";

/// Whether a commit looks as it has to. Before it is queued: what is wrong with it is nobody else's matter.
pub(super) fn check(commit: &Commit) -> Result<(), Failure> {
    commit_rules::check(commit).map(drop).map_err(Failure::Refused)
}

/// The statements for all commits of a batch, races first.
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) -> Result<(), Failure> {
    let mut entities = Entities::new();
    let (mut told, mut events) = (Step::new(INSERT_EVENTS), Events::default());
    let (mut ledger, mut audited, mut audit) = (Ledger::default(), Step::new(INSERT_AUDIT), Audit::default());
    for (place, commit) in commits(works) {
        let at = commit_rules::check(commit).map_err(Failure::Refused)?;
        for changed in &commit.changes {
            entities.add(changed, place)?;
            let key = entity_key::of(&changed.state);
            for version in changed.base_version + 1..=changed.base_version + changed.events.len() as u64 {
                told.expect(format!("{} {version}", key.text), place, Otherwise::Conflict("version"));
            }
            add_events(changed, &key, at, &mut events)?;
        }
        add_entries(&commit.entries, at, &mut ledger);
        if let Some(entry) = &commit.audit {
            audited.expect(entry.id.to_string(), place, Otherwise::Conflict("audit entry"));
            audit.push(new_audit(entry)?);
        }
    }
    entities.into_steps(steps);
    vault::steps(works, steps);
    answers::steps(works, steps);
    steps.push(told.with(events));
    steps.push(Step::new(INSERT_LEDGER).with(ledger));
    steps.push(audited.with(audit));
    Ok(())
}

/// The commits of a batch with their places in it.
pub(super) fn commits<'a>(works: &'a [&Work]) -> impl Iterator<Item = (usize, &'a Commit)> {
    works.iter().enumerate().filter_map(|(place, work)| match work {
        Work::Commit(commit) => Some((place, commit.as_ref())),
        _ => None,
    })
}

fn add_events(changed: &Changed, key: &EntityKey, at: Timestamp, events: &mut Events) -> Result<(), Failure> {
    for (event, version) in changed.events.iter().zip(changed.base_version + 1..) {
        events.push(NewEvent {
            bucket: row::bucket(key.bucket),
            entity_id: key.text.clone(),
            version: row::count(version)?,
            at: at.as_millis(),
            body: encode_event(event)?,
        });
    }
    Ok(())
}

fn add_entries(entries: &[Entry], at: Timestamp, ledger: &mut Ledger) {
    for (number, entry) in (1..).zip(entries) {
        ledger.push(NewEntry {
            bucket: row::bucket(entry.payment.bucket()),
            payment_id: entry.payment.to_string(),
            place: number,
            account: entry.account.clone(),
            amount_minor: entry.amount_minor,
            currency: entry.currency.code().to_owned(),
            at: at.as_millis(),
        });
    }
}

fn new_audit(entry: &AuditEntry) -> Result<NewAudit, Failure> {
    Ok(NewAudit {
        bucket: row::bucket(entry.id.bucket()),
        id: entry.id.to_string(),
        tenant: entry.tenant.to_string(),
        at: entry.at.as_millis(),
        who: serde_json::to_string(&entry.who)?,
        action: entry.action.clone(),
        subject: entry.subject.clone(),
        outcome: entry.outcome.clone(),
    })
}

/// Columns of one audit entry.
pub(super) fn audit_of(entry: &AuditEntry) -> Result<impl super::columns::Columns, Failure> {
    let mut audit = Audit::default();
    audit.push(new_audit(entry)?);
    Ok(audit)
}
