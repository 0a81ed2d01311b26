//! Effects: what has to be done in the world, written with the events that caused it. A finished one is deleted.

use std::collections::BTreeSet;

use deadpool_postgres::Object;
use futures::future::try_join_all;
use lockstep_core::effect::{Delivery, Effect};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::StoredEffect;
use tokio_postgres::Row;

use super::batch::{Otherwise, Step};
use super::columns::{KeyRow, Keys, columns};
use super::commit;
use super::failure::Failure;
use super::groups::{self, Groups};
use super::row::{self, Found};
use super::work::Work;

columns!(NewEffect in Effects {
    bucket: i32, id: String, kind: String, delivery: String, due_at: i64, tenant: String, body: String,
});
const INSERT: &str = "INSERT INTO effects (bucket, id, kind, delivery, state, due_at, tenant, body)
    SELECT n.bucket, n.id, n.kind, n.delivery, 'ready', n.due_at, n.tenant, n.body
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
         AS n (bucket, id, kind, delivery, due_at, tenant, body)
    ON CONFLICT DO NOTHING RETURNING id";

/// Ends effects by their answers. An answer that comes twice finds nothing to end.
const DONE: &str = "DELETE FROM effects e USING unnest($1::int[], $2::text[]) AS n (bucket, id)
    WHERE e.bucket = n.bucket AND e.id = n.id RETURNING e.id";

columns!(Begun in Beginnings { bucket: i32, id: String, at: i64, claim: i64 });
/// `ready` → `sending`; whether it is marked with this claim now. The words are hidden in subqueries, or the server might look
/// for the row among all that are ready instead of by its key.
const BEGIN: &str = "UPDATE effects e SET state = 'sending', sending_at = n.at, claim = n.claim
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) AS n (bucket, id, at, claim)
    WHERE e.bucket = n.bucket AND e.id = n.id AND (e.state = (SELECT 'ready') OR e.claim = n.claim) RETURNING e.id";

const FINISH: &str = "DELETE FROM effects e USING unnest($1::int[], $2::text[]) AS n (bucket, id)
    WHERE e.bucket = n.bucket AND e.id = n.id AND e.delivery = 'repeatable'";
/// One that may be done only once ends by its answer alone.
const STILL_THERE: &str = "SELECT e.id FROM effects e JOIN unnest($1::int[], $2::text[]) AS n (bucket, id)
    ON e.bucket = n.bucket AND e.id = n.id";

columns!(PutOff in Postponed { bucket: i32, id: String, due_at: i64 });
const POSTPONE: &str = "UPDATE effects e SET due_at = n.due_at
    FROM unnest($1::int[], $2::text[], $3::bigint[]) AS n (bucket, id, due_at)
    WHERE e.bucket = n.bucket AND e.id = n.id AND e.state = (SELECT 'ready')";

/// The statements for the effects of a batch.
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) {
    let (mut done, mut done_keys) = (Step::new(DONE), Keys::default());
    let (mut begin, mut beginnings) = (Step::new(BEGIN), Beginnings::default());
    let (mut there, mut finished, mut asked) = (Step::new(STILL_THERE), Keys::default(), Keys::default());
    let mut postponed = Postponed::default();
    for (place, work) in works.iter().enumerate() {
        match work {
            Work::Commit(commit) => {
                if let Some(effect) = commit.done {
                    done.expect(effect.to_string(), place, Otherwise::AlreadyDone);
                    done_keys.push(KeyRow { bucket: row::bucket(effect.bucket()), id: effect.to_string() });
                }
            }
            Work::BeginSending { effect, at, claim } => {
                begin.expect(effect.to_string(), place, Otherwise::No);
                let (bucket, id) = (row::bucket(effect.bucket()), effect.to_string());
                beginnings.push(Begun { bucket, id, at: at.as_millis(), claim: claim.0 });
            }
            Work::Finish(effect) => {
                let why = "an effect that is done only once ends by its answer";
                there.expect(effect.to_string(), place, Otherwise::Refused(why));
                let bucket = row::bucket(effect.bucket());
                finished.push(KeyRow { bucket, id: effect.to_string() });
                asked.push(KeyRow { bucket, id: effect.to_string() });
            }
            Work::Postpone { effect, due_at } => {
                let (bucket, id) = (row::bucket(effect.bucket()), effect.to_string());
                postponed.push(PutOff { bucket, id, due_at: due_at.as_millis() });
            }
            Work::Delivered { .. } | Work::Receive(_) | Work::InboxState { .. } => {}
        }
    }
    steps.push(done.with(done_keys));
    steps.push(begin.with(beginnings));
    steps.push(Step::new(FINISH).with(finished));
    steps.push(there.with(asked));
    steps.push(Step::new(POSTPONE).with(postponed));
}

/// The new effects of the commits of a batch. Notices become deliveries instead.
pub(super) fn plan(works: &[&Work], steps: &mut Vec<Step>) -> Result<(), Failure> {
    let (mut step, mut effects) = (Step::new(INSERT), Effects::default());
    for (place, commit) in commit::commits(works) {
        for planned in &commit.effects {
            if matches!(planned.effect, Effect::Notify { .. }) {
                continue;
            }
            let id = planned.id.to_string();
            step.expect(id.clone(), place, Otherwise::Conflict("effect"));
            effects.push(new_effect(id, planned)?);
        }
    }
    steps.push(step.with(effects));
    Ok(())
}

