//! Batches: many jobs in one call of a handler.
//!
//! [`Schedule`] decides which jobs share a call, and when the call starts. [`Batcher`] runs the calls and knows the
//! clock. Neither knows handlers or the platform.

mod batcher;
mod outcome;
mod schedule;

pub(crate) use batcher::{Batcher, Finish, Job, Run, Seat};
#[cfg(test)]
pub(crate) use outcome::CallOutcome;
pub(crate) use outcome::{EndedCall, Fault, Left};
pub(crate) use schedule::Limits;

#[cfg(test)]
mod batcher_tests;
#[cfg(test)]
mod schedule_properties;
#[cfg(test)]
mod schedule_tests;
