//! Decides which jobs share a call, and when the call starts.
//!
//! This module has no I/O and no clock: every function gets the time as an argument, as the duration since any fixed
//! instant. So a test or a simulation runs hours of traffic in a moment. It uses nothing else of this crate, because
//! `tests/simulation` includes these files by their path.
//!
//! [`Schedule`] holds the waiting jobs. [`Cost`] and [`Arrivals`] learn what a call costs and how often jobs arrive.

mod after_calls;
mod arrivals;
mod cost;
mod limits;
mod patience;
mod waiting;

pub(crate) use limits::{Limits, TooHeavy};
pub(crate) use waiting::{Batch, Call, Key, Next, Schedule};
