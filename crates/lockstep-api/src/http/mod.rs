//! What every request passes through, in the order of the files: envelope, caller, path, query, body, key.

mod body;
mod caller;
mod cursor;
mod envelope;
mod expected;
mod hand_on;
mod idempotency;
mod json;
mod key_cache;
mod object;
mod path;
mod query;
mod rate;
mod under_way;
mod wait;

pub(crate) use self::body::{Body, Call, Input, Nothing, unread};
pub(crate) use self::caller::{Admin, Approve, Caller, GiveBack, Read, Write};
pub(crate) use self::cursor::{Cursors, LimitParam};
pub(crate) use self::envelope::{envelope, not_found, request_id, within_request, wrong_method};
pub use self::hand_on::Nodes;
pub(crate) use self::hand_on::{Elsewhere, hand_on};
pub(crate) use self::idempotency::{IdempotencyHeader, RequestKey};
pub(crate) use self::key_cache::KeyCache;
pub(crate) use self::object::{object, objects, some_object};
pub(crate) use self::path::{Missing, PathAttempt, PathId, PathRefund, PathText};
pub(crate) use self::query::{Query, QueryText, QueryTime};
pub(crate) use self::rate::RateLimits;
pub(crate) use self::under_way::UnderWay;
pub(crate) use self::wait::{WaitParam, wait_for};
