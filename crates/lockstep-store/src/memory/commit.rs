//! One change, all or nothing: everything is checked before anything is written.

use lockstep_core::effect::Effect;
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Change, Changed, Commit, Sealed, StoredAnswer, StoredEffect};

use super::Failure;
use super::tables::{EffectRow, EntityId, Tables};
use crate::{commit_rules, delivery_id, money_rules};

/// Applies a commit, or leaves everything as it was.
pub(super) fn apply(tables: &mut Tables, commit: Commit) -> Result<(), Failure> {
    let at = check(tables, &commit)?;
    if let Some(effect) = commit.done {
        tables.remove_effect(effect);
    }
    for changed in commit.changes {
        let history = tables.events.entry(EntityId::of(&changed.state)).or_default();
        history.extend(changed.events.into_iter().map(|event| (at, event)));
        write(tables, changed.state);
    }
    for sealed in commit.sealed {
        let Sealed { borrower, item, wrapped_key, bytes } = sealed;
        tables.data_keys.entry(borrower).or_insert(wrapped_key);
        tables.vault_items.insert(item, (borrower, bytes));
    }
    for stored in commit.effects {
        plan(tables, stored, at);
    }
    tables.ledger.extend(commit.entries);
    if let Some((key, answer)) = commit.answer {
        let stored = StoredAnswer { fingerprint: key.fingerprint, answer };
        tables.answers.insert((key.tenant, key.key), stored);
    }
    if let Some(entry) = commit.audit {
        tables.audit.insert(entry.id, entry);
    }
    Ok(())
}

/// The moment of the change, if it may be made.
fn check(tables: &Tables, commit: &Commit) -> Result<Timestamp, Failure> {
    let at = commit_rules::check(commit).map_err(Failure::Refused)?;
    if commit.done.is_some_and(|effect| !tables.effects.contains_key(&effect)) {
        return Err(Failure::AlreadyDone);
    }
    for changed in &commit.changes {
        changed_ok(tables, changed)?;
    }
    keys_fit(tables, &commit.sealed)?;
    for stored in &commit.effects {
        effect_is_new(tables, stored)?;
    }
    if let Some((key, _)) = &commit.answer
        && tables.answers.contains_key(&(key.tenant, key.key.clone()))
    {
        return Err(Failure::Conflict("idempotency key"));
    }
    if commit.audit.as_ref().is_some_and(|entry| tables.audit.contains_key(&entry.id)) {
        return Err(Failure::Refused("the audit entry is there already"));
    }
    Ok(at)
}

fn changed_ok(tables: &Tables, changed: &Changed) -> Result<(), Failure> {
    let base = changed.base_version;
    // Of the stored row: its version if it is there, and whether another row holds what may be held only once.
    let (stored, taken, this, rule) = match &changed.state {
        Change::Borrower(state) => {
            let stored = tables.borrowers.get(&state.id).map(|row| row.version);
            let holder = tables.by_reference.get(&(state.tenant, state.reference.clone()));
            let taken = holder.is_some_and(|id| *id != state.id);
            (stored, taken, "borrower", "borrower reference")
        }
        Change::Binding(state) => {
            let stored = tables.bindings.get(&state.id).map(|row| row.version);
            let holder = tables.living.get(&(state.borrower, state.instrument.fingerprint.clone()));
            let taken = state.unbound_at.is_none() && holder.is_some_and(|id| *id != state.id);
            (stored, taken, "binding", "living binding of the instrument")
        }
        Change::Order(state) => {
            let stored = tables.orders.get(&state.id).map(|row| row.version);
            let holder = tables.order_by_reference.get(&(state.borrower, state.reference.clone()));
            let taken = holder.is_some_and(|id| *id != state.id);
            (stored, taken, "order", "order reference")
        }
        Change::Payment(state) => {
            let stored = tables.payments.get(&state.id).map(|row| row.version);
            if state.money.amount_minor <= 0 {
                return Err(Failure::Refused("a payment of nothing"));
            }
            let holder = state.purpose.order().and_then(|order| tables.live_of_order.get(&order));
            let taken = state.status().is_live()
                && holder.is_some_and(|id| *id != state.id)
                && !planted::is(Bug::TwoPaymentsForOneOrder);
            (stored, taken, "payment", "live payment of the order")
        }
    };
    let current = stored.unwrap_or(0);
    if current != base || (base == 0 && stored.is_some()) {
        return Err(Failure::Conflict(this));
    }
    if taken {
        return Err(Failure::Conflict(rule));
    }
    match &changed.state {
        Change::Payment(state) => {
            let before = tables.payments.get(&state.id);
            money_rules::check(before, state, &changed.events).map_err(Failure::Refused)
        }
        Change::Borrower(_) | Change::Binding(_) | Change::Order(_) => Ok(()),
    }
}

