//! `cargo runpod dev`: the worker of this folder behind a local endpoint, and again after every edit.
//!
//! Endpoint and queue live in this process from start to end. Cargo and the workers are processes of their own, each at the
//! head of a process group, so that Ctrl-C reaches this program only, which then decides ([`session`]). What is there to
//! be run, and what it is made of: [`target`], [`sources`]. How it comes to be: [`making`]. How workers take each other's
//! place without a job being lost: [`crew`].

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

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use runpod_local::Faults;

use crate::failure::Failure;
use crate::selection::Selection;
use crate::threads;
use session::Session;

/// Run the worker of this folder behind a local endpoint, and again after every edit
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// So many worker processes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,

    /// Where to listen; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    host: String,

    /// The port; 0 is any free one
    #[arg(long, default_value_t = 8000)]
    port: u16,

    /// Answer 429 where Runpod would
    #[arg(long)]
    rate_limits: bool,

    /// Answer requests for this host name too: host.docker.internal, *.proxy.runpod.net; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    allow_host: Vec<String>,

    /// Let web pages of this origin (scheme, host and port) use the endpoint; may be given several times
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,

    /// Make requests fail: {"seed": 7, "rules": [{"route": "status", "error": 0.2}]}, or the path of a file with it
    #[arg(long, value_name = "JSON|FILE", value_parser = Faults::from_flag)]
    faults: Option<Faults>,

    /// Build with optimisations
    #[arg(short, long)]
    release: bool,

    /// For the worker, after `--`
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,

    // Last, since its heading is for all that follows.
    #[command(flatten)]
    selection: Box<Selection>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads::runtime(builder.worker_threads(2), 2)?;
    let ended = runtime.block_on(async { Session::start(arguments).await?.run().await });
    // A file that is read, or a name that is looked up, is nothing to wait for.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}
