//! `cargo runpod build`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// Pack the worker of this folder into a folder that a container image is made of
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
