//! The entry points of a worker: `#[runpod::main]`, `Worker::builder()`, and the mode in which the worker runs.

mod builder;
mod embedded;
mod failed_start;
mod hooks;
#[cfg_attr(not(feature = "http"), path = "http_off.rs")]
mod http;
mod launch;
mod loading;
#[cfg(feature = "local")]
mod local_endpoint;
mod local_test;
mod mode;
mod phases;
mod prepared;
#[cfg_attr(not(feature = "metrics"), path = "prometheus_off.rs")]
mod prometheus;
mod schema;
mod settled;
mod states;
mod unhealthy;
mod unloaded;
mod until_stopped;

pub use builder::{Worker, WorkerBuilder};
pub use embedded::Settings;
pub use launch::launch;

#[cfg(feature = "schema")]
pub(crate) use schema::document;
