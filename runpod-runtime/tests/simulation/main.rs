//! Simulates the schedule of batches in virtual time, with seeded traffic.
//!
//! The tests assert bounds, and compare the results with the tables and plots of `docs/explanation/batching.md`. This
//! command runs the simulation and writes them:
//!
//! ```text
//! SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation
//! ```

mod batching;
mod latency;
mod page;
mod plot;

#[path = "../../src/batch/schedule/mod.rs"]
#[expect(dead_code, reason = "the simulation needs only a part of the module")]
mod schedule;
mod traffic;
