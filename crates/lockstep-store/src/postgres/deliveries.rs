//! Deliveries: one notice to one webhook endpoint. Those about one subject go out in the order of its versions.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::{Object, Transaction};
use futures::future::try_join_all;
use lockstep_core::effect::Effect;
use lockstep_core::id::{DeliveryId, EndpointId, NoticeId, TenantId};
use lockstep_core::notice::Notice;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Delivered, Delivery};
use tokio_postgres::Row;

use super::batch::{AsNode, Step};
use super::columns::columns;
use super::commit;
use super::failure::Failure;
use super::groups::{self, Groups};
use super::row::{self, Found};
use super::work::Work;
use crate::delivery_id;

columns!(NewDelivery in Deliveries {
    bucket: i32, id: String, message: String, endpoint_id: String, tenant: String, subject_id: String, version: i64,
    notice: String, due_at: i64, created_at: i64,
});
const INSERT: &str = "INSERT INTO deliveries
        (bucket, id, message, endpoint_id, tenant, subject_id, version, notice, tries, due_at, created_at, updated_at,
         state)
    SELECT n.bucket, n.id, n.message, n.endpoint_id, n.tenant, n.subject_id, n.version, n.notice, 0, n.due_at,
           n.created_at, n.created_at, 'pending'
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                $9::bigint[], $10::bigint[])
         AS n (bucket, id, message, endpoint_id, tenant, subject_id, version, notice, due_at, created_at)";

columns!(Ended in Outcomes {
    bucket: i32, id: String, state: String, due_at: Option<i64>, status: Option<i32>, at: i64,
});
/// Says nothing about a delivery that isn't pending any more. The word is hidden in a subquery, or the server might look
/// for the row among all that are pending instead of by its key.
const OUTCOME: &str = "UPDATE deliveries d
    SET state = n.state, due_at = coalesce(n.due_at, d.due_at), last_status = n.status, tries = d.tries + 1,
        updated_at = n.at
    FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::bigint[])
         AS n (bucket, id, state, due_at, status, at)
    WHERE d.bucket = n.bucket AND d.id = n.id AND d.state = (SELECT 'pending')";

/// Endpoints in use of some lenders, with what each wants to hear of.
pub(super) const ENDPOINTS: &str = "SELECT id, tenant, kinds FROM endpoints
    WHERE tenant = ANY ($1) AND enabled ORDER BY created_at, id";

/// Lenders that something is to be told to.
pub(super) fn tenants(works: &[&Work]) -> Vec<String> {
    let tenants: BTreeSet<TenantId> = notices(works).map(|(_, notice, ..)| notice.tenant).collect();
    tenants.into_iter().map(|tenant| tenant.to_string()).collect()
}

fn notices<'a>(works: &'a [&Work]) -> impl Iterator<Item = (NoticeId, &'a Notice, Timestamp, Timestamp)> {
    commit::commits(works).flat_map(|(_, commit)| {
        let at = commit.at.or(commit.audit.as_ref().map(|entry| entry.at));
        commit.effects.iter().filter_map(move |planned| match &planned.effect {
            Effect::Notify { id, notice } => {
                Some((*id, notice, planned.due_at, at.unwrap_or(planned.due_at)))
            }
            _ => None,
        })
    })
}

/// One delivery of each notice for each endpoint of its lender that wants it.
pub(super) fn fan_out(works: &[&Work], endpoints: &[Row]) -> Result<Step, Failure> {
    let mut wanting: BTreeMap<String, Vec<(EndpointId, Vec<String>)>> = BTreeMap::new();
    for found in endpoints {
        wanting.entry(row::get(found, 1)?).or_default().push((row::id(found, 0)?, row::json(found, 2)?));
    }
    let mut deliveries = Deliveries::default();
    for (id, notice, due_at, at) in notices(works) {
        let tenant = notice.tenant.to_string();
        let wanted = wanting.get(&tenant).into_iter().flatten();
        let wanted = wanted.filter(|(_, kinds)| kinds.is_empty() || kinds.contains(&notice.kind));
        for (endpoint, _) in wanted {
            let delivery = delivery_id::of(id, *endpoint, notice.at);
            deliveries.push(NewDelivery {
                bucket: row::bucket(delivery.bucket()),
                id: delivery.to_string(),
                message: id.to_string(),
                endpoint_id: endpoint.to_string(),
                tenant: tenant.clone(),
                subject_id: notice.subject.id(),
                version: row::count(notice.version)?,
                notice: serde_json::to_string(notice)?,
                due_at: due_at.as_millis(),
                created_at: at.as_millis(),
            });
        }
    }
    Ok(Step::new(INSERT).with(deliveries))
}

/// The outcomes of a batch.
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) {
    let mut outcomes = Outcomes::default();
    for work in works {
        let Work::Delivered { delivery, outcome, at } = work else { continue };
        let (state, due_at, status) = match *outcome {
            Delivered::Done => ("delivered", None, None),
            Delivered::Retry { due_at, status } => ("pending", Some(due_at.as_millis()), status),
            Delivered::Dead { status } => ("dead", None, status),
        };
        outcomes.push(Ended {
            bucket: row::bucket(delivery.bucket()),
            id: delivery.to_string(),
            state: state.to_owned(),
            due_at,
            status: status.map(i32::from),
            at: at.as_millis(),
        });
    }
    steps.push(Step::new(OUTCOME).with(outcomes));
}

