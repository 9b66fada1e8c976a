//! The control thread: a small runtime of its own, where no handler can hold anything up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::shutdown::Shutdown;
use super::{Ended, Parts};
use crate::error::{Error, ErrorKind};
use crate::logging;
use crate::process::threads;

/// What errors call the runtime of the control thread.
const RUNTIME: &str = "the worker's own runtime";

/// A worker that runs.
#[derive(Debug)]
pub(crate) struct Running {
    ended: oneshot::Receiver<Ended>,
    shutdown: Shutdown,
}

/// Runs a worker to its end on this thread, which must not run asynchronous code.
///
/// # Errors
///
/// When the system refuses something that the worker needs.
pub(crate) fn run_here(parts: Parts) -> Result<Ended, Error> {
    let runtime = threads::single(RUNTIME)?;
    logging::never_waiting(|| run_on(runtime, parts, Shutdown::default()))
}

/// Runs a worker to its end, also if it panics.
fn run_on(runtime: Runtime, parts: Parts, shutdown: Shutdown) -> Result<Ended, Error> {
    let worker = AssertUnwindSafe(|| runtime.block_on(super::run(parts, shutdown)));
    let end = catch_unwind(worker).map_err(|_| panicked());
    // Heartbeat, stop channel and long polls go with it; a look-up of a name may hang for long.
    runtime.shutdown_background();
    end
}

/// Starts a worker on a thread of its own.
///
/// # Errors
///
/// When the system refuses a thread, or something else that the worker needs.
pub(crate) fn start(parts: Parts) -> Result<Running, Error> {
    let (sender, ended) = oneshot::channel();
    // The runtime is made where it is dropped: async code, which may call this, must not drop one.
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
            // Who waits for the end sees a panic in that the sender is gone.
            if let Ok(end) = run_on(runtime, parts, inner) {
                let _ = sender.send(end);
            }
        })
        .map_err(|error| {
            Error::new(
                ErrorKind::System,
                "the worker's own thread could not be started",
            )
            .with_source(threads::Refused::from(error))
        })?;
    match started.recv() {
        Ok(error) => Err(error),
        Err(_) => Ok(Running { ended, shutdown }),
    }
}

impl Running {
    /// Has it take no further job; what runs goes on.
    #[cfg(feature = "local")]
    pub(crate) fn end(&self) {
        self.shutdown.end();
    }

    /// Waits for the worker's end.
    ///
    /// # Cancel safety
    ///
    /// A worker whose `Running` is dropped takes no further job and finishes in the background.
    pub(crate) async fn ended(&mut self) -> Result<Ended, Error> {
        (&mut self.ended).await.map_err(|_| panicked())
    }
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::System,
        "the worker's own thread panicked; this is a bug in runpod-worker",
    )
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended.is_terminated() {
            self.shutdown.begin();
        }
    }
}
