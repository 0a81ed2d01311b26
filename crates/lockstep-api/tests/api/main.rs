//! The API on a store in memory, driven through its router.

mod admin;
mod bodies;
mod callbacks;
mod document;
mod idempotency;
mod isolation;
mod limits;
mod lists;
mod partial;
mod personal;
mod problems;
mod story;
mod support;
mod waiting;
mod webhooks;
