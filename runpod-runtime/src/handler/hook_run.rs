//! Runs a hook on the handlers' threads. Its caller may stop waiting for it at any time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::failure::Failure;
use crate::process::panics::{Panic, caught, caught_now};
use crate::process::threads::spawn_blocking;

/// What a check found, in words, or why it failed. The words are empty for a user's function.
pub(crate) type HookOutcome = Result<String, Failure>;

/// A hook's call with its argument, ready to run.
pub struct HookRun(Work);

enum Work {
    Future(Pin<Box<dyn Future<Output = HookOutcome> + Send>>),
    Blocking(Box<dyn FnOnce() -> HookOutcome + Send>),
}

impl HookRun {
    /// Creates the call of an `async fn`. `convert` is the result's conversion.
    ///
    /// # Errors
    ///
    /// Never returns an error.
    pub fn asynchronous<R: 'static>(
        future: Pin<Box<dyn Future<Output = R> + Send>>,
        convert: fn(R) -> HookOutcome,
    ) -> Result<Self, Failure> {
        Ok(Self::future(async move { convert(future.await) }))
    }

    /// Creates the call of a plain `fn`, which runs on a thread that may block. `convert` is the result's conversion.
    ///
    /// # Errors
    ///
    /// Never returns an error.
    pub fn plain<R: 'static>(
        call: impl FnOnce() -> R + Send + 'static,
        convert: fn(R) -> HookOutcome,
    ) -> Result<Self, Failure> {
        Ok(Self::blocking(move || convert(call())))
    }

    pub(crate) fn future(future: impl Future<Output = HookOutcome> + Send + 'static) -> Self {
        Self(Work::Future(Box::pin(future)))
    }

    pub(crate) fn blocking(call: impl FnOnce() -> HookOutcome + Send + 'static) -> Self {
        Self(Work::Blocking(Box::new(call)))
    }

    /// Runs the call on `threads` and returns its outcome. A panic is a failure.
    ///
    /// # Cancel safety
    ///
    /// If this future is dropped, an `async fn` is stopped at its next `.await`. A plain `fn` cannot be stopped: it
    /// keeps its thread until it returns.
    pub(crate) async fn run(self, threads: &Handle) -> HookOutcome {
        let ended = match self.0 {
            Work::Future(future) => {
                let task = threads.spawn(caught(future));
                let _stops = AbortOnDrop(task.abort_handle());
                task.await.ok()
            }
            Work::Blocking(call) => match spawn_blocking(threads, || caught_now(call)) {
                Ok(running) => running.await.ok(),
                Err(refused) => {
                    return Err(Failure::new("ThreadRefused", refused.to_string()));
                }
            },
        };
        match ended {
            Some(ended) => ended.unwrap_or_else(|panic| Err(of_panic(panic))),
            // Panics are caught inside the call, so this happens only while the runtime is shutting down.
            None => Err(Failure::new(
                "Shutdown",
                "the worker shut down before the function was called",
            )),
        }
    }
}

fn of_panic(panic: Panic) -> Failure {
    let place = panic.place.map(|place| format!(" at {place}"));
    let place = place.unwrap_or_default();
    Failure::new("panic", format!("panicked{place}: {}", panic.message))
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for HookRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookRun").finish_non_exhaustive()
    }
}
