//! The API on a store in memory, driven through its router.

mod admin;
mod bodies;
mod callbacks;
mod document;
mod idempotency;
mod isolation;
mod limits;
mod lists;
mod personal;
mod problems;
mod routing_rules;
mod story;
mod support;
mod waiting;
mod webhooks;
