//! `cargo runpod invoke`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Send a job to an endpoint, and show what it does
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
