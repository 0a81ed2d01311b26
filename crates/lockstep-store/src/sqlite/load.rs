//! Loading slices: at most one entity of each kind, as they stood at one moment.

use lockstep_core::Slice;
use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::decision::MAX_STAND_INS;
use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId};
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_engine::port::{CallKey, Loaded};
use rusqlite::{Connection, Params, params};
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::{answers, row};

/// The slice that a command needs.
pub(super) fn slice(connection: &Connection, key: &CallKey) -> Result<Slice, Failure> {
    at_one_moment(connection, || parts(connection, key))
}

/// The answer of a caller's key, or, where there is none, the slice.
pub(super) fn unanswered(
    connection: &Connection,
    key: &CallKey,
    tenant: &str,
    name: &str,
) -> Result<Loaded, Failure> {
    at_one_moment(connection, || match answers::find(connection, tenant, name)? {
        Some(stored) => Ok(Loaded::Answered(stored)),
        None => Ok(Loaded::Slice(Box::new(parts(connection, key)?))),
    })
}

/// Reads in one transaction: what is read stands side by side as it was at one moment.
fn at_one_moment<T>(
    connection: &Connection,
    read: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let found = read();
    connection.prepare_cached("COMMIT")?.execute([])?;
    found
}

fn parts(moment: &Connection, key: &CallKey) -> Result<Slice, Failure> {
    Ok(match key {
        CallKey::BorrowerByReference { tenant, reference } => {
            let sql = "SELECT state FROM borrowers WHERE bucket = ?1 AND tenant = ?2 AND reference = ?3";
            let bucket = key.bucket().number();
            let borrower = state(moment, sql, params![bucket, tenant.to_string(), reference])?;
            Slice { borrower, ..Slice::default() }
        }
        CallKey::Borrower(id) => Slice { borrower: borrower(moment, *id)?, ..Slice::default() },
        CallKey::NewBinding { borrower: owner, fingerprint } => {
            let sql = "SELECT state FROM bindings
                       WHERE bucket = ?1 AND borrower_id = ?2 AND fingerprint = ?3 AND unbound_at IS NULL";
            let binding =
                state(moment, sql, params![owner.bucket().number(), owner.to_string(), fingerprint])?;
            Slice { borrower: borrower(moment, *owner)?, binding, ..Slice::default() }
        }
        CallKey::NewOrder { borrower: owner, reference } => {
            let sql = "SELECT state FROM orders WHERE bucket = ?1 AND borrower_id = ?2 AND reference = ?3";
            let order = state(moment, sql, params![owner.bucket().number(), owner.to_string(), reference])?;
            Slice { borrower: borrower(moment, *owner)?, order, ..Slice::default() }
        }
        CallKey::Binding(id) => {
            let binding = binding(moment, *id)?;
            let owner = binding.as_ref().map(|binding| binding.borrower);
            let borrower = owner.map(|owner| borrower(moment, owner)).transpose()?.flatten();
            Slice { borrower, binding, ..Slice::default() }
        }
        CallKey::Order(id) => Slice { order: order(moment, *id)?, ..Slice::default() },
        CallKey::Collect { order: owed, binding: from } => {
            let binding = binding(moment, *from)?;
            let stand_ins = stand_ins(moment, binding.as_ref(), None)?;
            Slice { order: order(moment, *owed)?, binding, stand_ins, ..Slice::default() }
        }
        CallKey::Payment(id) => match payment(moment, *id)? {
            Some(payment) => {
                let binding = binding(moment, payment.binding)?;
                Slice {
                    stand_ins: stand_ins(moment, binding.as_ref(), Some(&payment))?,
                    binding,
                    order: payment.purpose.order().map(|id| order(moment, id)).transpose()?.flatten(),
                    payment: Some(payment),
                    borrower: None,
                }
            }
            None => Slice::default(),
        },
    })
}

fn state<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    key: impl Params,
) -> Result<Option<T>, Failure> {
    row::first(connection.prepare_cached(sql)?.query(key)?, |row| row::json(row, 0))
}

/// Instruments of the borrower that may stand in for one of theirs, and those that a payment's attempts have used:
/// what becomes of such an attempt has to be told to its instrument, also when consent was taken back since.
fn stand_ins(
    connection: &Connection,
    own: Option<&Binding>,
    payment: Option<&Payment>,
) -> Result<Vec<Binding>, Failure> {
    let Some(own) = own else { return Ok(Vec::new()) };
    let sql = "SELECT state FROM bindings
               WHERE bucket = ?1 AND borrower_id = ?2 AND stand_in = 1 AND unbound_at IS NULL AND id <> ?3
               ORDER BY id LIMIT ?4";
    let (bucket, borrower, id) = (own.id.bucket().number(), own.borrower.to_string(), own.id.to_string());
    let most = i64::try_from(MAX_STAND_INS).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let mut found: Vec<Binding> =
        row::all(statement.query(params![bucket, borrower, id, most])?, |row| row::json(row, 0))?;
    let attempts = payment.iter().flat_map(|payment| &payment.attempts);
    for used in attempts.filter_map(|attempt| attempt.binding) {
        if !found.iter().any(|known| known.id == used) {
            found.extend(binding(connection, used)?);
        }
    }
    Ok(found)
}

/// One borrower.
pub(super) fn borrower(connection: &Connection, id: BorrowerId) -> Result<Option<Borrower>, Failure> {
    let sql = "SELECT state FROM borrowers WHERE bucket = ?1 AND id = ?2";
    state(connection, sql, params![id.bucket().number(), id.to_string()])
}

/// One binding.
pub(super) fn binding(connection: &Connection, id: BindingId) -> Result<Option<Binding>, Failure> {
    let sql = "SELECT state FROM bindings WHERE bucket = ?1 AND id = ?2";
    state(connection, sql, params![id.bucket().number(), id.to_string()])
}

/// One order.
pub(super) fn order(connection: &Connection, id: OrderId) -> Result<Option<Order>, Failure> {
    let sql = "SELECT state FROM orders WHERE bucket = ?1 AND id = ?2";
    state(connection, sql, params![id.bucket().number(), id.to_string()])
}

/// One payment.
pub(super) fn payment(connection: &Connection, id: PaymentId) -> Result<Option<Payment>, Failure> {
    let sql = "SELECT state FROM payments WHERE bucket = ?1 AND id = ?2";
    state(connection, sql, params![id.bucket().number(), id.to_string()])
}
