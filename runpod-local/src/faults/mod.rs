//! Injected faults for tests of clients and workers: errors, delays, resets, malformed answers and outages.
//!
//! The fault of an operation's n-th request depends only on the seed, the operation and n. A run can therefore be
//! repeated, however the requests of several operations mix.

mod api;
mod chance;
mod config;
mod injection;
mod parse;
mod rule;

pub(crate) use api::router;
pub use config::{Faults, FaultsError};
pub(crate) use injection::{Effect, Injection, malformed};
