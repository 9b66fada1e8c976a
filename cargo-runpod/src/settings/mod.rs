//! The settings of `[package.metadata.runpod]` in a worker's `Cargo.toml`.

pub(crate) mod deploy;
pub(crate) mod image;
pub(crate) mod nearest;
mod table;
