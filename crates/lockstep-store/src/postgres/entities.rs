//! Writing the current state of entities, each if nobody else has written it since it was loaded.

use lockstep_core::binding::Binding;
use lockstep_core::borrower::Borrower;
use lockstep_core::order::Order;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Change, Changed};

use super::batch::{Otherwise, Step};
use super::columns::columns;
use super::failure::Failure;
use super::row::{self, count};
use crate::entity_key;
use crate::money_rules::{self, MoneyColumns};

columns!(NewBorrower in NewBorrowers {
    bucket: i32, id: String, tenant: String, reference: String, version: i64, created_at: i64, state: String,
});
const INSERT_BORROWERS: &str = "INSERT INTO borrowers (bucket, id, tenant, reference, version, created_at, state)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
    ON CONFLICT DO NOTHING RETURNING id";

columns!(NewBinding in NewBindings {
    bucket: i32, id: String, tenant: String, borrower_id: String, fingerprint: String, unbound_at: Option<i64>,
    version: i64, created_at: i64, state: String, stand_in: bool,
});
const INSERT_BINDINGS: &str = "INSERT INTO bindings
        (bucket, id, tenant, borrower_id, fingerprint, unbound_at, version, created_at, state, stand_in)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                         $8::bigint[], $9::text[], $10::bool[])
    ON CONFLICT DO NOTHING RETURNING id";

columns!(NewOrder in NewOrders {
    bucket: i32, id: String, tenant: String, borrower_id: String, reference: String, status: String, due_at: i64,
    version: i64, created_at: i64, state: String,
});
const INSERT_ORDERS: &str = "INSERT INTO orders
        (bucket, id, tenant, borrower_id, reference, status, due_at, version, created_at, state)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                         $8::bigint[], $9::bigint[], $10::text[])
    ON CONFLICT DO NOTHING RETURNING id";

columns!(NewPayment in NewPayments {
    bucket: i32, id: String, tenant: String, borrower_id: String, binding_id: String, order_id: Option<String>,
    status: String, live: bool, amount_minor: i64, currency: String, version: i64, created_at: i64,
    updated_at: i64, state: String, taken_minor: i64, refunded_minor: i64, living_attempts: i32,
});
const INSERT_PAYMENTS: &str = "INSERT INTO payments
        (bucket, id, tenant, borrower_id, binding_id, order_id, status, live, amount_minor, currency, version,
         created_at, updated_at, state, taken_minor, refunded_minor, living_attempts)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::bool[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
                         $14::text[], $15::bigint[], $16::bigint[], $17::int[])
    ON CONFLICT DO NOTHING RETURNING id";

columns!(ChangedBorrower in ChangedBorrowers { bucket: i32, id: String, base: i64, version: i64, state: String });
const UPDATE_BORROWERS: &str = "UPDATE borrowers t SET version = n.version, state = n.state
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS n (bucket, id, base, version, state)
    WHERE t.bucket = n.bucket AND t.id = n.id AND t.version = n.base RETURNING t.id";

columns!(ChangedBinding in ChangedBindings {
    bucket: i32, id: String, base: i64, version: i64, state: String, unbound_at: Option<i64>, stand_in: bool,
});
const UPDATE_BINDINGS: &str = "UPDATE bindings t
    SET version = n.version, state = n.state, unbound_at = n.unbound_at, stand_in = n.stand_in
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bool[])
         AS n (bucket, id, base, version, state, unbound_at, stand_in)
    WHERE t.bucket = n.bucket AND t.id = n.id AND t.version = n.base RETURNING t.id";

columns!(ChangedOrder in ChangedOrders {
    bucket: i32, id: String, base: i64, version: i64, state: String, status: String,
});
const UPDATE_ORDERS: &str = "UPDATE orders t SET version = n.version, state = n.state, status = n.status
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
         AS n (bucket, id, base, version, state, status)
    WHERE t.bucket = n.bucket AND t.id = n.id AND t.version = n.base RETURNING t.id";

