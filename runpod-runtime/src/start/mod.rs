//! The entry points of a worker: `#[runpod::main]`, `Worker::builder()`, and the mode in which the worker runs.

mod builder;
mod embedded;
mod launch;
#[cfg(feature = "local")]
mod local_endpoint;
mod local_test;
mod mode;
mod prepared;
mod schema;
mod states;

pub use builder::{Worker, WorkerBuilder};
pub use embedded::Settings;
pub use launch::launch;

#[cfg(feature = "schema")]
pub(crate) use schema::document;