fn write(tables: &mut Tables, state: Change) {
    match state {
        Change::Borrower(state) => {
            tables.by_reference.insert((state.tenant, state.reference.clone()), state.id);
            tables.borrowers.insert(state.id, state);
        }
        Change::Binding(state) => {
            let key = (state.borrower, state.instrument.fingerprint.clone());
            if state.unbound_at.is_none() {
                tables.living.insert(key, state.id);
            } else if tables.living.get(&key) == Some(&state.id) {
                tables.living.remove(&key);
            }
            tables.bindings.insert(state.id, state);
        }
        Change::Order(state) => {
            tables.order_by_reference.insert((state.borrower, state.reference.clone()), state.id);
            tables.orders.insert(state.id, state);
        }
        Change::Payment(state) => {
            if let Some(order) = state.purpose.order() {
                if state.status().is_live() {
                    tables.live_of_order.insert(order, state.id);
                } else if tables.live_of_order.get(&order) == Some(&state.id) {
                    tables.live_of_order.remove(&order);
                }
            }
            tables.payments.insert(state.id, state);
        }
    }
}

/// An item sealed under another key than the stored one could never be opened again, so it is refused as a lost race.
fn keys_fit(tables: &Tables, sealed: &[Sealed]) -> Result<(), Failure> {
    for (place, one) in sealed.iter().enumerate() {
        let before = sealed[..place].iter().find(|other| other.borrower == one.borrower);
        let stored = tables.data_keys.get(&one.borrower).or(before.map(|other| &other.wrapped_key));
        if stored.is_some_and(|stored| *stored != one.wrapped_key) {
            return Err(Failure::Conflict("data key"));
        }
        let twice = sealed[..place].iter().any(|other| other.item == one.item);
        if twice || tables.vault_items.contains_key(&one.item) {
            return Err(Failure::Conflict("vault item"));
        }
    }
    Ok(())
}

fn effect_is_new(tables: &Tables, stored: &StoredEffect) -> Result<(), Failure> {
    if let Effect::Notify { id, notice } = &stored.effect {
        let mut wanted = tables.wanting(notice.tenant, &notice.kind);
        let taken =
            wanted.any(|endpoint| tables.deliveries.contains_key(&delivery_id::of(*id, endpoint, notice.at)));
        return if taken { Err(Failure::Conflict("delivery")) } else { Ok(()) };
    }
    if tables.effects.contains_key(&stored.id) { Err(Failure::Conflict("effect")) } else { Ok(()) }
}

/// Writes a new effect down. A notice becomes one delivery for each endpoint that wants it.
fn plan(tables: &mut Tables, stored: StoredEffect, at: Timestamp) {
    if let Effect::Notify { id, notice } = stored.effect {
        return tables.fan_out(id, &notice, stored.due_at, at);
    }
    tables.effects_due.insert((stored.due_at, stored.id));
    tables.effects.insert(stored.id, EffectRow { stored, sending: None });
}