columns!(ChangedPayment in ChangedPayments {
    bucket: i32, id: String, base: i64, version: i64, state: String, status: String, live: bool, updated_at: i64,
    taken_minor: i64, refunded_minor: i64, excess_minor: Option<i64>, living_attempts: i32,
});
const UPDATE_PAYMENTS: &str = "UPDATE payments t
    SET version = n.version, state = n.state, status = n.status, live = n.live, updated_at = n.updated_at,
        taken_minor = n.taken_minor, refunded_minor = n.refunded_minor,
        excess_minor = coalesce(n.excess_minor, t.excess_minor), living_attempts = n.living_attempts
    FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bool[], $8::bigint[],
                $9::bigint[], $10::bigint[], $11::bigint[], $12::int[])
         AS n (bucket, id, base, version, state, status, live, updated_at, taken_minor, refunded_minor, excess_minor,
               living_attempts)
    WHERE t.bucket = n.bucket AND t.id = n.id AND t.version = n.base RETURNING t.id";

/// New and changed entities of a batch, table by table.
pub(super) struct Entities {
    new_borrowers: (Step, NewBorrowers),
    new_bindings: (Step, NewBindings),
    new_orders: (Step, NewOrders),
    new_payments: (Step, NewPayments),
    borrowers: (Step, ChangedBorrowers),
    bindings: (Step, ChangedBindings),
    orders: (Step, ChangedOrders),
    payments: (Step, ChangedPayments),
}

impl Entities {
    pub(super) fn new() -> Self {
        Self {
            new_borrowers: (Step::new(INSERT_BORROWERS), NewBorrowers::default()),
            new_bindings: (Step::new(INSERT_BINDINGS), NewBindings::default()),
            new_orders: (Step::new(INSERT_ORDERS), NewOrders::default()),
            new_payments: (Step::new(INSERT_PAYMENTS), NewPayments::default()),
            borrowers: (Step::new(UPDATE_BORROWERS), ChangedBorrowers::default()),
            bindings: (Step::new(UPDATE_BINDINGS), ChangedBindings::default()),
            orders: (Step::new(UPDATE_ORDERS), ChangedOrders::default()),
            payments: (Step::new(UPDATE_PAYMENTS), ChangedPayments::default()),
        }
    }

    /// Adds one change of the work at a place in the batch.
    pub(super) fn add(&mut self, changed: &Changed, work: usize) -> Result<(), Failure> {
        match &changed.state {
            Change::Borrower(state) => self.borrower(state, changed.base_version, work),
            Change::Binding(state) => self.binding(state, changed.base_version, work),
            Change::Order(state) => self.order(state, changed.base_version, work),
            Change::Payment(state) => self.payment(state, changed, work),
        }
    }

    /// What is left (closed or succeeded) before what is new, so that the database's own rules see the old one gone.
    pub(super) fn into_steps(self, steps: &mut Vec<Step>) {
        steps.push(self.borrowers.0.with(self.borrowers.1));
        steps.push(self.bindings.0.with(self.bindings.1));
        steps.push(self.orders.0.with(self.orders.1));
        steps.push(self.payments.0.with(self.payments.1));
        steps.push(self.new_borrowers.0.with(self.new_borrowers.1));
        steps.push(self.new_bindings.0.with(self.new_bindings.1));
        steps.push(self.new_orders.0.with(self.new_orders.1));
        steps.push(self.new_payments.0.with(self.new_payments.1));
    }

    fn borrower(&mut self, one: &Borrower, base: u64, work: usize) -> Result<(), Failure> {
        let (bucket, id, state) =
            (row::bucket(one.id.bucket()), one.id.to_string(), serde_json::to_string(one)?);
        let version = count(one.version)?;
        if base > 0 {
            self.borrowers.0.expect(id.clone(), work, Otherwise::Conflict("borrower"));
            self.borrowers.1.push(ChangedBorrower { bucket, id, base: count(base)?, version, state });
            return Ok(());
        }
        self.new_borrowers.0.expect(id.clone(), work, Otherwise::Conflict("borrower reference"));
        let (tenant, reference, created_at) =
            (one.tenant.to_string(), one.reference.clone(), one.created_at.as_millis());
        self.new_borrowers.1.push(NewBorrower { bucket, id, tenant, reference, version, created_at, state });
        Ok(())
    }

