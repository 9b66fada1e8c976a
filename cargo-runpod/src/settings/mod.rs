//! The settings in `[package.metadata.runpod]` of a worker's Cargo.toml.

pub(crate) mod image;
