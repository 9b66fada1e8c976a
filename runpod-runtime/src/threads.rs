//! Threads, which the system may refuse: runtimes that keep a thread in reserve, and calls that return an error where tokio
//! panics.
//!
//! tokio queues a blocking call that gets no thread of its own if the runtime has at least one blocking thread, and panics
//! if it has none. So each runtime of the worker starts one when it is built and never ends it. Whatever the system refuses
//! later, a blocking call waits for a thread at worst: name look-ups, the spool, plain `fn` handlers.

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind};
use crate::panics;

/// tokio ends a blocking thread that was idle for this long. Longer than any worker runs, so that a thread which was granted
/// once is there for good.
const KEPT: Duration = Duration::from_hours(10 * 365 * 24);

/// Room that has to be left beside the threads of a runtime. tokio does not survive a refusal while it starts them.
const MARGIN: usize = 8;

/// The system granted no thread, for this reason.
#[derive(Debug, thiserror::Error)]
#[error(
    "the system refuses a thread: {0}. A limit is reached: of processes and threads (`pids.max` of the container, \
     `ulimit -u`) or of memory (`ulimit -v`). Raise it, or start fewer threads (`worker_threads`, `concurrency`)"
)]
pub(crate) struct Refused(String);

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A runtime with one thread, the one that waits on it, and with blocking threads.
///
/// # Errors
///
/// When the system refuses a thread, or what a runtime needs beside threads. `what` names the runtime in the error.
pub(crate) fn single(what: &str) -> Result<Runtime, Error> {
    start(&mut Builder::new_current_thread(), 0, what)
}

/// A runtime with `threads` threads, as many as the machine has processors if `None`, and with blocking threads.
///
/// # Errors
///
/// As [`single`].
pub(crate) fn several(
    builder: &mut Builder,
    threads: Option<usize>,
    what: &str,
) -> Result<Runtime, Error> {
    if let Some(threads) = threads {
        builder.worker_threads(threads.max(1));
    }
    let expected = threads.or_else(|| available_parallelism().ok().map(NonZeroUsize::get));
    start(builder, expected.unwrap_or(1), what)
}

fn start(builder: &mut Builder, threads: usize, what: &str) -> Result<Runtime, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::System, format!("{what} could not be started")).with_source(error)
    };
    // The one in reserve is beside them.
    grants(threads + 1 + MARGIN).map_err(|error| failed(Refused::from(error).into()))?;
    let runtime = unless_refused(|| builder.enable_all().thread_keep_alive(KEPT).build())
        .map_err(|refused| failed(refused.into()))?
        .map_err(|error| failed(error.into()))?;
    match unless_refused(|| runtime.spawn_blocking(|| ())) {
        Ok(_) => Ok(runtime),
        Err(refused) => {
            runtime.shutdown_background();
            Err(failed(refused.into()))
        }
    }
}

/// Runs `call` on a blocking thread of the runtime; when there is none to be had at the moment, as soon as one is free.
///
/// # Errors
///
/// When the system refuses the runtime's first blocking thread. A runtime of [`single`] or [`several`] has one already.
pub(crate) fn spawn_blocking<T: Send + 'static>(
    runtime: &Handle,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Refused> {
    unless_refused(|| runtime.spawn_blocking(call))
}

/// The same on the runtime that this is called in, when it does not matter whether it runs: a thread that is refused leaves
/// a line in the log.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match spawn_blocking(&Handle::current(), call) {
        Ok(running) => running.await.ok(),
        Err(refused) => {
            tracing::error!("{refused}");
            None
        }
    }
}

/// tokio panics where it should return an error.
fn unless_refused<T>(spawn: impl FnOnce() -> T) -> Result<T, Refused> {
    panics::caught_now(spawn).map_err(|panic| Refused(panic.message))
}

/// Whether the system grants so many threads at once.
fn grants(threads: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let mut waiting = Vec::with_capacity(threads);
    let mut granted = Ok(());
    for _ in 0..threads {
        let gate = Arc::clone(&gate);
        match thread::Builder::new().spawn(move || drop(gate.lock())) {
            Ok(thread) => waiting.push(thread),
            Err(error) => {
                granted = Err(error);
                break;
            }
        }
    }
    drop(closed);
    for thread in waiting {
        let _ = thread.join();
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_error_that_names_the_limits() {
        let refused =
            unless_refused(|| panic!("OS can't spawn worker thread: EAGAIN")).unwrap_err();
        let text = refused.to_string();
        for part in ["EAGAIN", "pids.max", "ulimit -u", "worker_threads"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
