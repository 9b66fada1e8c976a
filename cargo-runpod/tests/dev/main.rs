//! `cargo runpod dev`, used as users do: with edits, jobs over HTTP, signals and a terminal.

mod client;
mod command;
mod crate_under_edit;
mod edits;
mod ending;
mod finding;
mod flags;
mod starts;
mod workers;
