//! `cargo runpod deploy`, `logs`, `status`, `endpoints` and `delete` as they are typed, on a stand-in for Runpod.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes snapshots so, with SNAPSHOTS=overwrite"
)]

mod bad_answers;
mod coming_up;
mod command;
mod creating;
mod deleting;
mod help;
mod interrupted;
mod logs;
#[path = "../platform/mod.rs"]
mod platform;
mod pushing;
mod refusals;
#[path = "../registry/mod.rs"]
mod registry;
mod road;
mod rollback;
mod smoke;
mod state;
mod terminal;
mod two_at_once;
mod updating;
