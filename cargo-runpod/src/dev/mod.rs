//! `cargo runpod dev`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Run the worker of this folder behind a local endpoint, and again after every edit
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
