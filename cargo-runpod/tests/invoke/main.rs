//! `cargo runpod invoke` as users type it, with real endpoints, workers and terminals.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes its snapshots in this form, with SNAPSHOTS=overwrite"
)]

mod address;
mod command;
mod detached;
mod failed;
mod faults;
mod input;
mod output;
mod queue;
mod saved;
mod stage;
mod stopping;
mod terminal;
#[cfg(target_os = "linux")]
mod threads;
mod worker;
