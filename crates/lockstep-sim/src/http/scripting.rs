//! Looking behind the scenes, and scripting what goes wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use lockstep_core::channel::Direction;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use crate::port::SharedSandbox;
use crate::sandbox::{
    Account, AccountChange, AccountState, Message, NewAccount, Rail, Sandbox, Script, Truth,
};

type Shared = State<Arc<SharedSandbox>>;
type Sent<T> = Result<Json<T>, JsonRejection>;

fn read<T>(sent: Sent<T>) -> Result<T, Problem> {
    sent.map(|Json(value)| value).map_err(|rejection| Problem::bad_body(&rejection.body_text()))
}

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    now: Timestamp,
    down: Vec<Rail>,
}

pub(super) async fn health(State(shared): Shared) -> Json<Health> {
    let now = shared.clock().now();
    let down =
        |sandbox: &mut Sandbox| Rail::ALL.into_iter().filter(|rail| sandbox.is_down(*rail, now)).collect();
    Json(Health { status: "ok", now, down: shared.with(down) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    number: String,
}

/// An account as it stands now, with what moved on it.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    account: Account,
    state_now: AccountState,
    entries: Vec<Line>,
}

#[derive(Serialize)]
pub(super) struct Line {
    direction: Direction,
    amount_minor: i64,
    at: Timestamp,
    order_no: String,
}

fn show(sandbox: &Sandbox, number: &str, now: Timestamp) -> Option<Json<Shown>> {
    let account = sandbox.account(number)?.clone();
    let entries = sandbox.entries_of(number).into_iter();
    let entries =
        entries.map(|(direction, amount_minor, at, order_no)| Line { direction, amount_minor, at, order_no });
    Some(Json(Shown { state_now: account.state_at(now), account, entries: entries.collect() }))
}

pub(super) async fn account(
    State(shared): Shared,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Shown>, Problem> {
    let Query(which) = which.map_err(|_| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "which account?",
            Some("number"),
            "add ?number= to the address",
        )
    })?;
    let now = shared.clock().now();
    let shown = shared.with(|sandbox| {
        sandbox.advance(now);
        show(sandbox, &which.number, now)
    });
    shown.ok_or_else(|| crate::sandbox::EditError::Absent.into())
}

pub(super) async fn open_account(
    State(shared): Shared,
    sent: Sent<NewAccount>,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    let (new, now) = (read(sent)?, shared.clock().now());
    let number = new.number.clone();
    let shown = shared.with(|sandbox| {
        sandbox.open_account(new)?;
        show(sandbox, &number, now).ok_or(crate::sandbox::EditError::Absent)
    })?;
    Ok((StatusCode::CREATED, shown))
}

pub(super) async fn change_account(
    State(shared): Shared,
    Path(number): Path<String>,
    sent: Sent<AccountChange>,
) -> Result<Json<Shown>, Problem> {
    let (change, now) = (read(sent)?, shared.clock().now());
    let shown = shared.with(|sandbox| {
        sandbox.change_account(&number, change, now)?;
        show(sandbox, &number, now).ok_or(crate::sandbox::EditError::Absent)
    })?;
    Ok(shown)
}

pub(super) async fn messages(State(shared): Shared, Path(mobile): Path<String>) -> Json<Vec<Message>> {
    Json(shared.with(|sandbox| sandbox.messages(&mobile).to_vec()))
}

pub(super) async fn add_faults(State(shared): Shared, sent: Sent<Script>) -> Result<StatusCode, Problem> {
    let (script, now) = (read(sent)?, shared.clock().now());
    shared.with(|sandbox| sandbox.add_faults(&script, now));
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn clear_faults(State(shared): Shared) -> StatusCode {
    shared.with(Sandbox::clear_faults);
    StatusCode::NO_CONTENT
}

pub(super) async fn truth(State(shared): Shared) -> Json<Truth> {
    let now = shared.clock().now();
    Json(shared.with(|sandbox| {
        sandbox.advance(now);
        sandbox.truth()
    }))
}
