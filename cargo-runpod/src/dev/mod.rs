//! `cargo runpod dev`: the worker of this folder behind a local endpoint, and again after every edit.
//!
//! Endpoint and queue live in this process from start to end. Cargo and the workers are processes of their own, each at the
//! head of a process group, so that Ctrl-C reaches this program only, which then decides ([`session`]). What is there to
//! be run, and what it is made of: [`target`], [`sources`]. How it comes to be: [`making`]. How workers take each other's
//! place without a job being lost: [`crew`].

mod arguments;
mod asked;
mod cargo_build;
mod contents;
mod crew;
mod dep_info;
mod described;
mod endpoint;
mod group;
mod log_line;
mod making;
mod missing;
mod output;
mod packages;
mod program;
mod say;
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
use session::Session;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads::runtime(builder.worker_threads(2), 2)?;
    let ended = runtime.block_on(async { Session::start(arguments).await?.run().await });
    // A file that is read, or a name that is looked up, is nothing to wait for.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}
