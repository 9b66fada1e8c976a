//! `cargo runpod invoke`: sends a job to an endpoint, and shows its progress and output.
//!
//! The command uses only the public API. The endpoint may run on this machine or on Runpod, with a worker in any
//! language. The job's output goes to stdout, everything else to stderr.

mod arguments;
mod cancel;
pub(crate) mod client;
pub(crate) mod code;
mod display;
mod follow;
mod health;
pub(crate) mod hub_test;
mod input;
mod invocation;
pub(crate) mod job;
mod json_fault;
mod json_text;
pub(crate) mod key;
mod output;
mod patiently;
pub(crate) mod probe;
mod project;
pub(crate) mod queue;
mod report;
pub(crate) mod retries;
pub(crate) mod safe_text;
mod save;
mod share;
pub(crate) mod signals;
mod submit;
pub(crate) mod target;
pub(crate) mod trouble;
mod verdict;
mod waiting;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use arguments::Arguments;

use client::Client;
use display::Display;
use input::Request;
use invocation::Invocation;
use target::Target;

use crate::failure::Failure;
use crate::threads;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let (target, request) = runtime.block_on(given(arguments))?;
    let client = Client::new(target)?;
    let display = Display::new(arguments.printing.json, arguments.printing.verbose);
    if request.from_test_input {
        display.note("no input was given; sending test_input.json from this folder");
    }
    let invocation = Invocation::new(arguments, &client, &display)?;
    let code = runtime.block_on(invocation.run(&request));
    // A thread may hang in a write if the reader has paused.
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

/// Returns the endpoint and the input. If both are wrong, both errors are reported.
async fn given(arguments: &Arguments) -> Result<(Target, Request), Failure> {
    let target = match project::chosen(&arguments.place).await {
        Ok(target) => target,
        // The user should not have to type an input that will not be sent.
        Err(fault) if !arguments.has_input() => return Err(fault),
        Err(fault) => {
            if let Err(other) = input::read(arguments) {
                let _ = writeln!(io::stderr(), "{other}\n");
            }
            return Err(fault);
        }
    };
    Ok((target, input::read(arguments)?))
}
