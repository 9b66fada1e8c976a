//! `cargo runpod`: from nothing to a worker that streams, on one's own machine.
//!
//! Each command is a room of its own; what they share is how a fault is told ([`failure`]). The worker itself knows
//! nothing of this tool: what it starts are ordinary worker processes, attached to [`runpod_local`] by the variables that
//! Runpod sets too.

#[cfg(not(unix))]
compile_error!("cargo-runpod builds on Linux and macOS. On Windows, install it in WSL.");

mod build;
mod dev;
mod dev_endpoint;
mod failure;
mod invoke;
mod new;
mod selection;
mod threads;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runpod Serverless workers in Rust: make one, run it, call it, pack it.
#[derive(Debug, Parser)]
#[command(name = "cargo runpod", bin_name = "cargo runpod", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Arguments),
    Dev(dev::Arguments),
    Invoke(invoke::Arguments),
    Build(build::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse_from(arguments()).command {
        Command::New(arguments) => new::run(&arguments),
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Invoke(arguments) => invoke::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            // Where nobody reads it, the exit code says that something went wrong.
            let _ = writeln!(io::stderr(), "{failure}");
            failure.code()
        }
    }
}

/// What was typed: cargo repeats the name of its command, `cargo-runpod` called by itself does not.
fn arguments() -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "runpod") {
        arguments.remove(1);
    }
    arguments
}
