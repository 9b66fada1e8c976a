//! The control thread: a small runtime of its own, which no handler can hold up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::shutdown::Shutdown;
use super::{Ended, Parts};
use crate::error::{Error, ErrorKind};
use crate::logging;
use crate::process::threads;

/// The name of the control thread's runtime in error messages.
const RUNTIME: &str = "the runtime of the worker's control thread";

/// A worker that is running.
#[derive(Debug)]
pub(crate) struct Running {
    ended: oneshot::Receiver<Ended>,
    shutdown: Shutdown,
}

/// Runs a worker on this thread until it stops. Must not be called from asynchronous code.
///
/// # Errors
///
/// Returns an error if the system refuses something that the worker needs.
pub(crate) fn run_here(parts: Parts) -> Result<Ended, Error> {
    let runtime = threads::single(RUNTIME)?;
    logging::never_waiting(|| run_on(runtime, parts, Shutdown::default()))
}

/// Runs a worker until it stops, even if it panics.
fn run_on(runtime: Runtime, parts: Parts, shutdown: Shutdown) -> Result<Ended, Error> {
    let worker = AssertUnwindSafe(|| runtime.block_on(super::run(parts, shutdown)));
    let end = catch_unwind(worker).map_err(|_| panicked());
    // This also drops the heartbeat, the stop channel and pending requests. It does not wait, because a DNS lookup may
    // hang for a long time.
    runtime.shutdown_background();
    end
}

/// Starts a worker on a thread of its own.
///
/// # Errors
///
/// Returns an error if the system refuses a thread or something else that the worker needs.
pub(crate) fn start(parts: Parts) -> Result<Running, Error> {
    let (sender, ended) = oneshot::channel();
    // The runtime is created on the thread that drops it, because async code, which may call this function, must not
    // drop a runtime.
    let (starting, started) = std::sync::mpsc::channel();
    let shutdown = Shutdown::default();
    let inner = shutdown.clone();
    std::thread::Builder::new()
        .name("runpod-worker".to_owned())
        .spawn(move || {
            logging::never_wait_on_this_thread();
            let runtime = match threads::single(RUNTIME) {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = starting.send(error);
                    return;
                }
            };
            drop(starting);
            // If the worker panicked, the sender is dropped without a value, and the receiver sees that.
            if let Ok(end) = run_on(runtime, parts, inner) {
                let _ = sender.send(end);
            }
        })
        .map_err(|error| {
            Error::new(
                ErrorKind::System,
                "the worker's control thread could not be started",
            )
            .with_source(threads::Refused::from(error))
        })?;
    match started.recv() {
        Ok(error) => Err(error),
        Err(_) => Ok(Running { ended, shutdown }),
    }
}

impl Running {
    /// Makes the worker take no more jobs. Running jobs continue.
    #[cfg(feature = "local")]
    pub(crate) fn end(&self) {
        self.shutdown.end();
    }

    /// Waits until the worker has stopped.
    ///
    /// # Cancel safety
    ///
    /// If its `Running` is dropped, the worker takes no more jobs and finishes in the background.
    pub(crate) async fn ended(&mut self) -> Result<Ended, Error> {
        (&mut self.ended).await.map_err(|_| panicked())
    }
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::System,
        "the worker's control thread panicked; this is a bug in runpod-worker",
    )
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended.is_terminated() {
            self.shutdown.begin();
        }
    }
}