fn new_effect(id: String, planned: &StoredEffect) -> Result<NewEffect, Failure> {
    let delivery = match planned.effect.delivery() {
        Delivery::Once => "once",
        Delivery::Repeatable => "repeatable",
    };
    Ok(NewEffect {
        bucket: row::bucket(planned.id.bucket()),
        id,
        kind: planned.effect.kind().to_owned(),
        delivery: delivery.to_owned(),
        due_at: planned.due_at.as_millis(),
        tenant: planned.tenant.to_string(),
        body: serde_json::to_string(&planned.effect)?,
    })
}

/// Ready and due, earliest first; a fair share of the limit for each lender when there are more.
pub(super) async fn due(
    client: &Object,
    groups: &Groups,
    node: i64,
    until: Timestamp,
    limit: usize,
) -> Result<Found<StoredEffect>, Failure> {
    let tenants = match groups.are_distributed() {
        true => tenants_with_work_anywhere(client, groups).await?,
        false => tenants_with_work(client).await?,
    };
    let mut found = Found::new();
    // What one leaves free goes to those after it.
    for (number, tenant) in tenants.iter().enumerate() {
        let share = (limit - found.rows.len()).div_ceil(tenants.len() - number);
        due_of(client, node, tenant, until, share, &mut found).await?;
    }
    found.rows.sort_by_key(|stored| (stored.due_at, stored.id));
    Ok(found)
}

/// Page after page until enough can be read, so unreadable ones take nobody's place.
async fn due_of(
    client: &Object,
    node: i64,
    tenant: &str,
    until: Timestamp,
    share: usize,
    found: &mut Found<StoredEffect>,
) -> Result<(), Failure> {
    let sql = "SELECT id, due_at, tenant, body FROM effects e
               WHERE state = 'ready' AND tenant = $1 AND due_at <= $2 AND (due_at, id) > ($3, $4)
                 AND EXISTS (SELECT 1 FROM leases l WHERE l.bucket = e.bucket AND l.holder = $6)
               ORDER BY due_at, id LIMIT $5";
    let statement = client.prepare_cached(sql).await?;
    let enough = found.rows.len() + share;
    let (mut at, mut id) = (i64::MIN, String::new());
    while found.rows.len() < enough {
        let limit = i64::try_from(enough - found.rows.len()).unwrap_or(i64::MAX);
        let rows = client.query(&statement, &[&tenant, &until.as_millis(), &at, &id, &limit, &node]).await?;
        let Some(last) = rows.last() else { break };
        (id, at) = (row::get(last, 0)?, row::get(last, 1)?);
        found.fill(&rows, enough, read)?;
    }
    Ok(())
}

/// Lenders with anything ready: from one to the next through the index, so that the cost goes with the number of
/// lenders and not of effects.
const TENANTS_WITH_WORK: &str = "WITH RECURSIVE working (tenant) AS (
        (SELECT tenant FROM effects WHERE state = 'ready' ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT e.tenant FROM effects e WHERE e.state = 'ready' AND e.tenant > w.tenant
                ORDER BY e.tenant LIMIT 1)
        FROM working w WHERE w.tenant IS NOT NULL
    )
    SELECT tenant FROM working WHERE tenant IS NOT NULL";

async fn tenants_with_work(client: &Object) -> Result<Vec<String>, Failure> {
    let statement = client.prepare_cached(TENANTS_WITH_WORK).await?;
    row::all(&client.query(&statement, &[]).await?, |found| row::get(found, 0))
}

/// [`TENANTS_WITH_WORK`] of one group, its buckets in `$1`: a distributed database goes through an index step by step only
/// within one shard.
pub(super) fn tenants_with_work_of_group() -> String {
    groups::of_one_group(TENANTS_WITH_WORK, &["state = 'ready'"], 1)
}

/// Asks all groups at once.
async fn tenants_with_work_anywhere(client: &Object, groups: &Groups) -> Result<Vec<String>, Failure> {
    let statement = client.prepare_cached(&tenants_with_work_of_group()).await?;
    let asked = groups.all().iter().map(async |buckets| client.query(&statement, &[buckets]).await);
    let mut tenants = BTreeSet::new();
    for found in try_join_all(asked).await? {
        tenants.extend(row::all(&found, |found| row::get::<String>(found, 0))?);
    }
    Ok(tenants.into_iter().collect())
}

/// Being sent when the process stopped, or the node that held the bucket before.
pub(super) async fn interrupted(client: &Object, node: i64) -> Result<Found<StoredEffect>, Failure> {
    let sql = "SELECT e.id, e.due_at, e.tenant, e.body FROM effects e JOIN leases l ON l.bucket = e.bucket
               WHERE e.state = 'sending' AND l.holder = $1 ORDER BY e.id";
    let mut found = Found::new();
    found.fill(&client.query(sql, &[&node]).await?, usize::MAX, read)?;
    Ok(found)
}

fn read(found: &Row) -> Result<StoredEffect, Failure> {
    let (id, due_at) = (row::id(found, 0)?, row::moment(found, 1)?);
    Ok(StoredEffect { id, effect: row::json(found, 3)?, due_at, tenant: row::id(found, 2)? })
}

/// How many are open, by kind.
pub(super) const OPEN: &str = "SELECT kind, count(*) FROM effects GROUP BY kind ORDER BY kind";
