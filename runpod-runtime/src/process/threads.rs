//! Starts threads and handles refusals by the system. tokio panics if it cannot start a thread. Here, a refusal
//! becomes an error, or the call runs on an existing thread.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::error::{Error, ErrorKind};
use crate::logging;
use crate::process::panics;

/// The system refused to start a thread, for this reason.
#[derive(Debug, thiserror::Error)]
#[error(
    "the system refused to start a thread: {0}. A limit was reached: on processes and threads (`pids.max` of the \
     container, `ulimit -u`) or on memory (`ulimit -v`). Raise the limit, or start fewer threads (`worker_threads`, \
     `concurrency`)"
)]
pub(crate) struct Refused(String);

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Creates a runtime that runs on the thread that calls `block_on`. It starts additional threads only for blocking
/// calls.
///
/// # Errors
///
/// Returns an error if the system refuses something that a runtime needs. `what` names the runtime in the message.
pub(crate) fn single(what: &str) -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| not_started(what, error))
}

/// Creates a runtime with `threads` threads, or with one thread per processor if `threads` is `None`.
///
/// # Errors
///
/// Returns an error if the system refuses a thread or something else that a runtime needs. `what` names the runtime
/// in the message.
pub(crate) fn several(
    mut builder: Builder,
    threads: Option<usize>,
    what: &str,
) -> Result<Runtime, Error> {
    if let Some(threads) = threads {
        builder.worker_threads(threads.max(1));
    }
    builder.enable_all();
    if Handle::try_current().is_err() {
        return build(&mut builder).map_err(|error| not_started(what, error));
    }
    // Asynchronous code must not block on a runtime, so the runtime is built on another thread.
    let building = thread::Builder::new()
        .name("runpod-start".to_owned())
        .spawn(move || build(&mut builder))
        .map_err(|error| not_started(what, Refused::from(error)))?;
    match building.join() {
        Ok(built) => built.map_err(|error| not_started(what, error)),
        Err(_) => Err(not_started(
            what,
            "its thread panicked; this is a bug in runpod-worker",
        )),
    }
}

/// Builds a runtime inside the context of another one, so that a refused thread does not hang the process.
///
/// tokio starts the threads of a runtime one after the other. If the system refuses one of them, tokio panics and
/// drops the runtime, which waits forever for the threads that have already started. In an asynchronous context,
/// where blocking is not allowed, the drop does not wait. Threads that started before the refusal stay idle until the
/// process exits.
fn build(builder: &mut Builder) -> Result<Runtime, Box<dyn std::error::Error + Send + Sync>> {
    let asynchronous = Builder::new_current_thread().build()?;
    Ok(asynchronous.block_on(async { unless_refused(|| builder.build()) })??)
}

fn not_started(what: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::System, format!("{what} could not be started")).with_source(cause)
}

/// A spare thread for blocking calls, for the case that the system refuses further threads. It runs the calls one
/// after the other, so each call runs eventually.
#[derive(Debug)]
pub(crate) struct Reserve {
    calls: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

/// This process's reserve thread, which exists as long as a worker owns it.
static RESERVE: Mutex<Weak<Reserve>> = Mutex::new(Weak::new());

impl Reserve {
    /// Starts the thread if it does not exist yet. The thread ends after its last owner is dropped and its calls have
    /// finished.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses the thread.
    pub(crate) fn start() -> Result<Arc<Self>, Refused> {
        let mut current = RESERVE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reserve) = current.upgrade() {
            return Ok(reserve);
        }
        let (calls, waiting) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        thread::Builder::new()
            .name("runpod-reserve".to_owned())
            .spawn(move || {
                for call in waiting {
                    // The panic hook has reported the panic.
                    let _ = catch_unwind(AssertUnwindSafe(call));
                }
            })?;
        let reserve = Arc::new(Self { calls });
        *current = Arc::downgrade(&reserve);
        Ok(reserve)
    }

    fn current() -> Option<Arc<Self>> {
        RESERVE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade()
    }

    fn run(&self, runtime: &Handle, call: impl FnOnce() + Send + 'static) -> AbortHandle {
        let handle = runtime.clone();
        let (sender, ended) = oneshot::channel::<()>();
        // The send cannot fail, because the thread outlives its owners.
        let _ = self.calls.send(Box::new(move || {
            let _entered = handle.enter();
            call();
            drop(sender);
        }));
        // Aborting this task does not remove a queued call. When its turn comes, the call itself decides what to do.
        let waiting = runtime.spawn(async {
            let _ = ended.await;
        });
        waiting.abort_handle()
    }
}

/// A call that runs on a thread or waits for one. The future resolves to the call's return value, or to an error if
/// the call panics or is dropped before it starts.
#[derive(Debug)]
pub(crate) struct BlockingCall<T> {
    ended: oneshot::Receiver<T>,
    abort: AbortHandle,
}

impl<T> BlockingCall<T> {
    /// Returns a handle that drops the call if it has not started yet.
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.abort.clone()
    }
}

impl<T> Future for BlockingCall<T> {
    type Output = Result<T, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.ended).poll(cx)
    }
}

