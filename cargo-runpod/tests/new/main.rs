//! `cargo runpod new` and the crates that it creates. They are built, tested and run as users would do it.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes its snapshots in this form"
)]

mod cargo_generate;
mod command;
mod generated;
mod guide;
mod hub;
mod hub_rules;
mod image;
mod model_files;
mod models;
mod output;
mod places;
mod refusals;
mod templates;
mod works;
mod workspaces;
