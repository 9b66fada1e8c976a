//! `cargo runpod`: creates, runs, calls, packs and deploys Runpod Serverless workers.
//!
//! Each command has a module of its own. The commands share the selection of the worker ([`selection`]) and the format
//! of their errors ([`failure`]). A worker depends on nothing of this tool. The tool starts ordinary worker processes and
//! attaches them to [`runpod_local`] through the environment variables that Runpod also sets.

#[cfg(not(unix))]
compile_error!("cargo-runpod builds on Linux and macOS. On Windows, install it in WSL.");

mod build;
mod completions;
mod confirm;
mod delete;
mod deploy;
mod dev;
mod dev_endpoint;
mod doctor;
mod endpoints;
mod failure;
mod image;
mod invoke;
mod logs;
mod new;
mod progress;
mod rest;
mod selection;
mod settings;
mod status;
mod threads;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Create, run, call, pack and deploy Runpod Serverless workers in Rust
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
    Job(invoke::job::Arguments),
    Health(invoke::queue::Health),
    Purge(invoke::queue::Purge),
    Build(build::Arguments),
    Deploy(Box<deploy::Arguments>),
    Status(status::Arguments),
    Logs(logs::Arguments),
    Endpoints(endpoints::Arguments),
    Delete(delete::Arguments),
    HubTest(invoke::hub_test::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    #[command(name = dev::SHOW_ENVIRONMENT, hide = true)]
    ShowEnvironment(dev::Shown),
}

fn main() -> ExitCode {
    let result = match Arguments::parse_from(arguments()).command {
        Command::New(arguments) => new::run(&arguments),
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Invoke(arguments) => invoke::run(&arguments),
        Command::Job(arguments) => invoke::job::run(&arguments),
        Command::Health(arguments) => invoke::queue::health(&arguments),
        Command::Purge(arguments) => invoke::queue::purge(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Deploy(arguments) => deploy::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::Endpoints(arguments) => endpoints::run(&arguments),
        Command::Delete(arguments) => delete::run(&arguments),
        Command::HubTest(arguments) => invoke::hub_test::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Completions(arguments) => Ok(completions::run(&arguments, Arguments::command())),
        Command::ShowEnvironment(arguments) => dev::show_environment(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            // If stderr cannot be written, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "{failure}");
            failure.code()
        }
    }
}

/// Returns the command line. Cargo repeats the name of its subcommand; `cargo-runpod` called directly does not.
fn arguments() -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "runpod") {
        arguments.remove(1);
    }
    arguments
}