    fn binding(&mut self, one: &Binding, base: u64, work: usize) -> Result<(), Failure> {
        let (bucket, id, state) =
            (row::bucket(one.id.bucket()), one.id.to_string(), serde_json::to_string(one)?);
        let (version, unbound_at) = (count(one.version)?, one.unbound_at.map(Timestamp::as_millis));
        let stand_in = one.stand_in.is_some();
        if base > 0 {
            self.bindings.0.expect(id.clone(), work, Otherwise::Conflict("binding"));
            let base = count(base)?;
            self.bindings.1.push(ChangedBinding { bucket, id, base, version, state, unbound_at, stand_in });
            return Ok(());
        }
        self.new_bindings.0.expect(id.clone(), work, Otherwise::Conflict("living binding of the instrument"));
        self.new_bindings.1.push(NewBinding {
            bucket,
            id,
            tenant: one.tenant.to_string(),
            borrower_id: one.borrower.to_string(),
            fingerprint: one.instrument.fingerprint.clone(),
            unbound_at,
            version,
            created_at: one.created_at.as_millis(),
            state,
            stand_in,
        });
        Ok(())
    }

    fn order(&mut self, one: &Order, base: u64, work: usize) -> Result<(), Failure> {
        let (bucket, id, state) =
            (row::bucket(one.id.bucket()), one.id.to_string(), serde_json::to_string(one)?);
        let (version, status) = (count(one.version)?, entity_key::order_status(&one.state).to_owned());
        if base > 0 {
            self.orders.0.expect(id.clone(), work, Otherwise::Conflict("order"));
            self.orders.1.push(ChangedOrder { bucket, id, base: count(base)?, version, state, status });
            return Ok(());
        }
        self.new_orders.0.expect(id.clone(), work, Otherwise::Conflict("order reference"));
        self.new_orders.1.push(NewOrder {
            bucket,
            id,
            tenant: one.tenant.to_string(),
            borrower_id: one.borrower.to_string(),
            reference: one.reference.clone(),
            status,
            due_at: one.due_at.as_millis(),
            version,
            created_at: one.created_at.as_millis(),
            state,
        });
        Ok(())
    }

    fn payment(&mut self, one: &Payment, changed: &Changed, work: usize) -> Result<(), Failure> {
        let (bucket, id, state) =
            (row::bucket(one.id.bucket()), one.id.to_string(), serde_json::to_string(one)?);
        let (version, updated_at) = (count(one.version)?, one.updated_at.as_millis());
        let (status, live) = (one.status().as_str().to_owned(), one.status().is_live());
        let MoneyColumns { living_attempts, taken_minor, refunded_minor, excess_minor } =
            money_rules::columns(one, &changed.events);
        if changed.base_version > 0 {
            self.payments.0.expect(id.clone(), work, Otherwise::Conflict("payment"));
            let base = count(changed.base_version)?;
            self.payments.1.push(ChangedPayment {
                bucket,
                id,
                base,
                version,
                state,
                status,
                live,
                updated_at,
                taken_minor,
                refunded_minor,
                excess_minor,
                living_attempts,
            });
            return Ok(());
        }
        self.new_payments.0.expect(id.clone(), work, Otherwise::Conflict("live payment of the order"));
        self.new_payments.1.push(NewPayment {
            bucket,
            id,
            tenant: one.tenant.to_string(),
            borrower_id: one.borrower.to_string(),
            binding_id: one.binding.to_string(),
            order_id: one.purpose.order().map(|order| order.to_string()),
            status,
            live,
            amount_minor: one.money.amount_minor,
            currency: one.money.currency.code().to_owned(),
            version,
            created_at: one.created_at.as_millis(),
            updated_at,
            state,
            taken_minor,
            refunded_minor,
            living_attempts,
        });
        Ok(())
    }
}
