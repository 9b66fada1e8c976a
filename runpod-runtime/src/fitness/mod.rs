//! Fitness checks: whether this machine can run jobs. The user's own checks and the built-in ones
//! (docs/how-to/check-a-worker.md).
//!
//! The order is the SDK's: first the user's checks, one after another, and then the built-in ones. The built-in checks
//! do not depend on each other, so they run at the same time.

mod check;
mod disk;
mod gpu;
mod machine;
mod memory;
mod network;
mod running;
mod table;

pub(crate) use check::{Check, Row, Verdict};
pub(crate) use machine::built_in;
pub(crate) use running::{one_after_another, together};
pub(crate) use table::table;
