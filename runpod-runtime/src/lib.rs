//! The worker behind [`runpod-worker`](https://docs.rs/runpod-worker): takes jobs, runs handlers, delivers what they make.
//!
//! Use it through that crate, which adds the attribute macros. The rooms:
//!
//! - `start`, `testing`: the ways in: the attribute, the builder, a local test job, the local endpoint, `--schema`;
//! - `worker`: the loop that takes, runs, delivers, refreshes, stops and ends;
//! - `spool`: the results that the platform has not accepted yet, on disk;
//! - `platform`: where jobs come from and results go;
//! - `handler`: what a function becomes: its arguments, its result, its stream;
//! - `config`, `logging`: the environment, the arguments, the log lines;
//! - `process`: threads, panics, signals.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod config;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod handler;
mod json;
mod logging;
mod platform;
mod process;
pub mod signature;
mod spool;
mod start;
pub mod testing;
mod text;
mod worker;

pub use error::{Error, ErrorKind};
pub use handler::{
    AsyncFunction, BlockingFunction, CancelReason, Cancelled, Checkpoint, Emitter, FromJob,
    HandlerError, IntoFailure, IntoItems, IntoOutput, Job, JobContext, State, StreamFunction,
};
pub use start::{Worker, WorkerBuilder};

/// The arguments of this process that are not the worker's, in order and without the program's name: what the SDK leaves
/// in `sys.argv`.
///
/// The worker's own flags and their values are left out, and so is the first `--`, after which everything is the
/// program's. Which flags those are is in `docs/reference/running.md`, and in `--help` of any worker.
///
/// ```
/// // Started as `worker --rp_log_level INFO --model tiny`, this is `["--model", "tiny"]`.
/// let own: Vec<std::ffi::OsString> = runpod::args();
///
/// let mut after_model = own.iter().skip_while(|argument| *argument != "--model").skip(1);
/// let model = after_model.next().map_or("small".into(), |name| name.to_string_lossy());
/// assert_eq!(model, "small");
/// ```
pub fn args() -> Vec<std::ffi::OsString> {
    config::Arguments::parse(std::env::args_os()).rest
}
