//! Faults on purpose, for tests of clients and workers: errors, delays, resets, answers that are no JSON, outages.
//!
//! What happens to the n-th request of an operation depends on the seed, the operation and n, and on nothing else. So
//! a run can be repeated, however requests of several operations mix.

mod api;
mod chance;
mod config;
mod injection;
mod parse;
mod rule;

pub(crate) use api::router;
pub use config::{Faults, FaultsError};
pub(crate) use injection::{Effect, Injection, malformed};
