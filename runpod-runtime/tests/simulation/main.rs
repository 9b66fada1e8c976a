//! Simulates the schedule of batches in virtual time, with seeded traffic.
//!
//! The tests assert bounds, and compare the results with the tables and plots of `docs/explanation/batching.md`. This
//! command runs the simulation and writes them:
//!
//! ```text
//! SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation
//! ```

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
