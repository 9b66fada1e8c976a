//! `cargo runpod dev`, used as users do: with edits, jobs over HTTP, signals and a terminal.

mod client;
mod command;
mod crate_under_edit;
mod edits;
mod ending;
mod environment;
mod finding;
mod flags;
mod gpu;
mod http;
mod logs;
mod own_writes;
#[path = "../script/mod.rs"]
mod script;
mod starts;
mod variables;
mod workers;