/// Runs `call` on a blocking thread of `runtime`. If the system refuses a new thread, the call waits for an existing
/// thread or for the [`Reserve`].
///
/// # Errors
///
/// Returns an error if no thread is available and there is no reserve.
pub(crate) fn spawn_blocking<T: Send + 'static>(
    runtime: &Handle,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<BlockingCall<T>, Refused> {
    let (call, ended) = answering(call);
    let abort = match in_pool(runtime, call) {
        Ok(abort) => abort,
        Err((call, refused)) => match Reserve::current() {
            Some(reserve) => reserve.run(runtime, call),
            None => return Err(refused),
        },
    };
    Ok(BlockingCall { ended, abort })
}

/// Runs `call` on a blocking thread of the current runtime or, if the system refuses one, on a thread of `other`. Use
/// it for long calls that must run: blocking a thread of `other` is better than blocking this one. Returns `None` if
/// the call panics.
pub(crate) async fn blocking_here_or_on<T: Send + 'static>(
    other: &Handle,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (call, ended) = answering(call);
    if let Err((call, _)) = in_pool(&Handle::current(), call) {
        other.spawn(async move { call() });
    }
    ended.await.ok()
}

/// Wraps a call so that its result is sent to the returned receiver.
fn answering<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> (impl FnOnce() + Send + 'static, oneshot::Receiver<T>) {
    let (sender, ended) = oneshot::channel();
    let call = move || {
        logging::leave_thread();
        let _ = sender.send(call());
    };
    (call, ended)
}

/// Runs `call` on a blocking thread of `runtime`. If no thread is available and the system refuses one, returns the
/// call.
fn in_pool<F: FnOnce() + Send + 'static>(
    runtime: &Handle,
    call: F,
) -> Result<AbortHandle, (F, Refused)> {
    // If tokio gets no thread for a call, it keeps the call in its queue, and a later thread would run it as well.
    // This wrapper makes sure that the call runs only once.
    let once = Arc::new(Mutex::new(Some(call)));
    let queued = Arc::clone(&once);
    let spawned = unless_refused(|| {
        runtime.spawn_blocking(move || {
            if let Some(call) = take(&queued) {
                call();
            }
        })
    });
    match spawned {
        Ok(task) => Ok(task.abort_handle()),
        Err(refused) => match take(&once) {
            Some(call) => Err((call, refused)),
            // A thread that became free in the meantime took the call from the queue.
            None => Ok(runtime.spawn(async {}).abort_handle()),
        },
    }
}

fn take<F>(once: &Mutex<Option<F>>) -> Option<F> {
    once.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Converts tokio's panic about a refused thread to an error.
fn unless_refused<T>(spawn: impl FnOnce() -> T) -> Result<T, Refused> {
    panics::expected_now(spawn).map_err(|panic| Refused(panic.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stack size that no system grants.
    const TOO_LARGE: usize = usize::MAX >> 17;

    fn runtime_without_blocking_threads() -> Runtime {
        Builder::new_current_thread()
            .thread_stack_size(TOO_LARGE)
            .build()
            .unwrap()
    }

    #[test]
    fn a_refusal_is_an_error_that_names_the_limits() {
        let refused =
            unless_refused(|| panic!("OS can't spawn worker thread: EAGAIN")).unwrap_err();
        let text = refused.to_string();
        for part in ["EAGAIN", "pids.max", "ulimit -u", "worker_threads"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_runtime_whose_threads_are_refused_is_an_error() {
        let mut builder = Builder::new_multi_thread();
        builder.thread_stack_size(TOO_LARGE);
        let error = several(builder, Some(2), "the runtime").unwrap_err();
        let text = format!("{error:?}");
        for part in [
            "the runtime could not be started",
            "refused to start a thread",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_call_whose_thread_is_refused_waits_for_the_reserve() {
        let runtime = runtime_without_blocking_threads();
        let spawn = |call: fn() -> bool| spawn_blocking(runtime.handle(), call);
        // Another test in this process may own a reserve.
        if let Err(refused) = spawn(|| true) {
            assert!(refused.to_string().contains("refused to start a thread"));
        }
        let reserve = Reserve::start().unwrap();
        let panicking = spawn(|| panic!("in a blocking call")).unwrap();
        let entered = spawn(|| Handle::try_current().is_ok()).unwrap();
        assert!(runtime.block_on(panicking).is_err());
        assert_eq!(runtime.block_on(entered), Ok(true));
        drop(reserve);
    }

    #[test]
    fn a_call_whose_thread_is_refused_runs_on_another_runtime() {
        let thread_name = || thread::current().name().map(str::to_owned);
        let other = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("other")
            .build()
            .unwrap();
        runtime_without_blocking_threads().block_on(async {
            let name = blocking_here_or_on(other.handle(), thread_name).await;
            assert_eq!(name.flatten().as_deref(), Some("other"));
            let panicking = || panic!("in a blocking call");
            let panicked: Option<()> = blocking_here_or_on(other.handle(), panicking).await;
            assert!(panicked.is_none());
        });
    }

    #[test]
    fn a_call_runs_once() {
        let runtime = runtime_without_blocking_threads();
        let other = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let (sender, calls) = mpsc::channel();
        runtime.block_on(async {
            let call = move || sender.send(());
            let sent = blocking_here_or_on(other.handle(), call).await;
            sent.unwrap().unwrap();
        });
        // Queued calls of a runtime are dropped with it.
        drop(runtime);
        assert_eq!(calls.iter().count(), 1);
    }
}
