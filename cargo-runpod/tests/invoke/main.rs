//! `cargo runpod invoke` as it is typed: a real endpoint, real workers, real terminals.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes snapshots so, with SNAPSHOTS=overwrite"
)]

mod address;
mod command;
mod failed;
mod faults;
mod input;
mod output;
mod stage;
mod stopping;
mod terminal;
#[cfg(target_os = "linux")]
mod threads;
mod worker;
