//! Simulates the schedule of batches and the adaptive concurrency in virtual time, with seeded traffic.
//!
//! The same simulations assert bounds, and write the tables and plots of `docs/explanation/batching.md` and
//! `docs/explanation/adaptive-concurrency.md`:
//!
//! ```text
//! SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation
//! ```

mod batching;
mod latency;


#[path = "../../src/batch/schedule/mod.rs"]
#[expect(
    dead_code,
    reason = "the simulation needs only a part of the module"
)]
mod schedule;
mod traffic;
