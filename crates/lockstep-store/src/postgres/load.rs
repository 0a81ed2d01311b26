//! Loading slices: at most one entity of each kind. Each slice is one statement, and a statement sees the database as it
//! stood at one moment. The server's planner follows `b.bucket = p.bucket` to the bucket that `p` is given, which is how a
//! distributed one finds that one shard has all of it; into a subquery it doesn't, so a bucket is given there by itself.

use deadpool_postgres::Object;
use lockstep_core::Slice;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::decision::MAX_STAND_INS;
use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId};
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_engine::port::CallKey;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::Failure;
use super::row;

/// Instruments of the borrower of `b` that may stand in for it, as an array of states.
const STAND_INS: &str = "ARRAY(SELECT s.state FROM bindings s
           WHERE s.bucket = $1 AND s.borrower_id = b.borrower_id AND s.stand_in AND s.unbound_at IS NULL
             AND s.id <> b.id
           ORDER BY s.id LIMIT $3)";

type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The slice that a command needs.
pub(super) async fn slice(client: &Object, key: &CallKey) -> Result<Slice, Failure> {
    let bucket = row::bucket(key.bucket());
    match key {
        CallKey::BorrowerByReference { tenant, reference } => {
            let sql = "SELECT state FROM borrowers WHERE bucket = $1 AND tenant = $2 AND reference = $3";
            let borrower = state(client, sql, &[&bucket, &tenant.to_string(), reference]).await?;
            Ok(Slice { borrower, ..Slice::default() })
        }
        CallKey::Borrower(id) => Ok(Slice { borrower: borrower(client, *id).await?, ..Slice::default() }),
        CallKey::NewBinding { borrower, fingerprint } => {
            let sql = "SELECT p.state, b.state FROM borrowers p
                       LEFT JOIN bindings b ON b.bucket = p.bucket AND b.borrower_id = p.id
                                           AND b.fingerprint = $3 AND b.unbound_at IS NULL
                       WHERE p.bucket = $1 AND p.id = $2";
            let found = one(client, sql, &[&bucket, &borrower.to_string(), fingerprint]).await?;
            let Some(found) = found else { return Ok(Slice::default()) };
            let (borrower, binding) = (row::json_if_any(&found, 0)?, row::json_if_any(&found, 1)?);
            Ok(Slice { borrower, binding, ..Slice::default() })
        }
        CallKey::NewOrder { borrower, reference } => {
            let sql = "SELECT p.state, o.state FROM borrowers p
                       LEFT JOIN orders o ON o.bucket = p.bucket AND o.borrower_id = p.id AND o.reference = $3
                       WHERE p.bucket = $1 AND p.id = $2";
            let found = one(client, sql, &[&bucket, &borrower.to_string(), reference]).await?;
            let Some(found) = found else { return Ok(Slice::default()) };
            let (borrower, order) = (row::json_if_any(&found, 0)?, row::json_if_any(&found, 1)?);
            Ok(Slice { borrower, order, ..Slice::default() })
        }
        CallKey::Binding(id) => {
            let sql = "SELECT p.state, b.state FROM bindings b
                       LEFT JOIN borrowers p ON p.bucket = b.bucket AND p.id = b.borrower_id
                       WHERE b.bucket = $1 AND b.id = $2";
            let Some(found) = one(client, sql, &[&bucket, &id.to_string()]).await? else {
                return Ok(Slice::default());
            };
            let (borrower, binding) = (row::json_if_any(&found, 0)?, row::json_if_any(&found, 1)?);
            Ok(Slice { borrower, binding, ..Slice::default() })
        }
        CallKey::Order(id) => Ok(Slice { order: order(client, *id).await?, ..Slice::default() }),
        CallKey::Collect { order, binding } => collect(client, bucket, *order, *binding).await,
        CallKey::Payment(id) => of_payment(client, bucket, *id).await,
    }
}

