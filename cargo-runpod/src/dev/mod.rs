//! `cargo runpod dev`: runs the worker of this folder behind a local endpoint, and rebuilds it after every edit.
//!
//! The endpoint and its queue live in this process. With `--http`, a load balancer takes their place ([`front`]). Cargo
//! and the workers are separate processes, each the leader of a process group. Ctrl-C therefore reaches only this
//! program, which decides what to do ([`session`]). [`target`] and [`sources`] find the worker and its source files,
//! [`making`] builds the program, [`cargo_run`] finds out how `cargo run` would start it, and [`crew`] replaces workers
//! without losing a job.

mod arguments;
mod asked;
mod cargo_build;
mod cargo_run;
mod contents;
mod crew;
mod dep_info;
mod described;
mod endpoint;
mod env_file;
mod extras;
mod front;
mod group;
mod last_build;
mod log_line;
mod making;
mod missing;
mod output;
mod packages;
mod profile;
mod program;
mod say;
mod scripts;
mod session;
mod signals;
mod slot;
mod sources;
mod target;
mod watch;
mod worker;

use std::process::ExitCode;

use crate::failure::Failure;
use crate::threads;
pub(crate) use arguments::Arguments;
pub(crate) use cargo_run::{COMMAND as SHOW_ENVIRONMENT, Shown};
use session::Session;

/// Prints the environment of this process. Cargo runs this, see [`cargo_run`].
pub(crate) fn show_environment(arguments: &Shown) -> Result<ExitCode, Failure> {
    arguments.print().map(|()| ExitCode::SUCCESS)
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads::runtime(builder.worker_threads(2), 2)?;
    let ended = runtime.block_on(async { Session::start(arguments).await?.run().await });
    // Pending file reads and name lookups are not worth waiting for.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}
