//! Runtimes for the commands.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// The runtime with `threads` threads, and a blocking one. A thread that the system refuses is a failure of the command.
pub(crate) fn runtime(builder: &mut Builder, threads: usize) -> Result<Runtime, Failure> {
    runpod_local::threads::runtime(builder, threads).map_err(Failure::new)
}
