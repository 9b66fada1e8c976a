//! `cargo runpod dev`, driven as its user does: a crate that is edited, jobs over HTTP, signals, a terminal.

mod client;
mod command;
mod crate_under_edit;
mod edits;
mod ending;
mod finding;
mod flags;
mod starts;
mod workers;