/// Pending and due, and no earlier one about the same subject to the same endpoint is pending; the first
/// `per_endpoint` of each endpoint, earliest first.
pub(super) async fn due(
    client: &Object,
    AsNode { groups, number }: AsNode<'_>,
    until: Timestamp,
    limit: usize,
    per_endpoint: usize,
) -> Result<Found<Delivery>, Failure> {
    let share = i64::try_from(per_endpoint).unwrap_or(i64::MAX);
    let mut found = Found::new();
    if groups.are_distributed() {
        let rows = due_anywhere(client, groups, (until.as_millis(), share, number)).await?;
        found.fill(&first_of_each(rows, per_endpoint)?, limit, read)?;
        return Ok(found);
    }
    let statement = client.prepare_cached(DUE).await?;
    found.fill(&client.query(&statement, &[&until.as_millis(), &share, &number]).await?, limit, read)?;
    Ok(found)
}

/// Asks all groups at once.
async fn due_anywhere(
    client: &Object,
    groups: &Groups,
    (until, share, number): (i64, i64, i64),
) -> Result<Vec<Row>, Failure> {
    let statement = client.prepare_cached(&due_of_group()).await?;
    let asked = groups
        .all()
        .iter()
        .map(async |buckets| client.query(&statement, &[&until, &share, &number, buckets]).await);
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// The first ones of each endpoint, earliest first.
fn first_of_each(rows: Vec<Row>, per_endpoint: usize) -> Result<Vec<Row>, Failure> {
    let mut sorted = BTreeMap::new();
    for found in rows {
        sorted.insert((row::get::<i64>(&found, 7)?, row::get::<String>(&found, 0)?), found);
    }
    let (mut first, mut taken) = (Vec::new(), BTreeMap::<String, usize>::new());
    for found in sorted.into_values() {
        let taken = taken.entry(row::get(&found, 3)?).or_default();
        *taken += 1;
        if *taken <= per_endpoint {
            first.push(found);
        }
    }
    Ok(first)
}

/// [`DUE`] of one group, its buckets in `$4`: a distributed database goes through an index step by step only within one shard.
/// Those about one subject are in one bucket.
pub(super) fn due_of_group() -> String {
    groups::of_one_group(DUE, &["state = 'pending'", "l.holder = $3"], 4)
}

/// From one endpoint with anything pending to the next through the index, and of each only its first: the cost goes with
/// the number of endpoints and not of deliveries. Both orders are those of an index, so there is one way to read each.
const DUE: &str = "WITH RECURSIVE waiting (endpoint) AS (
        (SELECT endpoint_id FROM deliveries WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.endpoint_id FROM deliveries d WHERE d.state = 'pending' AND d.endpoint_id > w.endpoint
                ORDER BY d.endpoint_id LIMIT 1)
        FROM waiting w WHERE w.endpoint IS NOT NULL
    )
    SELECT f.* FROM waiting w CROSS JOIN LATERAL (
        SELECT id, created_at, message, endpoint_id, tenant, notice, tries, due_at, state, last_status
        FROM deliveries d
        WHERE d.state = 'pending' AND d.endpoint_id = w.endpoint AND d.due_at <= $1
           AND EXISTS (SELECT 1 FROM leases l WHERE l.bucket = d.bucket AND l.holder = $3)
          AND d.version = (SELECT e.version FROM deliveries e
                           WHERE e.state = 'pending' AND e.endpoint_id = d.endpoint_id
                             AND e.subject_id = d.subject_id
                           ORDER BY e.version LIMIT 1)
        ORDER BY d.due_at, d.id LIMIT $2
    ) f
    ORDER BY f.due_at, f.id";

/// Sends a tenant's dead one again, from the first step of the ladder; whether there was one.
pub(super) async fn requeue(
    work: &Transaction<'_>,
    tenant: TenantId,
    id: DeliveryId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let sql = "UPDATE deliveries SET state = 'pending', tries = 0, due_at = $3, updated_at = $3
               WHERE bucket = $1 AND id = $2 AND tenant = $4 AND state = 'dead'";
    let bucket = row::bucket(id.bucket());
    Ok(work.execute(sql, &[&bucket, &id.to_string(), &at.as_millis(), &tenant.to_string()]).await? == 1)
}

/// A delivery, from all columns that it has in a fixed order (the two that lists begin with come first).
pub(super) fn read(found: &Row) -> Result<Delivery, Failure> {
    let status: Option<i32> = row::get(found, 9)?;
    Ok(Delivery {
        id: row::id(found, 0)?,
        created_at: row::moment(found, 1)?,
        message: row::get(found, 2)?,
        endpoint: row::id(found, 3)?,
        tenant: row::id(found, 4)?,
        notice: row::json(found, 5)?,
        tries: row::small(found, 6)?,
        due_at: row::moment(found, 7)?,
        state: row::get(found, 8)?,
        last_status: status.and_then(|status| u16::try_from(status).ok()),
    })
}
