//! Decides how many jobs may run at once (`concurrency = "auto"`).
//!
//! This module has no I/O and no clock: every function gets the time as an argument, as the duration since any fixed
//! instant. So a test or a simulation runs hours of jobs in a moment. It uses nothing else of this crate, because
//! `tests/simulation` includes these files by their path.
//!
//! [`Controller`] tries a higher or lower limit, takes a [`Sample`] there, and keeps the limit that [`Comparison`]
//! prefers. `docs/explanation/concurrency.md` explains the rule.

mod bounds;
mod comparison;
mod controller;
mod measurement;
mod sample;
mod spread;
mod step;

pub(crate) use bounds::Bounds;
pub(crate) use controller::{Change, Controller};
pub(crate) use measurement::{Begin, Outcome};
