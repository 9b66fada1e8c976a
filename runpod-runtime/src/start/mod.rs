//! The ways in: what `#[runpod::main]` and `Worker::builder()` start, and in which of its modes the worker runs.

mod builder;
mod launch;
#[cfg(feature = "local")]
mod local_endpoint;
mod local_test;
mod mode;
mod prepared;
mod schema;

pub use builder::{Worker, WorkerBuilder};
pub use launch::launch;

#[cfg(feature = "schema")]
pub(crate) use schema::document;
