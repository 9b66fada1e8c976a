//! The commands' Tokio runtimes.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Builds a runtime with `threads` worker threads and one blocking thread. If the system refuses a thread, the command
/// fails.
pub(crate) fn runtime(builder: &mut Builder, threads: usize) -> Result<Runtime, Failure> {
    runpod_local::threads::runtime(builder, threads).map_err(Failure::new)
}
