//! Simulations in virtual time, with seeded traffic: the schedule of batches, and an endpoint with up to 200 workers.
//!
//! The tests assert bounds, and compare the results with the tables and plots of `docs/explanation/batching.md` and
//! `docs/explanation/the-cost-of-rules.md`. This command runs the simulations and writes the tables and plots:
//!
//! ```text
//! SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation -- --include-ignored
//! ```
//!
//! The ignored tests simulate millions of jobs, or run real workers.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "the numbers of a simulation are small, and its time never runs backwards"
)]

#[path = "../../src/worker/adaptive/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the simulation needs only a part of the module"
)]
mod adaptive;
mod batching;
mod concurrency;
#[cfg(feature = "local")]
mod fleet;
mod latency;
mod page;
mod plot;

#[path = "../../src/batch/schedule/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the simulation needs only a part of the module"
)]
mod schedule;
mod traffic;
