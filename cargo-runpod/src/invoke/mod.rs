//! `cargo runpod invoke`: sends a job to an endpoint, and shows what it does.
//!
//! It knows the public API and nothing of workers: the endpoint may be the one on this machine or one on Runpod, with a
//! worker in any language behind it. Stdout is for what the job gives, stderr for everything else.

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
mod safe_text;
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
        display.note("no input was given: test_input.json of this folder is sent");
    }
    let invocation = Invocation::new(arguments, &client, &display);
    let code = runtime.block_on(invocation.run(&request));
    // A thread may hang in a write to a reader that has paused.
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

/// Both faults where there are two.
async fn given(arguments: &Arguments) -> Result<(Target, Request), Failure> {
    let target = match chosen(arguments).await {
        Ok(target) => target,
        // Nobody is to type an input that will not be sent.
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

/// What the flags and the variables name, otherwise the endpoint of this project.
async fn chosen(arguments: &Arguments) -> Result<Target, Failure> {
    match target::named(arguments)? {
        Some(target) => Ok(target),
        None => project::target().await,
    }
}
