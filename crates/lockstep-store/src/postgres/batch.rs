//! Many changes in one transaction of few statements.
//!
//! Every statement that can lose a race names, in what it returns, the rows that it won. A change that lost is taken out,
//! the transaction begins anew without it, and the others don't notice. Two exchanges with the server when nobody
//! loses: everything up to the races, then deliveries and `COMMIT`.

use std::collections::HashSet;
use std::time::Duration;

use deadpool_postgres::Object;
use futures::future::join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::columns::Columns;
use super::failure::Failure;
use super::groups::Groups;
use super::work::Work;
use super::{commit, deliveries, effects, inbox, leases, row};

/// A server that says nothing for so long is given up on; what it holds is rolled back when the connection closes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One statement for all rows of one kind.
pub(super) struct Step {
    sql: &'static str,
    columns: Box<dyn Columns>,
    expected: Vec<Expected>,
}

/// What has to be among the first columns that a statement returns.
struct Expected {
    key: String,
    /// The place of the change in the batch.
    work: usize,
    otherwise: Otherwise,
}

/// What it means when it isn't there, or, for `Refused`, when it is.
#[derive(Clone, Copy)]
pub(super) enum Otherwise {
    Conflict(&'static str),
    AlreadyDone,
    /// The node doesn't hold the bucket.
    Elsewhere,
    /// The change stands and answers "no".
    No,
    /// It must not be there.
    Refused(&'static str),
}

impl Step {
    pub(super) fn new(sql: &'static str) -> Self {
        Self { sql, columns: Box::new(super::columns::Keys::default()), expected: Vec::new() }
    }

    #[must_use]
    pub(super) fn with(mut self, columns: impl Columns + 'static) -> Self {
        self.columns = Box::new(columns);
        self
    }

    pub(super) fn expect(&mut self, key: String, work: usize, otherwise: Otherwise) {
        self.expected.push(Expected { key, work, otherwise });
    }

    async fn run(&self, client: &Object, statement: &Statement) -> Result<Vec<Row>, tokio_postgres::Error> {
        client.query(statement, &self.columns.values()).await
    }

    fn judge(&self, rows: &[Row], lost: &mut [Option<Failure>], no: &mut [bool]) -> Result<(), Failure> {
        if self.expected.is_empty() {
            return Ok(());
        }
        let returned: HashSet<&str> =
            rows.iter().map(|found| row::get(found, 0)).collect::<Result<_, _>>()?;
        for Expected { key, work, otherwise } in &self.expected {
            let failure = match (otherwise, returned.contains(key.as_str())) {
                (Otherwise::Conflict(what), false) => Failure::Conflict(what),
                (Otherwise::AlreadyDone, false) => Failure::AlreadyDone,
                (Otherwise::Elsewhere, false) => Failure::Elsewhere,
                (Otherwise::Refused(why), true) => Failure::Refused(why),
                (Otherwise::No, false) => {
                    no[*work] = true;
                    continue;
                }
                _ => continue,
            };
            // The first race that was lost is the one to tell: the others follow from it.
            lost[*work].get_or_insert(failure);
        }
        Ok(())
    }
}

/// What became of a batch.
pub(super) enum Ended {
    /// Each change has its own result; those that did not lose are durable.
    Committed(Vec<Result<bool, Failure>>),
    /// Nothing of it happened.
    Nothing(Failure),
    /// The connection was lost at `COMMIT`.
    InDoubt { marker: Marker, results: Vec<Result<bool, Failure>> },
}

/// The row by which a transaction can be found again.
#[derive(Clone)]
pub(super) struct Marker {
    pub(super) bucket: i32,
    pub(super) id: String,
}

const MARK: &str = "INSERT INTO batches (bucket, id, void) VALUES ($1, $2, FALSE)";

/// In whose name it is written, and where.
#[derive(Clone, Copy)]
pub(super) struct AsNode<'a> {
    pub(super) groups: &'a Groups,
    pub(super) number: i64,
}

/// Applies changes, none of which touches what another touches and whose buckets lie together, in the name of a node.
pub(super) async fn apply(
    client: &Object,
    node: AsNode<'_>,
    works: &[&Work],
    mut marker: impl FnMut() -> Marker,
) -> Ended {
    let mut results: Vec<Option<Result<bool, Failure>>> = works.iter().map(|_| None).collect();
    loop {
        let alive: Vec<usize> = (0..works.len()).filter(|place| results[*place].is_none()).collect();
        if alive.is_empty() {
            return Ended::Committed(results.into_iter().flatten().collect());
        }
        let chosen: Vec<&Work> = alive.iter().map(|place| works[*place]).collect();
        let marker = marker();
        let tried = tokio::time::timeout(PATIENCE, attempt(client, node, &chosen, &marker)).await;
        let races = match tried
            .unwrap_or_else(|_| Err(Failure::Unreachable("the server does not answer".to_owned())))
        {
            Ok(races) => races,
            Err(failure) => return Ended::Nothing(failure),
        };
        let lost = races.lost.iter().any(Option::is_some);
        if lost {
            if let Err(failure) = client.batch_execute("ROLLBACK").await {
                return Ended::Nothing(failure.into());
            }
            for (place, failure) in alive.iter().zip(races.lost) {
                results[*place] = failure.map(Err);
            }
            continue;
        }
        let ended = tokio::time::timeout(PATIENCE, finish(client, &chosen, &races.endpoints)).await;
        for (place, no) in alive.iter().zip(&races.no) {
            results[*place] = Some(Ok(!no));
        }
        let results = results.into_iter().flatten().collect();
        return match ended {
            Ok(Ok(())) => Ended::Committed(results),
            Ok(Err(failure)) if failure.is_an_answer() => Ended::Nothing(failure),
            Ok(Err(_)) | Err(_) => Ended::InDoubt { marker, results },
        };
    }
}

/// What the first exchange found out.
struct Races {
    lost: Vec<Option<Failure>>,
    no: Vec<bool>,
    endpoints: Vec<Row>,
}

async fn attempt(
    client: &Object,
    node: AsNode<'_>,
    works: &[&Work],
    marker: &Marker,
) -> Result<Races, Failure> {
    let mut steps = vec![leases::step(works, node.number)];
    effects::steps(works, &mut steps);
    inbox::steps(works, &mut steps);
    deliveries::steps(works, &mut steps);
    commit::steps(works, &mut steps)?;
    effects::plan(works, &mut steps)?;
    steps.retain(|step| !step.columns.is_empty());
    let mark = client.prepare_cached(MARK).await?;
    let wanting = client.prepare_cached(deliveries::ENDPOINTS).await?;
    let tenants = deliveries::tenants(works);
    let mut prepared: Vec<Statement> = Vec::with_capacity(steps.len());
    for step in &steps {
        prepared.push(client.prepare_cached(&node.groups.joined(step.sql)).await?);
    }
    // Polled in this order, they leave in this order, without waiting for one another.
    let wanted: [&(dyn ToSql + Sync); 1] = [&tenants];
    let name: [&(dyn ToSql + Sync); 2] = [&marker.bucket, &marker.id];
    let (begun, marked, found, endpoints) = futures::join!(
        client.batch_execute("BEGIN"),
        client.execute(&mark, &name),
        join_all(steps.iter().zip(&prepared).map(|(step, statement)| step.run(client, statement))),
        async {
            match tenants.is_empty() {
                true => Ok(Vec::new()),
                false => client.query(&wanting, &wanted).await,
            }
        },
    );
    begun?;
    marked?;
    let mut races = Races {
        lost: works.iter().map(|_| None).collect(),
        no: vec![false; works.len()],
        endpoints: Vec::new(),
    };
    for (step, rows) in steps.iter().zip(found) {
        step.judge(&rows?, &mut races.lost, &mut races.no)?;
    }
    races.endpoints = endpoints?;
    Ok(races)
}

/// Deliveries for whoever wants to hear of it, and the end.
async fn finish(client: &Object, works: &[&Work], endpoints: &[Row]) -> Result<(), Failure> {
    let step = deliveries::fan_out(works, endpoints)?;
    if step.columns.is_empty() {
        return Ok(client.batch_execute("COMMIT").await?);
    }
    let statement = client.prepare_cached(step.sql).await?;
    let values = step.columns.values();
    // A COMMIT after a failed statement is a rollback that calls itself a success.
    let (written, committed) =
        futures::join!(client.query(&statement, &values), client.batch_execute("COMMIT"));
    written?;
    Ok(committed?)
}

/// Finds out whether a transaction was committed. May be asked again when the answer itself was lost.
pub(super) async fn was_committed(client: &Object, marker: &Marker) -> Result<bool, Failure> {
    let name: [&(dyn ToSql + Sync); 2] = [&marker.bucket, &marker.id];
    let ask = async {
        let void = "INSERT INTO batches (bucket, id, void) VALUES ($1, $2, TRUE) ON CONFLICT DO NOTHING";
        client.execute(void, &name).await?;
        let found = client.query_one("SELECT void FROM batches WHERE bucket = $1 AND id = $2", &name).await?;
        Ok(!row::get::<bool>(&found, 0)?)
    };
    let silent = || Failure::Unreachable("the server does not answer".to_owned());
    tokio::time::timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err(silent()))
}
