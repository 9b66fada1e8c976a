//! `cargo runpod new`, and what it makes: the crates are built, tested and run as their users would.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes snapshots with them"
)]

mod cargo_generate;
mod command;
mod generated;
mod guide;
mod hub;
mod hub_rules;
mod image;
mod output;
mod places;
mod refusals;
mod templates;
mod works;
mod workspaces;
