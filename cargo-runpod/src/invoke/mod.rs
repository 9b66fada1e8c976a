//! `cargo runpod invoke`: sends a job to an endpoint, and shows its progress and output.
//!
//! The command uses only the public API. The endpoint may run on this machine or on Runpod, with a worker in any
//! language. The job's output goes to stdout, everything else to stderr.

mod arguments;
mod cancel;
mod client;
mod code;
mod display;
mod follow;
mod health;
mod input;
mod invocation;
mod json_fault;
mod json_text;
mod key;
mod output;
mod project;
mod report;
mod retries;
pub(crate) mod safe_text;
mod share;
mod signals;
mod submit;
mod target;
mod trouble;
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
    let display = Display::new(arguments.json, arguments.verbose);
    if request.from_test_input {
        display.note("no input was given; sending test_input.json from this folder");
    }
    let invocation = Invocation::new(arguments, &client, &display);
    let code = runtime.block_on(invocation.run(&request));
    // A thread may hang in a write if the reader has paused.
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

/// Returns the endpoint and the input. If both are wrong, both errors are reported.
async fn given(arguments: &Arguments) -> Result<(Target, Request), Failure> {
    let target = match chosen(arguments).await {
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

/// Returns the endpoint that the flags and variables name, otherwise the project's endpoint.
async fn chosen(arguments: &Arguments) -> Result<Target, Failure> {
    match target::named(arguments)? {
        Some(target) => Ok(target),
        None => project::target().await,
    }
}
