//! `cargo runpod new`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Make a worker from a template
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
