//! The API on a store in memory, driven through its router.

mod admin;
mod bodies;
mod callbacks;
mod document;
mod health;
mod idempotency;
mod isolation;
mod limits;
mod lists;
mod outcomes;
mod partial;
mod personal;
mod problems;
mod routing_rules;
mod refunds;
mod stand_in;
mod story;
mod support;
mod waiting;
mod webhooks;