async fn collect(client: &Object, bucket: i32, owed: OrderId, from: BindingId) -> Result<Slice, Failure> {
    // Of two borrowers, then: the rules refuse it, and no statement asks two shards.
    if from.bucket() != owed.bucket() {
        let (order, binding) = (order(client, owed).await?, binding(client, from).await?);
        return Ok(Slice { order, binding, ..Slice::default() });
    }
    // The two stand side by side without a row in common, so each is looked up by itself.
    let sql = format!(
        "SELECT (SELECT o.state FROM orders o WHERE o.bucket = $1 AND o.id = $4), b.state, {STAND_INS}
         FROM (SELECT 1) one LEFT JOIN bindings b ON b.bucket = $1 AND b.id = $2"
    );
    let values: Values<'_> = &[&bucket, &from.to_string(), &most_stand_ins(), &owed.to_string()];
    let Some(found) = one(client, &sql, values).await? else { return Ok(Slice::default()) };
    Ok(Slice {
        order: row::json_if_any(&found, 0)?,
        binding: row::json_if_any(&found, 1)?,
        stand_ins: states(&found, 2)?,
        ..Slice::default()
    })
}

async fn of_payment(client: &Object, bucket: i32, id: PaymentId) -> Result<Slice, Failure> {
    let sql = format!(
        "SELECT p.state, b.state, o.state, {STAND_INS} FROM payments p
         LEFT JOIN bindings b ON b.bucket = p.bucket AND b.id = p.binding_id
         LEFT JOIN orders o ON o.bucket = p.bucket AND o.id = p.order_id
         WHERE p.bucket = $1 AND p.id = $2"
    );
    let Some(found) = one(client, &sql, &[&bucket, &id.to_string(), &most_stand_ins()]).await? else {
        return Ok(Slice::default());
    };
    let payment: Payment = row::json(&found, 0)?;
    let mut stand_ins: Vec<Binding> = states(&found, 3)?;
    // What becomes of an attempt has to be told to its instrument, also when consent was taken back since.
    for used in payment.attempts.iter().filter_map(|attempt| attempt.binding) {
        if !stand_ins.iter().any(|known| known.id == used) {
            stand_ins.extend(binding(client, used).await?);
        }
    }
    Ok(Slice {
        stand_ins,
        binding: row::json_if_any(&found, 1)?,
        order: row::json_if_any(&found, 2)?,
        payment: Some(payment),
        borrower: None,
    })
}

fn most_stand_ins() -> i64 {
    i64::try_from(MAX_STAND_INS).unwrap_or(i64::MAX)
}

fn states<T: DeserializeOwned>(found: &Row, column: usize) -> Result<Vec<T>, Failure> {
    let texts: Vec<&str> = row::get(found, column)?;
    Ok(texts.into_iter().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

async fn one(client: &Object, sql: &str, values: Values<'_>) -> Result<Option<Row>, Failure> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_opt(&statement, values).await?)
}

async fn state<T: DeserializeOwned>(
    client: &Object,
    sql: &str,
    key: Values<'_>,
) -> Result<Option<T>, Failure> {
    one(client, sql, key).await?.map(|found| row::json(&found, 0)).transpose()
}

/// One borrower.
pub(super) async fn borrower(client: &Object, id: BorrowerId) -> Result<Option<Borrower>, Failure> {
    let sql = "SELECT state FROM borrowers WHERE bucket = $1 AND id = $2";
    state(client, sql, &[&row::bucket(id.bucket()), &id.to_string()]).await
}

/// One binding.
pub(super) async fn binding(client: &Object, id: BindingId) -> Result<Option<Binding>, Failure> {
    let sql = "SELECT state FROM bindings WHERE bucket = $1 AND id = $2";
    state(client, sql, &[&row::bucket(id.bucket()), &id.to_string()]).await
}

/// One order.
pub(super) async fn order(client: &Object, id: OrderId) -> Result<Option<Order>, Failure> {
    let sql = "SELECT state FROM orders WHERE bucket = $1 AND id = $2";
    state(client, sql, &[&row::bucket(id.bucket()), &id.to_string()]).await
}
